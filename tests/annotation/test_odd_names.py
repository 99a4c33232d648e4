"""Sidecars of pictures whose names are long, not UTF-8 or links: saved, found again, others as before."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_ovseg.annotation import Annotation, SliceAnnotation, places
from napari_ovseg.annotation import labelled_pictures as labelled_pictures_module
from napari_ovseg.annotation.identity import identify
from napari_ovseg.annotation.labelled_pictures import read_work, saved_work, slice_name
from napari_ovseg.annotation.places import SUFFIX, free_sidecar, own_folder, saved_sidecars, sidecar_folder
from napari_ovseg.annotation.resuming import look_up
from napari_ovseg.annotation.sidecar import DOCUMENT, load, save
from napari_ovseg.file_names import as_text
from napari_ovseg.labelled import NamedLabel

NOT_UTF8 = os.fsdecode(b"caf\xe9.png")
NAMES = [NOT_UTF8, "細胞" * 40 + ".png", "x" * 245 + ".png", "x" * 251 + ".png", "%E9 of itself.png"]
PIXELS = np.arange(6 * 8 * 3, dtype=np.uint8).reshape(6, 8, 3)
MASKS = np.eye(6, 8, dtype=np.uint8)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux alone")


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch):
    for module in (places, labelled_pictures_module):
        monkeypatch.setattr(module, "own_sidecars", lambda: tmp_path / "own")


def picture(folder: Path, name: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    with path.open("wb") as file:
        Image.fromarray(PIXELS).save(file, format="PNG")
    return path


def annotated(path: Path, **record) -> Annotation:
    piece = SliceAnnotation(MASKS, np.full_like(MASKS, 255), record=record)
    labels = (NamedLabel(1, "cell", (1, 2, 3)),)
    return Annotation(labels, slices={(): piece}, picture=identify(PIXELS, path=path))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("elsewhere", [False, True])
def test_what_was_saved_is_found_again_by_picture_by_folder_and_after_a_move(tmp_path, name, elsewhere):
    path = picture(tmp_path / "pics", name)
    chosen = tmp_path / "all" if elsewhere else None
    place = look_up("layer", PIXELS, path, elsewhere=chosen).place
    place.name.encode()
    save(annotated(path, seen=str(path)), place)
    content = json.loads((place / DOCUMENT).read_bytes().decode())
    json.dumps(content, ensure_ascii=False).encode()
    found = look_up("layer", PIXELS, path, elsewhere=chosen)
    assert (found.sidecar, found.remarks, found.readable) == (place, (), True)
    for source in (path, path.parent):
        (work,) = saved_work(source, chosen)
        assert work.name == as_text(name)
        (one,) = read_work(work)
        assert one.name == as_text(path.stem)
        assert one.picture_path == path
    if not elsewhere:
        assert str(tmp_path) not in json.dumps(content["picture"])
        shutil.move(tmp_path / "pics", tmp_path / "moved")
        assert load(tmp_path / "moved" / place.name).picture.path == tmp_path / "moved" / name


@pytest.mark.parametrize("name", [NAMES[1], "x" * 245 + ".png", "x" * 251 + ".png", NOT_UTF8, "cells.tif"])
def test_further_numbers_and_layers_keep_apart(tmp_path, name):
    path = picture(tmp_path / "pics", name)
    place = sidecar_folder(path)
    made = []
    for _ in range(3):
        made.append(free_sidecar(place))
        save(annotated(path), made[-1])
    assert len(set(made)) == 3
    assert set(saved_sidecars(place)) == set(made)
    layer = sidecar_folder(path, part="細" * 90)
    assert layer not in made
    save(annotated(path), layer)
    assert set(saved_sidecars(place)) == set(made)
    (work,) = saved_work(path)
    assert len(work.passed_over) == 2
    assert len(saved_work(path.parent)) == 2


def test_names_that_fit_are_called_as_ever_and_old_sidecars_are_found(tmp_path):
    for name in ("cells.ome.tif", "細胞" * 40 + ".png", "x" * 249):
        assert sidecar_folder(tmp_path / name).name == name + SUFFIX
    old = tmp_path / (NOT_UTF8 + SUFFIX)
    save(annotated(picture(tmp_path, NOT_UTF8)), old)
    assert sidecar_folder(tmp_path / NOT_UTF8) == old


def test_a_name_that_really_holds_the_escape_is_another_picture(tmp_path):
    raw, literal = picture(tmp_path, NOT_UTF8), picture(tmp_path, as_text(NOT_UTF8))
    assert sidecar_folder(raw) != sidecar_folder(literal)
    for path in (raw, literal):
        save(annotated(path), sidecar_folder(path))
    assert [len(saved_work(path)) for path in (raw, literal)] == [1, 1]
    assert saved_work(raw)[0].sidecar == sidecar_folder(raw)


def test_a_sidecar_that_says_an_absolute_path_still_does(tmp_path):
    path = picture(tmp_path / "pics", "a.png")
    save(annotated(path), tmp_path / "elsewhere.ovseg")
    said = json.loads((tmp_path / "elsewhere.ovseg" / DOCUMENT).read_bytes())["picture"]["path"]
    assert said == str(path)
    assert load(tmp_path / "elsewhere.ovseg").picture.path == path


def test_a_link_is_the_picture_that_a_person_named(tmp_path):
    picture(tmp_path / "store", "3f2a")
    link = tmp_path / "cells.png"
    link.symlink_to("store/3f2a")
    found = look_up("cells", PIXELS, link)
    assert found.place == tmp_path / "cells.png.ovseg"
    save(annotated(link), found.place)
    (one,) = read_work(*saved_work(link))
    assert (one.name, one.picture_path) == ("cells", link)


def test_the_slices_of_a_long_name_keep_their_numbers(tmp_path):
    assert slice_name("cells", (3,)) == "cells_0003"
    for position in ((3,), (3, 4)):
        name = slice_name("細" * 90, position)
        assert name.endswith("_0003" if len(position) == 1 else "_0003_0004")
        assert len(name.encode()) <= 200
    path = picture(tmp_path, "細" * 80 + ".tif")
    stack = annotated(path)
    stack = replace(stack, slices={(2,): stack.slices[()]})
    save(stack, sidecar_folder(path))
    (one,) = read_work(*saved_work(path))
    assert one.picture_path is None
    assert one.record["read_from"] == as_text(sidecar_folder(path))


def test_own_folders_have_names_that_fit():
    for name in (NOT_UTF8, "細" * 300, "\U00020000" * 300):
        folder = own_folder(name, identify(PIXELS))
        assert len(folder.name.encode()) <= 255
