from __future__ import annotations

import json
import os
from dataclasses import replace

import numpy as np
import pytest

from napari_ovseg import __version__
from napari_ovseg.annotation import Annotation, SliceAnnotation, identity, places, resuming
from napari_ovseg.annotation.choices import model_remarks
from napari_ovseg.annotation.last_save import peek
from napari_ovseg.annotation.resuming import look_up, not_looked_up
from napari_ovseg.annotation.sidecar import DOCUMENT, save
from napari_ovseg.labelled import NamedLabel

RECORD = {"model": "demo", "checkpoint": "", "versions": {"napari-ovseg": __version__}}


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch):
    for module in (places, resuming):
        monkeypatch.setattr(module, "own_sidecars", lambda: tmp_path / "own")
    return tmp_path / "own"


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "data" / "cells.tif"
    path.parent.mkdir()
    path.write_bytes(b"pixels")
    return path


PIXELS = np.zeros((5, 7), np.uint8)


def work(picture=None, *, slices=1, done=False, **record):
    labels = (NamedLabel(1, "cell", (1, 2, 3)), NamedLabel(2, "sky", (1, 2, 3)))
    piece = SliceAnnotation(PIXELS, PIXELS, record=RECORD | record, done=done)
    positions = [()] if slices == 1 else [(i,) for i in range(slices)]
    return Annotation(labels, slices=dict.fromkeys(positions, piece), picture=picture)


def test_nothing_saved(picture):
    found = look_up("cells", PIXELS, picture)
    assert found.place == picture.with_name("cells.tif.ovseg")
    assert found.sidecar is None
    assert found.picture.checksum.startswith("file:")


def test_saved_work_is_summed_up(picture):
    first = look_up("cells", PIXELS, picture)
    save(work(first.picture, slices=3), first.place)
    found = look_up("cells", PIXELS, picture)
    assert found.sidecar == found.place
    assert found.readable
    assert "2 categories, 3 slices" in found.summary
    assert found.remarks == ()
    save(work(first.picture, done=True), first.place, overwrite=True)
    assert "2 categories, done." in look_up("cells", PIXELS, picture).summary


def test_an_unchanged_picture_is_not_read_again_and_a_changed_one_is_said_so(picture, monkeypatch):
    first = look_up("cells", PIXELS, picture)
    save(work(first.picture), first.place)
    with monkeypatch.context() as patch:
        patch.setattr(identity, "_of_file", lambda *_: pytest.fail("read again"))
        assert look_up("cells", PIXELS, picture).picture == first.picture
    picture.write_bytes(b"pixelz")
    os.utime(picture, ns=(0, 0))
    (remark,) = look_up("cells", PIXELS, picture).remarks
    assert "cells.tif has changed since" in remark


def test_a_picture_moved_with_its_sidecar_is_the_same(picture, tmp_path):
    first = look_up("cells", PIXELS, picture)
    save(work(first.picture), first.place)
    picture.parent.rename(tmp_path / "elsewhere")
    found = look_up("cells", PIXELS, tmp_path / "elsewhere" / "cells.tif")
    assert found.sidecar == tmp_path / "elsewhere" / "cells.tif.ovseg"
    assert found.remarks == ()


def test_where_the_pictures_folder_is_read_only_the_users_own_is_taken(picture, own, monkeypatch):
    monkeypatch.setattr(resuming, "can_hold_sidecar", lambda folder: False)
    first = look_up("cells", PIXELS, picture)
    assert first.place.parent == own
    save(work(first.picture), first.place)
    assert look_up("cells", PIXELS, picture).sidecar == first.place
    monkeypatch.undo()
    monkeypatch.setattr(resuming, "own_sidecars", lambda: own)
    found = look_up("cells", PIXELS, picture)
    assert found.sidecar == first.place
    assert found.place == picture.with_name("cells.tif.ovseg")


def test_a_folder_of_the_users_choice(picture, tmp_path):
    before = look_up("cells", PIXELS, picture)
    save(work(before.picture), before.place)
    found = look_up("cells", PIXELS, picture, elsewhere=tmp_path / "all")
    assert found.place.parent == tmp_path / "all"
    assert found.sidecar == before.place
    save(work(before.picture), found.place)
    assert look_up("cells", PIXELS, picture, elsewhere=tmp_path / "all").sidecar == found.place


def test_a_sample_is_found_by_its_pixels(own):
    first = look_up("coins", PIXELS)
    assert first.place.parent == own
    save(work(first.picture), first.place)
    assert look_up("coins", PIXELS.copy()).sidecar == first.place
    assert look_up("coins", PIXELS + 1).sidecar is None


def test_a_picture_without_a_file_is_found_before_and_after_a_folder_was_chosen(own, tmp_path):
    chosen = tmp_path / "chosen"
    first = look_up("coins", PIXELS)
    save(work(first.picture), first.place)
    found = look_up("coins", PIXELS, elsewhere=chosen)
    assert found.place.parent == chosen
    assert found.sidecar == first.place
    assert first.saved_in(chosen).place == found.place
    save(work(first.picture), found.place)
    os.utime(first.place / DOCUMENT, ns=(0, 0))
    assert look_up("coins", PIXELS, elsewhere=chosen).sidecar == found.place
    again = look_up("coins", PIXELS, earlier=[chosen])
    assert (again.place, again.sidecar) == (first.place, found.place)


def test_work_in_a_folder_that_was_chosen_before_is_found(picture, tmp_path):
    first = look_up("cells", PIXELS, picture, elsewhere=tmp_path / "chosen")
    save(work(first.picture), first.place)
    assert look_up("cells", PIXELS, picture).sidecar is None
    found = look_up("cells", PIXELS, picture, earlier=[tmp_path / "chosen"])
    assert found.sidecar == first.place
    assert found.place == first.saved_in(None).place == picture.with_name("cells.tif.ovseg")


@pytest.mark.parametrize("with_file", [True, False])
def test_without_looking_there_is_a_place_that_is_looked_at_next_time(picture, own, with_file):
    class Unreadable:
        shape, dtype = (5, 7), PIXELS.dtype

        def __getitem__(self, index):
            raise OSError("gone")

    path = picture if with_file else None
    found = not_looked_up("cells", PIXELS, path, reason="It is slow.")
    assert (found.place.parent, found.problem) == (own, "It is slow.")
    save(work(found.picture), found.place)
    assert look_up("cells", PIXELS, path).sidecar == found.place
    blind = not_looked_up("cells", Unreadable(), path, reason="It is slow.")
    assert blind.place.parent == own
    assert (blind.place == found.place) == with_file
    assert not_looked_up("cells", PIXELS, path, elsewhere=own / "b", reason="").place.parent == own / "b"


def test_the_last_saved_of_several_is_offered(picture):
    first = look_up("cells", PIXELS, picture)
    for number, name in enumerate(["cells.tif.ovseg", "cells.tif.2.ovseg"]):
        document = picture.with_name(name) / DOCUMENT
        save(work(first.picture), document.parent)
        # in the same second
        content = json.loads(document.read_text(encoding="utf-8"))
        content["saved"]["at"] = "2026-01-02T03:04:05+00:00"
        document.write_text(json.dumps(content), encoding="utf-8")
        os.utime(document, ns=(0, 10**9 * (5 - number)))
    assert look_up("cells", PIXELS, picture).sidecar == first.place


def test_what_cant_be_read_is_said_so(picture):
    first = look_up("cells", PIXELS, picture)
    save(work(first.picture), first.place)
    (first.place / DOCUMENT).write_text("{")
    found = look_up("cells", PIXELS, picture)
    assert not found.readable
    assert "is damaged" in found.summary


def test_a_file_that_cant_be_read_any_more_is_known_by_its_pixels(picture, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(identity, "_of_file", refuse)
    found = look_up("cells", PIXELS, picture)
    assert found.picture.checksum.startswith("pixels:")
    assert found.place == picture.with_name("cells.tif.ovseg")


@pytest.mark.parametrize(
    ("record", "chosen", "said"),
    [
        ({}, "demo", []),
        ({}, "ViT-B-16/openai", ["'ViT-B-16/openai' is chosen now"]),
        ({"model": "No-Such/model", "checkpoint": "x"}, None, []),
        ({"model": "ViT-B-16-quickgelu/openai", "checkpoint": "other"}, None, ["the weights 'other'"]),
        ({"model": "ViT-B-16-quickgelu/openai", "checkpoint": "openai"}, None, ["not on this machine"]),
        ({"model": "ViT-B-16", "checkpoint": "/gone/w.pt"}, None, ["/gone/w.pt, are no longer there"]),
        ({"versions": {"napari-ovseg": "0.0.1"}}, None, ["napari-ovseg 0.0.1"]),
        ({"model": None}, "demo", []),
    ],
)
def test_the_model_is_checked_against_the_record(tmp_path, monkeypatch, record, chosen, said):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    save(work(**record), tmp_path / "a.ovseg")
    remarks = model_remarks(peek(tmp_path / "a.ovseg"), chosen)
    assert len(remarks) == len(said)
    for remark, part in zip(remarks, said, strict=True):
        assert part in remark


def test_what_work_was_made_with_comes_back_as_far_as_it_can_be_had(picture, tmp_path, monkeypatch):
    weights = tmp_path / "w.pt"
    weights.touch()
    read = {"axes": [1, 2], "channel_axis": 0, "channels": [2, 0], "contrast_limits": None}
    annotation = work(slices=3)
    for at, piece in annotation.slices.items():
        reading = read if at != (0,) else read | {"channels": [1]}
        annotation.slices[at] = replace(piece, record=RECORD | {"read": reading})
    annotation.settings = {
        "model": "demo",
        "checkpoint": None,
        "preset": "fast",
        "pack": "aerial",
        "device": "cuda",
    }
    place = look_up("cells", PIXELS, picture).place
    save(annotation, place)
    found = look_up("cells", PIXELS, picture, model="ViT-B-16")
    assert found.choices == {
        "model": "demo",
        "preset": "fast",
        "pack": "aerial",
        "device": "cuda",
        "size": "",
        "read": read,
    }
    assert found.remarks == (
        "It was made with the model 'demo', and 'ViT-B-16' is chosen now: Resume goes back to it.",
    )
    annotation.settings["checkpoint"] = str(weights)
    save(annotation, place, overwrite=True)
    assert look_up("cells", PIXELS, picture).choices["checkpoint"] == str(weights)
    weights.unlink()
    monkeypatch.setattr("socket.gethostname", lambda: "another")
    found = look_up("cells", PIXELS, picture)
    assert found.choices == {"preset": "fast", "pack": "aerial", "size": "", "read": read}
    assert "on 'cuda' of another computer" in found.remarks[-1]


STACK = np.zeros((3, 5, 7), np.uint8)


@pytest.fixture
def files(picture):
    """A picture, and two more that make a stack with it."""
    others = [picture.with_name(f"more{number}.tif") for number in (1, 2)]
    for other in others:
        other.write_bytes(other.name.encode())
    return [picture, *others]


def test_a_stack_and_its_first_picture_are_not_offered_to_each_other(files):
    stack = look_up("cells", STACK, files[0], files=files)
    assert stack.place.name.startswith("cells.tif-stack of 3-")
    save(work(stack.picture, slices=3), stack.place)
    single = look_up("cells", PIXELS, files[0])
    assert single.place == files[0].with_name("cells.tif.ovseg")
    assert single.sidecar is None
    save(work(single.picture), single.place)
    assert look_up("cells", PIXELS, files[0]).sidecar == single.place
    found = look_up("cells", STACK, files[0], files=files)
    assert (found.sidecar, found.remarks) == (stack.place, ())
    assert look_up("cells", STACK[:2], files[0], files=files[:2]).sidecar is None


def test_work_on_a_stack_that_was_saved_as_its_first_picture_is_offered_to_the_stack_alone(files):
    old = look_up("cells", STACK, files[0])
    save(work(old.picture, slices=3), old.place)
    found = look_up("cells", STACK, files[0], files=files)
    assert (found.sidecar, found.remarks) == (old.place, ())
    assert look_up("cells", PIXELS, files[0]).sidecar is None
    files[0].write_bytes(b"other")
    assert "has changed" in look_up("cells", STACK, files[0], files=files).remarks[0]


def test_a_picture_that_is_opened_with_one_more_axis_of_length_one_is_the_same(picture):
    first = look_up("cells", PIXELS[None], picture)
    save(work(first.picture), first.place)
    assert look_up("cells", PIXELS, picture).sidecar == first.place
