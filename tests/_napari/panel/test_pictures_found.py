"""How many pictures a folder holds, and which of them can't be read."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from napari_ovseg._napari.panel import pictures_found
from napari_ovseg._napari.panel.pictures_found import PicturesFound


@pytest.fixture
def found(qtbot):
    found = PicturesFound()
    qtbot.addWidget(found)
    return found


@pytest.fixture
def folder(tmp_path):
    for number in range(5):
        Image.fromarray(np.zeros((9, 9, 3), np.uint8)).save(tmp_path / f"{number}.png")
    (tmp_path / "bad.tif").write_bytes(b"no")
    (tmp_path / "notes.txt").touch()
    return tmp_path


def wait(qtbot, found):
    qtbot.waitUntil(lambda: not found.looking)


@pytest.mark.parametrize("turn", [0, 60])
def test_all_are_counted_and_those_that_cannot_be_read_named(qtbot, found, folder, turn, monkeypatch):
    monkeypatch.setattr(pictures_found, "_TURN_S", turn)
    counted = []
    found.counted.connect(lambda: counted.append(found.count))
    found.look(folder)
    assert found.looking
    wait(qtbot, found)
    assert counted == [6]
    assert found.text() == "6 pictures, of which 1 can't be read and is left out."
    assert "bad.tif" in found.toolTip()
    (folder / "bad.tif").unlink()
    found.look(folder)
    assert found.count == 6
    found.look(folder, again=True)
    wait(qtbot, found)
    assert found.text() == "5 pictures."


def test_the_last_that_was_asked_about_counts(qtbot, found, folder, tmp_path):
    found.look(folder)
    found.look(tmp_path / "missing")
    wait(qtbot, found)
    assert found.text() == "There is no such folder: choose one with pictures in it."
    (tmp_path / "empty").mkdir()
    found.look(tmp_path / "empty")
    wait(qtbot, found)
    assert (found.count, found.text()) == (0, pictures_found.NONE_THERE)
    found.look(None)
    assert (found.count, found.text()) == (None, "")


def test_stopped_it_says_what_it_knows(qtbot, found, folder, monkeypatch):
    monkeypatch.setattr(pictures_found, "_TURN_S", 0)
    found.look(folder)
    qtbot.waitUntil(lambda: found.count is not None)
    found.stop()
    assert found.text().startswith("6 pictures")
    assert not found.looking
