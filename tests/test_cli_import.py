"""``napari-ovseg import``: labels of other tools as the files that segment writes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_ovseg.cli import main
from napari_ovseg.export import export
from napari_ovseg.imports import read_labelled
from napari_ovseg.labelled import LabelledPicture, NamedLabel

SQUARE = [[1, 1], [5, 1], [5, 5], [1, 5]]


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["napari-ovseg", *map(str, arguments)])
    try:
        main()
    except SystemExit as stopped:
        return int(stopped.code or 0)
    return 0


def labelme(folder: Path, name: str, label: str = "cell", **more: Any) -> Path:
    folder.mkdir(exist_ok=True)
    shape = {"label": label, "points": SQUARE, "shape_type": "polygon"}
    about = {"imagePath": f"{name}.png", "imageHeight": 7, "imageWidth": 9, "imageData": None}
    (folder / f"{name}.json").write_text(json.dumps({"shapes": [shape], **about, **more}))
    return folder / f"{name}.json"


def square(value: int = 1) -> np.ndarray:
    labels = np.zeros((7, 9), np.uint8)
    labels[1:5, 1:5] = value
    return labels


def test_a_folder_of_another_tool_goes_on_to_export(tmp_path, monkeypatch, capsys):
    for name, label in (("a", "cell"), ("b", "🧫, dish")):
        Image.new("L", (9, 7)).save(labelme(tmp_path / "theirs", name, label).with_suffix(".png"))
    assert run(monkeypatch, "import", tmp_path / "theirs", "--output", tmp_path / "masks") == 0
    assert "Wrote 3 files for 2 pictures" in capsys.readouterr().out
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "masks" / "b_masks.png")), square(2))
    found = read_labelled(tmp_path / "masks")
    assert [one.picture_path for one in found] == [tmp_path / "theirs" / f"{name}.png" for name in "ab"]
    assert [c.name for c in found[0].categories] == ["cell", "🧫, dish"]
    options = ["--format", "geojson", "--output", tmp_path / "g"]
    assert run(monkeypatch, "export", tmp_path / "masks", *options) == 0
    np.testing.assert_array_equal(read_labelled(tmp_path / "g" / "b.geojson")[0].labels, square(2))
    assert run(monkeypatch, "import", tmp_path / "theirs", "--output", tmp_path / "masks") == 2
    assert "--overwrite" in capsys.readouterr().err
    assert run(monkeypatch, "import", tmp_path / "theirs", "--output", tmp_path / "masks", "--overwrite") == 0


def test_what_is_bad_is_listed_at_the_end_and_the_rest_is_done(tmp_path, monkeypatch, capsys):
    labelme(tmp_path / "theirs", "a", imageHeight=None)
    point = {"label": "x", "points": [[1, 1]], "shape_type": "point"}
    labelme(tmp_path / "theirs", "b", shapes=[point, {"label": "x", "points": SQUARE}])
    labelme(tmp_path / "theirs", "c", shapes=[point])
    (tmp_path / "bad.geojson").write_text('{"type": "FeatureCollection", "features": [')
    sources = [tmp_path / "missing", tmp_path / "theirs", tmp_path / "bad.geojson"]
    assert run(monkeypatch, "import", *sources, "--output", tmp_path / "o") == 1
    said = capsys.readouterr()
    assert "Wrote 2 files for 1 picture" in said.out
    assert "b.json: 1 shape was left out, because it is a point" in said.out
    assert said.err.startswith("4 of what was named could not be read")
    for problem in ("no file", "a.json", "'c' has no label that can be read", "bad.geojson is no JSON"):
        assert said.err.count(problem) == 1
    assert run(monkeypatch, "import", tmp_path / "missing", "--output", tmp_path / "p") == 2
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"version": "5.4.1", "sha', '{"imagePath": "e.png"', "\x00"]
)
def test_a_damaged_file_in_a_folder_is_listed(tmp_path, monkeypatch, capsys, content):
    folder = labelme(tmp_path / "theirs", "a").parent
    (folder / "package.json").write_text('{"name": "another tool"}')
    (folder / "coco.json").write_text('{"images": [], "annotations": [], "categories": []}')
    (folder / "list.json").write_text('[{"of": "another tool"}]')
    (folder / "e.json").write_text(content)
    assert run(monkeypatch, "import", folder, "--output", tmp_path / "o") == 1
    said = capsys.readouterr().err
    assert said.startswith("1 of what was named")
    assert "e.json" in said


def test_a_folder_of_nothing_but_a_damaged_file(tmp_path, monkeypatch, capsys):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "e.json").write_text('{"version": "5.4.1", "sha')
    assert run(monkeypatch, "import", tmp_path / "theirs", "--output", tmp_path / "o") == 2
    assert "e.json is no JSON" in capsys.readouterr().err


def test_export_reads_the_same_sources(tmp_path, monkeypatch, capsys):
    labelme(tmp_path / "theirs", "a")
    (tmp_path / "theirs" / "b.json").write_text('{"shapes": [], "imagePath"')
    options = ["--format", "coco", "--output", tmp_path / "o"]
    assert run(monkeypatch, "export", tmp_path / "theirs", *options) == 1
    assert "b.json is no JSON" in capsys.readouterr().err
    assert len(json.loads((tmp_path / "o" / "instances.json").read_text())["annotations"]) == 1


def test_pictures_that_are_not_found_are_said_once(tmp_path, monkeypatch, capsys):
    for name in "abcde":
        labelme(tmp_path / "theirs", name)
    Image.new("L", (9, 7)).save(tmp_path / "theirs" / "a.png")
    options = ["--output", tmp_path / "o", "--overwrite"]
    assert run(monkeypatch, "import", tmp_path / "theirs", *options) == 0
    said = capsys.readouterr().out
    assert "4 pictures were not found (b.png, c.png, d.png and 1 more): say where with --pictures" in said
    (tmp_path / "photos").mkdir()
    for name in "bcde":
        Image.new("L", (9, 7)).save(tmp_path / "photos" / f"{name}.png")
    assert run(monkeypatch, "import", tmp_path / "theirs", *options, "--pictures", tmp_path / "photos") == 0
    assert "not found" not in capsys.readouterr().out


def doubles(folder: Path, *values: int) -> Path:
    folder.mkdir()
    Image.new("L", (9, 7)).save(folder / "x.png")
    kinds = (NamedLabel(1, "cell", (9, 8, 7)), NamedLabel(2, "dish", (1, 2, 3)))
    for value, format in zip(values, ("tiff", "ome-tiff"), strict=True):
        export([LabelledPicture("x", square(value), kinds, folder / "x.png")], folder, format)
        # It would list the files of one format alone.
        (folder / "categories.json").unlink()
    return folder


@pytest.mark.parametrize("command", [["import"], ["export", "--format", "coco"]])
def test_the_same_labels_in_two_formats_count_once(tmp_path, monkeypatch, capsys, command):
    folder = doubles(tmp_path / "pics", 1, 1)
    assert run(monkeypatch, *command, folder, "--output", tmp_path / "o") == 0
    said = capsys.readouterr().out
    assert "for 1 picture" in said
    assert "x_masks.tif" in said
    assert "x_masks.ome.tif" in said


def test_other_labels_of_the_same_picture_are_listed_and_the_rest_is_done(tmp_path, monkeypatch, capsys):
    folder = doubles(tmp_path / "pics", 1, 2)
    labelme(tmp_path / "theirs", "y")
    assert run(monkeypatch, "import", folder, tmp_path / "theirs", "--output", tmp_path / "o") == 1
    said = capsys.readouterr()
    assert "for 2 pictures" in said.out
    assert "x_masks.tif holds other labels of 'x' than" in said.err
    assert "x_masks.ome.tif, which was taken: leave one out." in said.err


def test_pictures_from_a_folder_that_is_named(tmp_path, monkeypatch):
    source = labelme(tmp_path / "theirs", "a", imageHeight=None, imagePath="C:\\gone\\a.png")
    (tmp_path / "photos").mkdir()
    Image.new("L", (9, 7)).save(tmp_path / "photos" / "a.png")
    options = ["--output", tmp_path / "o", "--pictures", tmp_path / "photos"]
    assert run(monkeypatch, "import", source, *options) == 0
    (found,) = read_labelled(tmp_path / "o")
    assert found.picture_path == tmp_path / "photos" / "a.png"


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32])
@pytest.mark.parametrize(("names", "expected"), [("cell", [0, 1, 1]), ("cell, edge", [0, 1, 2])])
def test_label_images_without_names(tmp_path, monkeypatch, dtype, names, expected):
    ids = np.array([[0, 1, 2], [2, 2, 1]])
    tifffile.imwrite(tmp_path / "x_cp_masks.tif", ids.astype(dtype))
    options = ["--output", tmp_path / "o", "--labels", names]
    assert run(monkeypatch, "import", tmp_path / "x_cp_masks.tif", *options) == 0
    (found,) = read_labelled(tmp_path / "o")
    np.testing.assert_array_equal(found.labels, np.array(expected)[ids])
    assert [c.name for c in found.categories] == names.split(", ")
    assert found.name == "x"


def test_a_folder_of_label_images(tmp_path, monkeypatch, capsys):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    for name in "ab":
        Image.new("RGB", (9, 7)).save(theirs / f"{name}.png")
        Image.fromarray(square(3)).save(theirs / f"{name}_cp_masks.png")
    (theirs / "c_masks.tif").touch()
    options = ["--output", tmp_path / "o", "--labels", "cell"]
    assert run(monkeypatch, "import", theirs, *options) == 1
    assert "c_masks.tif can't be read as a picture, as it is empty" in capsys.readouterr().err
    found = read_labelled(tmp_path / "o")
    assert [one.picture_path for one in found] == [theirs / "a.png", theirs / "b.png"]
    np.testing.assert_array_equal(found[1].labels, square())
    assert run(monkeypatch, "import", theirs, "--output", tmp_path / "p") == 2
    assert 'as in --labels "cell"' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("labels", "reason"),
    [(None, "--labels"), ("cell, edge", "value 700"), ("background: sky", "besides the background")],
)
def test_label_images_that_need_other_names(tmp_path, monkeypatch, capsys, labels, reason):
    tifffile.imwrite(tmp_path / "x.tif", np.array([[0, 700]], np.uint16))
    options = ["--output", tmp_path / "o", *(["--labels", labels] if labels else [])]
    assert run(monkeypatch, "import", tmp_path / "x.tif", *options) == 2
    said = capsys.readouterr().err
    assert reason in said
    assert said.count("\n") == 1
