from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from napari_ovseg.many.picture_files import picture_files


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    pics = tmp_path / "pics"
    (pics / "deep").mkdir(parents=True)
    for name in ("b.PNG", "a.tif", "._a.tif", "notes.txt", "a_masks.png", "deep/c.jpg", "[1].png"):
        (pics / name).touch()
    (pics / "a.png.ovseg").mkdir()
    (pics / "d.png").mkdir()
    listed = {
        "images": [{"image": "a.tif", "masks": "a_masks.png"}, {"image": "b.PNG", "problem": "damaged"}]
    }
    (pics / "categories.json").write_text(json.dumps(listed))
    return Path("pics")


def test_a_folder_stands_for_the_pictures_in_it_but_not_for_what_was_made_of_them(folder):
    assert picture_files([folder]) == [folder / name for name in ("[1].png", "a.tif", "b.PNG")]
    (folder / "categories.json").write_text("[1, {")
    assert folder / "a_masks.png" in picture_files([folder])


def test_a_link_that_leads_nowhere_is_not_passed_over(folder):
    (folder / "c.png").symlink_to("gone.png")
    (folder / "link.png").symlink_to("deep")
    assert picture_files([folder]) == [folder / name for name in ("[1].png", "a.tif", "b.PNG", "c.png")]


def test_a_pattern_that_the_shell_has_left_is_read(folder):
    assert picture_files(["pics/*.tif"]) == [folder / "a.tif"]
    assert picture_files(["pics/**/*.jpg"]) == [folder / "deep/c.jpg"]
    assert picture_files(["pics/[1].png"]) == [folder / "[1].png"]


def test_each_is_named_once_and_what_is_nothing_stays(folder):
    named = ["pics/a.tif", "pics/*.tif", "none/*.png", "missing.png", "pics/deep", "pics/a.png.ovseg"]
    assert [path.as_posix() for path in picture_files(named)] == [
        "pics/a.tif",
        "none/*.png",
        "missing.png",
        "pics/deep/c.jpg",
        "pics/a.png.ovseg",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="shells of Windows leave it, HOME is called otherwise")
def test_the_folder_of_the_user(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder.absolute()))
    assert picture_files(["~/*.tif"]) == [folder.absolute() / "a.tif"]
