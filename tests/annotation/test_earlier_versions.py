"""Work that earlier versions have saved opens as it was, is found for its picture, and goes on."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_ovseg.annotation import places, resuming
from napari_ovseg.annotation.choices import choices_of
from napari_ovseg.annotation.last_save import peek
from napari_ovseg.annotation.resuming import look_up
from napari_ovseg.annotation.sidecar import Sidecar
from napari_ovseg.categories import parse_categories
from napari_ovseg.images import to_rgb
from napari_ovseg.single_image import SingleImage

DATA = Path(__file__).parents[1] / "data"
# each holds cells.png, the work on it, and the arrays that went into it
WORKS = sorted(DATA.glob("work_of_version_*"))


@pytest.fixture(params=WORKS, ids=lambda work: work.name)
def work(request, tmp_path, monkeypatch):
    """A copy, so that nothing of an earlier version is written anew."""
    for module in (places, resuming):
        monkeypatch.setattr(module, "own_sidecars", lambda: tmp_path / "own")
    return Path(shutil.copytree(request.param, tmp_path / "pictures"))


def test_there_is_work_of_an_earlier_version():
    assert WORKS


def test_all_that_was_saved_comes_back(work):
    found = Sidecar(work / "cells.png.ovseg").load()
    assert [(label.id, label.name, label.synonyms) for label in found.labels] == [
        (1, "green rods", ("rod",)),
        (2, "white debris", ()),
    ]
    assert found.background is not None
    assert found.background.synonyms == ("dark",)
    assert found.locked == {1}
    (piece,) = found.slices.values()
    with np.load(work / "expected.npz") as expected:
        for name, saved in (("masks", piece.masks), ("human", piece.human), ("pseudo", piece.pseudo_labels)):
            np.testing.assert_array_equal(saved, expected[name])
            assert saved.dtype == expected[name].dtype
    # two strokes: a category and background
    assert sorted(np.unique(piece.human)) == [0, 2, 255]


def test_it_is_found_for_its_picture_with_its_choices(work):
    picture = work / "cells.png"
    found = look_up("cells", np.asarray(Image.open(picture)), picture)
    assert found.sidecar == work / "cells.png.ovseg"
    choices = choices_of(peek(found.sidecar))
    assert choices == {"model": "demo", "preset": "fast", "pack": "guess", "method": None, "size": ""}
    assert parse_categories(peek(found.sidecar).settings["names"])[0].name == "green rods"


def test_it_is_gone_on_with_and_saved_anew(work):
    sidecar = Sidecar(work / "cells.png.ovseg")
    found = sidecar.load()
    piece = found.slices[()]
    assert piece.state is not None
    learner = SingleImage(to_rgb(np.asarray(Image.open(work / "cells.png"))), piece.state)
    updated = learner.update(piece.masks, piece.human, locked=found.locked)
    held = piece.human != 255
    np.testing.assert_array_equal(updated.masks[held], piece.human[held])
    piece.masks = updated.masks
    sidecar.save(found)
    np.testing.assert_array_equal(Sidecar(sidecar.folder).load().slices[()].masks, updated.masks)
