"""What every format has in common: where files go, what is never lost, and what is said."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image

from drawn import labelled, many
from napari_ovseg.errors import InputError, OutputError
from napari_ovseg.export import FORMATS, export, export_file
from napari_ovseg.export.plan import Notes
from napari_ovseg.labelled import LabelledPicture, NamedLabel

CATEGORIES = (NamedLabel(2, "cat", (1, 2, 3), ("tom",)), NamedLabel(7, "dog", (40, 50, 60)))
READY = [name for name in FORMATS if name != "ome-zarr"]


def picture(name: str = "a", path: Path | None = None) -> LabelledPicture:
    labels = np.zeros((6, 9), np.uint8)
    labels[1:4, 1:4] = 2
    labels[2, 2] = 0
    labels[4:, 5:] = 7
    labels[0, 8] = 7
    labels[5, 0] = 255
    return LabelledPicture(name, labels, CATEGORIES, path, (0.5, 0.25), "micrometer", {"seed": 3}, True)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("name", READY)
def test_each_format_lists_its_files_and_has_one_map_of_names(tmp_path, name):
    summary = export([picture("a"), picture("b")], tmp_path / "new" / "out", name)
    assert {str(path.relative_to(summary.folder)) for path in summary.files} == set(contents(summary.folder))
    # a folder of JSON is read file by file by other tools, so there the map has another ending
    assert summary.files[-1].name == FORMATS[name].names_file
    assert (FORMATS[name].names_file == "categories.ovseg") == (name in ("coco", "geojson", "labelme"))
    content = json.loads(summary.files[-1].read_text(encoding="utf-8"))
    assert [(c["id"], c["name"], c["synonyms"], c["colour"]) for c in content["categories"]] == [
        (0, "background", [], "#000000"),
        (2, "cat", ["tom"], "#010203"),
        (7, "dog", [], "#28323c"),
    ]
    assert content["void"]["id"] == 255
    assert [image["name"] for image in content["images"]] == ["a", "b"]
    assert all(
        image["pixel_size"] == [0.5, 0.25] and image["record"] == {"seed": 3} for image in content["images"]
    )
    assert str(summary).startswith(f"Wrote {len(summary.files)} files for 2 pictures into ")


@pytest.mark.parametrize("name", READY)
def test_nothing_is_replaced_unless_asked(tmp_path, name):
    export([picture()], tmp_path, name)
    before = contents(tmp_path)
    with pytest.raises(OutputError, match="add --overwrite"):
        export([picture()], tmp_path, name)
    assert contents(tmp_path) == before
    summary = export([picture()], tmp_path, name, overwrite=True)
    assert {str(path.relative_to(tmp_path)) for path in summary.files} == set(before)


def test_a_picture_is_never_replaced(tmp_path):
    path = tmp_path / "a_masks.png"
    Image.new("L", (9, 6)).save(path)
    before = path.read_bytes()
    with pytest.raises(OutputError, match="one of the pictures"):
        export([picture("a", path)], tmp_path, "png", overwrite=True)
    assert contents(tmp_path) == {"a_masks.png": before}


@pytest.mark.parametrize("name", READY)
def test_a_full_disk_leaves_what_was_there(tmp_path, name, monkeypatch):
    export([picture()], tmp_path, name)
    before = contents(tmp_path)
    monkeypatch.setattr(os, "fsync", lambda file: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
    with pytest.raises(OutputError, match="no room"):
        export([picture()], tmp_path, name, overwrite=True)
    assert contents(tmp_path) == before


def test_the_split_is_whole_seeded_and_does_not_depend_on_the_order(tmp_path):
    pictures = [picture(f"p{number}") for number in range(10)]
    first = export(pictures, tmp_path / "1", "png", validation_share=0.3, seed=4).pictures
    again = export(pictures[::-1], tmp_path / "2", "png", validation_share=0.3, seed=4).pictures
    other = export(pictures, tmp_path / "3", "png", validation_share=0.3, seed=5).pictures
    assert len(first["val"]) == 3
    assert sorted(first["val"] + first["train"]) == [f"p{number}" for number in range(10)]
    assert set(first["val"]) == set(again["val"])
    assert set(first["val"]) != set(other["val"])
    assert {path.stem[:2] for path in (tmp_path / "1" / "val").iterdir()} == set(first["val"])
    more = export([*pictures, picture("p10")], tmp_path / "4", "png", validation_share=0.3, seed=4).pictures
    assert len(set(first["val"]) - set(more["val"])) <= 1


def test_even_a_small_share_sets_one_apart_and_never_all(tmp_path):
    two = [picture("a"), picture("b")]
    for number, share in enumerate((0.01, 0.99)):
        found = export(two, tmp_path / str(number), "png", validation_share=share).pictures
        assert {split: len(names) for split, names in found.items()} == {"train": 1, "val": 1}
    with pytest.raises(InputError, match="can't be split"):
        export(two[:1], tmp_path / "o", "png", validation_share=0.5)


def test_files_of_an_earlier_split_are_named(tmp_path):
    pictures = [picture(f"p{number}") for number in range(6)]
    export(pictures, tmp_path, "png", validation_share=0.5, seed=1)
    summary = export(pictures, tmp_path, "png", validation_share=0.5, seed=2, overwrite=True)
    strays = len(list(tmp_path.rglob("*.png"))) - 6
    assert strays
    assert any(note.startswith(f"{strays} files of an earlier export") for note in summary.notes)


def test_regions_are_left_out_only_when_asked_and_then_counted(tmp_path):
    assert not any("fewer than" in note for note in export([picture()], tmp_path / "1", "coco").notes)
    summary = export([picture("a"), picture("b")], tmp_path / "2", "coco", smallest_area=2)
    assert "2 regions of fewer than 2 pixels were left out ('a', 'b')." in summary.notes
    assert (
        "2 unsure pixels were left out, because this format has no place for them ('a', 'b')."
        in summary.notes
    )


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"format": "bmp"}, "choose one of png"),
        ({"format": "png", "smallest_area": 5}, "or choose things-tiff, coco"),
        ({"format": "png", "connectivity": 4}, "or choose things-tiff, coco"),
        ({"format": "yolo", "polygons": True}, "COCO only"),
        ({"format": "coco", "smallest_area": 0}, "1 or more"),
        ({"format": "coco", "connectivity": 6}, "4 or 8"),
        ({"format": "coco", "validation_share": 1.0}, "less than 1"),
    ],
)
def test_what_does_not_fit_teaches(tmp_path, options, reason):
    with pytest.raises(InputError, match=reason):
        export([picture("a"), picture("b")], tmp_path / "o", **options)
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    ("name", "taken"),
    [("labelme", {"__ignore__", "_background_"}), ("geojson", {"Ignore*"}), ("coco", set())],
)
def test_names_that_a_program_takes_for_something_else_are_said(tmp_path, name, taken):
    names = ("cat", "__ignore__", "_background_", "Ignore*")
    categories = tuple(NamedLabel(number, one, (1, 2, 3)) for number, one in enumerate(names, 1))
    notes = export([LabelledPicture("a", np.ones((3, 3), np.uint8), categories)], tmp_path, name).notes
    assert {one for one in names if any(f"takes '{one}'" in note for note in notes)} == taken


def test_names_that_no_file_can_have_or_that_clash(tmp_path):
    summary = export([picture("cells [1]: a/b?")], tmp_path, "png")
    assert summary.files[0].name == "cells [1]_ a_b__masks.png"
    with pytest.raises(InputError, match="'a' is there twice: leave one out"):
        export([picture("a"), picture("a")], tmp_path / "o", "png")
    with pytest.raises(InputError, match="at least one"):
        export([], tmp_path / "o", "png")


def test_progress_reaches_the_end(tmp_path):
    seen = []
    export([picture("a"), picture("b")], tmp_path, "png", progress=lambda *state: seen.append(state))
    assert seen == [("Writing", done, 2) for done in (0, 1, 2)]


@settings(max_examples=40)
@given(labelled())
def test_png_gives_back_pixels_and_colours(tmp_path_factory, one):
    folder = tmp_path_factory.mktemp("png")
    export([one], folder, "png")
    with Image.open(folder / "a_masks.png") as file:
        np.testing.assert_array_equal(np.asarray(file), one.labels)
        if one.labels.dtype == np.uint8:
            palette = np.array(file.getpalette()).reshape(-1, 3)
            for category in one.categories:
                assert tuple(palette[category.id]) == category.colour


def test_three_hundred_categories_as_png(tmp_path):
    export([many()], tmp_path, "png")
    with Image.open(tmp_path / "many_masks.png") as file:
        np.testing.assert_array_equal(np.asarray(file), many().labels)


@pytest.mark.parametrize(
    ("name", "ending"),
    [("png", ".png"), ("npz", ".ovseg.npz"), ("coco", ".json"), ("geojson", ".geojson"), ("tiff", ".tif")],
)
def test_one_file_of_a_chosen_name_has_its_own_map(tmp_path, name, ending):
    path = tmp_path / "new" / f"my cells{ending}"
    summary = export_file([picture("layer")], path, name)
    assert set(summary.files) == {path, path.with_name(f"{path.stem}.{FORMATS[name].names_file}")}
    assert set(contents(tmp_path)) == {str(file.relative_to(tmp_path)) for file in summary.files}
    before = contents(tmp_path)
    with pytest.raises(OutputError, match="choose another name"):
        export_file([picture("layer")], path, name)
    assert contents(tmp_path) == before
    export_file([picture("layer")], path, name, overwrite=True)


def test_several_pictures_are_one_file_of_coco_only(tmp_path):
    two = [picture("a"), picture("b")]
    assert len(export_file(two, tmp_path / "x.json", "coco").files) == 2
    for name in ("png", "yolo"):
        with pytest.raises(InputError, match="into a folder"):
            export_file(two, tmp_path / "x", name)


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("name", READY)
def test_pictures_that_are_stored_turned_are_said(tmp_path, name, orientation):
    tag = Image.Exif()
    tag[274] = orientation
    paths = [tmp_path / "a.jpg", tmp_path / "b.tif"]
    for path in paths:
        Image.new("RGB", (6, 9) if orientation == 6 else (9, 6)).save(path, exif=tag)
    notes = export([picture(path.stem, path) for path in paths], tmp_path / "out", name).notes
    said = [note for note in notes if "stored turned" in note]
    if orientation == 1 or name == "yolo":
        assert not said
    else:
        assert len(said) == 1
        assert said[0].startswith(
            "2 pictures are stored turned, with an orientation tag that shows them upright"
        )


@pytest.mark.parametrize(
    ("sentence", "one", "two"),
    [
        ("pictures have no known file: put", "picture has no known file", "pictures have no"),
        ("regions of fewer than 5 pixels were left", "region of fewer than 5 pixels was left", "regions of"),
        ("unsure pixels belong to no thing", "unsure pixel belongs to no thing", "unsure pixels belong"),
        (
            "pixels, without a name, are called 'pixels are'",
            "pixel, without a name, is called 'pixels are'",
            "",
        ),
        ("holes were filled: polygons can't", "hole was filled: polygons can't", "holes were filled"),
    ],
)
def test_sentences_about_one_are_in_the_singular(sentence, one, two):
    notes = [Notes(), Notes()]
    for number, each in enumerate(notes, 1):
        each.count(sentence, number, "a")
    said = [each.sentences()[0] for each in notes]
    assert said[0].startswith(f"1 {one}")
    assert said[1].startswith(f"2 {two}")
