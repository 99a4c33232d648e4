"""``napari-ovseg export`` from the outside: any source into any format, and what it says."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from PIL import Image

from napari_ovseg import cli
from napari_ovseg.annotation import Annotation, SliceAnnotation
from napari_ovseg.annotation.sidecar import save
from napari_ovseg.categories import parse_categories
from napari_ovseg.export import FORMATS, write_categories, write_labels
from napari_ovseg.labelled import NamedLabel


def run(monkeypatch, *arguments) -> int:
    monkeypatch.setattr(sys, "argv", ["napari-ovseg", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return stopped.value.code or 0


@pytest.fixture
def masks(tmp_path):
    """Return a folder as `segment` leaves it: two pictures, two categories, a hole and a speck."""
    folder = tmp_path / "masks"
    folder.mkdir()
    labels = np.zeros((20, 30), np.uint8)
    labels[2:9, 2:9] = 1
    labels[5, 5] = 0
    labels[15, 25] = 2
    images = []
    for stem in ("one", "two"):
        Image.new("RGB", (30, 20)).save(tmp_path / f"{stem}.jpg")
        write_labels(folder / f"{stem}_masks.png", labels, 2)
        images.append({"image": str(tmp_path / f"{stem}.jpg"), "masks": f"{stem}_masks.png"})
    write_categories(folder / "categories.json", parse_categories("cat, dog"), images=images)
    return folder


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "ome-zarr"])
def test_each_format_from_a_folder_that_segment_wrote(tmp_path, masks, monkeypatch, capsys, name):
    out = tmp_path / "out"
    options = ["--format", name, "--output", out, "--validation-share", 0.5]
    assert run(monkeypatch, "export", masks, *options) == 0
    assert f"for 2 pictures (1 for train, 1 for val) into {out}." in capsys.readouterr().out
    assert (out / FORMATS[name].names_file).exists()
    assert run(monkeypatch, "export", masks, *options) == 2
    assert "add --overwrite" in capsys.readouterr().err
    assert run(monkeypatch, "export", masks, *options, "--overwrite") == 0


def test_what_is_left_out_is_said(tmp_path, masks, monkeypatch, capsys):
    out = tmp_path / "out"
    options = ["--format", "coco", "--output", out, "--smallest-area", 3, "--polygons", "--no-corners-touch"]
    assert run(monkeypatch, "export", masks, *options) == 0
    said = capsys.readouterr().out
    assert "2 regions of fewer than 3 pixels were left out ('one', 'two')." in said
    assert "2 regions with holes" in said
    things = json.loads((out / "instances.json").read_text())["annotations"]
    assert [thing["area"] for thing in things] == [48, 48]
    assert all(len(thing["segmentation"]) > 1 for thing in things)


def test_one_export_is_the_source_of_the_next(tmp_path, masks, monkeypatch, capsys):
    source = masks
    for name in ("coco", "npz", "png"):
        assert run(monkeypatch, "export", source, "--format", name, "--output", tmp_path / name) == 0
        source = tmp_path / name
    for stem in ("one", "two"):
        np.testing.assert_array_equal(
            np.asarray(Image.open(tmp_path / "png" / f"{stem}_masks.png")),
            np.asarray(Image.open(masks / f"{stem}_masks.png")),
        )


def test_notes_of_the_source_are_passed_on(tmp_path, monkeypatch, capsys):
    square = [0, 0, 3, 0, 3, 3, 0, 3]
    content = {
        "images": [{"id": 1, "file_name": "p.jpg", "height": 6, "width": 8}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 0, "segmentation": [square]}],
        "categories": [{"id": 0, "name": "cat"}],
    }
    (tmp_path / "theirs.json").write_text(json.dumps(content))
    arguments = ["export", tmp_path / "theirs.json", "--format", "png", "--output", tmp_path / "o"]
    assert run(monkeypatch, *arguments) == 0
    assert "Note on p: The ids of the categories were counted anew" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["missing", "--format", "png"], "There is no file missing"),
        (["MASKS", "--format", "bmp"], "choose one of png, tiff"),
        (["MASKS/../one.jpg", "--format", "png"], "categories.json"),
    ],
)
def test_mistakes_are_one_line_and_write_nothing(tmp_path, masks, monkeypatch, capsys, arguments, reason):
    given = [argument.replace("MASKS", str(masks)) for argument in arguments]
    assert run(monkeypatch, "export", *given, "--output", tmp_path / "o") == 2
    said = capsys.readouterr().err
    assert said.startswith("Error: ")
    assert said.count("\n") == 1
    assert reason in said
    assert not (tmp_path / "o").exists()


def test_a_folder_that_is_named_twice_counts_once(tmp_path, masks, monkeypatch, capsys):
    assert run(monkeypatch, "export", masks, "--format", "png", "--output", tmp_path / "one") == 0
    assert run(monkeypatch, "export", masks, masks, "--format", "png", "--output", tmp_path / "two") == 0
    names = [{path.name for path in (tmp_path / folder).iterdir()} for folder in ("one", "two")]
    assert names[0] == names[1]


def test_saved_annotations_one_by_one_or_by_their_folder(tmp_path, monkeypatch, capsys):
    labels = np.full((4, 6), 3, np.uint8)
    for name in ("a", "b"):
        piece = SliceAnnotation(labels, np.full_like(labels, 255))
        one = Annotation((NamedLabel(3, "cat", (1, 2, 3)),), slices={(): piece})
        save(one, tmp_path / "photos" / f"{name}.jpg.ovseg")
    for number, sources in enumerate(
        ([tmp_path / "photos"], [tmp_path / "photos" / f"{name}.jpg.ovseg" for name in ("a", "b")])
    ):
        out = tmp_path / str(number)
        assert run(monkeypatch, "export", *sources, "--format", "png", "--output", out) == 0
        for name in ("a", "b"):
            np.testing.assert_array_equal(np.asarray(Image.open(out / f"{name}_masks.png")), labels)
