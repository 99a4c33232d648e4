"""What is set aside before other work takes the place of it, whatever fails meanwhile."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from napari_ovseg.annotation import Annotation, SliceAnnotation
from napari_ovseg.annotation.annotation import PictureIdentity
from napari_ovseg.annotation.inside import is_earlier, outermost
from napari_ovseg.annotation.labelled_pictures import saved_work
from napari_ovseg.annotation.last_save import state_of
from napari_ovseg.annotation.places import saved_sidecars
from napari_ovseg.annotation.resuming import look_up
from napari_ovseg.annotation.sidecar import DOCUMENT, Sidecar, load, save
from napari_ovseg.errors import ConflictError, OutputError
from napari_ovseg.labelled import NamedLabel


def work(value, picture=None):
    masks = np.full((4, 6), value, np.uint8)
    slices = {(): SliceAnnotation(masks, masks.copy())}
    return Annotation((NamedLabel(1, f"cell {value}", (1, 2, 3)),), slices=slices, picture=picture)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "cells.tif.ovseg"
    save(work(1), folder)
    return folder


def value(sidecar: Path) -> int:
    return int(load(sidecar).slices[()].masks[0, 0])


def test_work_begun_afresh_sets_aside_what_is_there(folder):
    other = Sidecar(folder, other=state_of(folder))
    other.save(work(2))
    assert other.set_aside == folder / "earlier" / "1"
    other.save(work(3))
    assert other.set_aside is None
    assert [value(place) for place in saved_sidecars(folder)] == [3, 1]
    afresh = other.begun_afresh()
    other.save(work(4))
    afresh.save(work(5))
    assert [value(folder / "earlier" / number) for number in "12"] == [1, 4]
    assert value(folder) == 5
    assert sorted(path.name for path in (folder / "earlier").iterdir()) == ["1", "2"]


def test_what_can_not_be_read_is_set_aside_too(folder):
    (folder / DOCUMENT).write_bytes(b"{")
    Sidecar(folder, other=state_of(folder)).save(work(2))
    assert (folder / "earlier" / "1" / DOCUMENT).read_bytes() == b"{"
    assert value(folder) == 2


def test_what_somebody_else_has_saved_since_is_not_set_aside(folder):
    mine = Sidecar(folder, other=state_of(folder))
    save(work(2), folder, overwrite=True)
    with pytest.raises(ConflictError):
        mine.save(work(3))
    assert value(folder) == 2
    assert not (folder / "earlier").exists()


@pytest.mark.parametrize("links", [True, False])
def test_a_disk_that_is_full_meanwhile_leaves_all_as_it_was(folder, monkeypatch, links):
    def no_room(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    mine = Sidecar(folder, other=state_of(folder))
    with monkeypatch.context() as full:
        full.setattr(os, "link", no_room)
        full.setattr(os, "fsync", no_room)
        if links:
            full.setattr(Path, "rename", no_room)
        with pytest.raises(OutputError, match="no room"):
            mine.save(work(2))
    assert value(folder) == 1
    mine.save(work(2))
    assert value(folder) == 2
    assert value(folder / "earlier" / "1") == 1


def test_killed_between_setting_aside_and_saving_no_state_is_kept_twice(folder, monkeypatch):
    mine = Sidecar(folder, other=state_of(folder))
    with monkeypatch.context() as killed:
        killed.setattr("napari_ovseg.annotation.slice_file.write", lambda *args: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            mine.save(work(2))
    assert value(folder) == value(folder / "earlier" / "1") == 1
    (folder / "earlier" / ".0123abcd.part").mkdir()
    Sidecar(folder, other=state_of(folder)).save(work(2))
    assert [path.name for path in (folder / "earlier").iterdir()] == ["1"]


def test_earlier_work_counts_as_work_on_the_same_picture(folder):
    picture = folder.with_name("cells.tif")
    picture.write_bytes(b"a picture")
    identity = PictureIdentity(picture, "file:1", (4, 6), "uint8")
    first, second = Sidecar(folder, other=state_of(folder)), None
    first.save(work(2, identity))
    second = first.begun_afresh()
    second.save(work(3, identity))
    earlier = folder / "earlier" / "2"
    assert load(earlier).picture.path == picture
    assert (is_earlier(earlier), outermost(earlier)) == (True, folder)
    (found,) = saved_work(folder.parent)
    assert (found.name, found.sidecar, len(found.passed_over)) == ("cells.tif", folder, 2)
    assert [one.name for one in saved_work(earlier)] == ["cells.tif"]


def test_other_work_is_listed_and_that_of_another_picture_says_so(folder):
    picture = folder.with_name("cells.tif")
    picture.write_bytes(b"a picture")
    now = look_up("cells", np.zeros((4, 6), np.uint8), picture).picture
    mine = Sidecar(folder, other=state_of(folder))
    mine.save(work(2, PictureIdentity(picture, "file:other", (4, 6), "uint8")))
    mine.begun_afresh().save(work(3, now))
    found = look_up("cells", np.zeros((4, 6), np.uint8), picture)
    assert (found.place, found.sidecar, found.state) == (folder, folder, state_of(folder))
    said = {path.name: summary for path, summary in found.others}
    assert set(said) == {"1", "2"}
    assert said["1"].endswith("1 category")
    assert said["2"].endswith("1 category (of another picture)")
    assert found.instead(folder / "earlier" / "1").sidecar == folder / "earlier" / "1"
