"""Pictures are found where tools put them, whatever system wrote the path, and never far from the file."""

from __future__ import annotations

import os

import pytest

from napari_ovseg.imports.found_pictures import PictureFolders, picture_name


def put(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return folder


@pytest.mark.parametrize(
    ("file", "said", "there"),
    [
        ("x.json", "a.png", "a.png"),
        ("x.json", "images/a.png", "images/a.png"),
        ("x.json", "train\\a.png", "a.png"),
        ("x.json", "train\\a.png", "train/a.png"),
        ("x.json", "C:\\Users\\me\\data\\a.png", "images/a.png"),
        ("x.json", "\\\\server\\share\\a.png", "images/a.png"),
        ("x.json", "/home/me/data/train/a.png", "train/a.png"),
        ("x.json", "../images/a.png", "../images/a.png"),
        ("annotations/x.json", "a.png", "a.png"),
        ("annotations/x.json", "a.png", "images/a.png"),
        ("annotations/x.json", "a.png", "images/train/a.png"),
        ("annotations/instances_default.json", "a.png", "images/default/a.png"),
        ("annotations/instances_train2017.json", "a.png", "train2017/a.png"),
        ("annotations/instances_val2017.json", "a.png", "images/val2017/a.png"),
        ("annotations/x.json", "sub/a.png", "images/sub/a.png"),
        ("labels.json", "a.png", "data/a.png"),
        ("train/_annotations.coco.json", "a_png.rf.1f.jpg", "train/a_png.rf.1f.jpg"),
        ("result.json", "images\\1f-a.png", "images/1f-a.png"),
        ("result.json", "/data/upload/1/1f-a.png", "images/1f-a.png"),
        ("result.json", "images/a%20b.png", "images/a b.png"),
        ("result.json", "caf%E9.png", os.fsdecode(b"images/caf\xe9.png")),
        ("x.json", "http://images.example.org/val2017/a.png?size=2#top", "val2017/a.png"),
        ("x.json", "file:///C:/data/a.png", "images/a.png"),
        ("x.json", "s3://bucket/some/deep/place/a.png", "images/a.png"),
    ],
)
def test_usual_layouts(tmp_path, file, said, there):
    root = tmp_path / "root"
    put(root, file)
    put((root / file).parent if there.startswith("..") else root, there)
    expected = ((root / file).parent if there.startswith("..") else root) / there
    found = PictureFolders(root / file).find(said)
    assert found is not None
    assert os.path.samefile(found, expected)
    assert found.is_absolute()


def test_the_split_of_the_file_comes_first(tmp_path):
    put(tmp_path, "train2017/a.png", "val2017/a.png", "annotations/instances_val2017.json")
    found = PictureFolders(tmp_path / "annotations/instances_val2017.json").find("a.png")
    assert found == tmp_path / "val2017/a.png"


def test_a_name_with_a_backslash_is_that_name_where_it_is_there(tmp_path):
    put(tmp_path, "x.json", "train\\a.png", "train/a.png")
    assert PictureFolders(tmp_path / "x.json").find("train\\a.png") == tmp_path / "train\\a.png"


def test_a_link_keeps_its_own_name(tmp_path):
    put(tmp_path, "x.json", "store/3f2a")
    (tmp_path / "cells.png").symlink_to("store/3f2a")
    assert PictureFolders(tmp_path / "x.json").find("cells.png") == tmp_path / "cells.png"


@pytest.mark.parametrize(
    "said",
    [
        None,
        3,
        "",
        [],
        {},
        "\0",
        "a" * 5000,
        "x/" * 2000,
        "/",
        "..",
        "\\",
        "http://",
        "C:",
        "~",
        "%00",
        "\ud800",
    ],
)
def test_what_is_no_path_is_nothing(tmp_path, said):
    assert PictureFolders(put(tmp_path, "x.json") / "x.json").find(said) is None
    assert isinstance(picture_name(said), str)


def test_a_picture_that_is_not_there_may_come_later(tmp_path):
    folders = PictureFolders(tmp_path / "x.json")
    assert folders.find(None, "train\\b.tif") == tmp_path / "train" / "b.tif"
    assert folders.find("no picture.txt") is None


@pytest.mark.parametrize(
    ("said", "name"),
    [("a/b.c.png", "b.c"), ("a\\b.png", "b"), ("http://x.org/d/e.jpg?f=g", "e"), ("C:\\a.png", "a"), (5, "")],
)
def test_the_name_is_the_last_part(said, name):
    assert picture_name(said) == name
