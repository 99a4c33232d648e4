"""Folders for YOLO as Ultralytics, Roboflow and this package lay them out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from napari_ovseg.errors import InputError
from napari_ovseg.export import export
from napari_ovseg.imports import is_labelled, read_labelled
from napari_ovseg.labelled import LabelledPicture, NamedLabel

# The square from (2, 1) to (6, 4) of a picture of 8 x 10.
SQUARE = "0.2 0.125 0.6 0.125 0.6 0.5 0.2 0.5"


def put(folder: Path, text: str | None, place: str = "images/train", name: str = "a") -> None:
    pictures = folder / place
    labels = folder / place.replace("images", "labels")
    pictures.mkdir(parents=True, exist_ok=True)
    labels.mkdir(parents=True, exist_ok=True)
    Image.new("L", (10, 8)).save(pictures / f"{name}.jpg")
    if text is not None:
        (labels / f"{name}.txt").write_text(text)


def write(folder: Path, **content: object) -> Path:
    said = {"names": ["cat", "dog"], "train": "images/train", "val": "images/train"} | content
    (folder / "data.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    return folder / "data.yaml"


def square(value: int) -> np.ndarray:
    labels = np.zeros((8, 10), np.uint8)
    labels[1:4, 2:6] = value
    return labels


@pytest.mark.parametrize("names", [["cat", "dog"], {0: "cat", 1: "dog"}, {"0": "cat", "1": "dog"}])
def test_outlines_under_their_names(tmp_path, names):
    put(tmp_path, f"1 {SQUARE}\n\n")
    path = write(tmp_path, names=names, nc=2)
    for source in (path, tmp_path):
        assert is_labelled(source)
        (found,) = read_labelled(source)
        np.testing.assert_array_equal(found.labels, square(2))
        assert [(c.id, c.name) for c in found.categories] == [(1, "cat"), (2, "dog")]
        assert found.picture_path == (tmp_path / "images/train/a.jpg")
        assert "notes" not in found.record


def test_what_is_no_outline_is_named_and_counted(tmp_path):
    lines = [
        "0 0.5 0.5 0.2 0.2",
        "0 0.5 0.5 0.2 0.2 0.9",
        f"2 {SQUARE}",
        f"-1 {SQUARE}",
        f"cat {SQUARE}",
        "0 0.1 0.1 0.2 x 0.3 0.3",
        "0 0.1 0.1 nan 0.2 0.3 0.3",
        "0 0.1 0.1 1e300 0.2 0.3 0.3",
        "0 200 100 600 100 600 500",
        "0 0.1 0.1",
        f"1 {SQUARE} 0.75",
    ]
    put(tmp_path, "\n".join(lines))
    (found,) = read_labelled(write(tmp_path))
    np.testing.assert_array_equal(found.labels, square(2))
    said = "\n".join(found.record["notes"])
    assert "a.txt: 2 lines were left out, each because it is a box without an outline (line 1, line" in said
    for reason in (
        "class 2 is not",
        "class -1",
        "class cat",
        "other words",
        "finite",
        "between 0 and 1",
        "three corners",
    ):
        assert reason in said


def test_an_empty_text_is_a_picture_without_things_and_none_is_said(tmp_path):
    put(tmp_path, "")
    put(tmp_path, None, name="b")
    (found,) = read_labelled(write(tmp_path))
    assert not found.labels.any()
    assert found.record["notes"] == ["Pictures without a text of labels were left out: 1 ('b.jpg')."]


@pytest.mark.parametrize(
    ("places", "content"),
    [
        (("train/images", "valid/images"), {"train": "../train/images", "val": "../valid/images"}),
        (("images/train", "images/val"), {"path": ".", "train": ["images/train", "images/val"], "val": None}),
        (("d/images/a", "d/images/b"), {"path": "d", "train": "images", "val": "images"}),
        (("images/a", "images/b"), {"train": "train.txt", "val": "images/b"}),
    ],
)
def test_layouts(tmp_path, places, content):
    for place, name in zip(places, "ab", strict=True):
        put(tmp_path, f"0 {SQUARE}", place, name)
    (tmp_path / "train.txt").write_text("./images/a/a.jpg\nimages/missing.jpg\n")
    found = read_labelled(write(tmp_path, **content))
    assert sorted(one.name for one in found) == ["a", "b"]
    for one in found:
        np.testing.assert_array_equal(one.labels, square(1))


def test_a_text_of_which_no_line_can_be_read_is_no_background(tmp_path):
    for name, text in (("a", f"0 {SQUARE}"), ("b", f"7 {SQUARE}\n0 0.1\n"), ("c", "\n")):
        put(tmp_path, text, name=name)
    problems: list[str] = []
    found = read_labelled(write(tmp_path), on_refused=problems.append)
    assert [one.name for one in found] == ["a", "c"]
    assert len(problems) == 1
    assert "'b' has no label that can be read, and was left out" in problems[0]
    assert "its class 7 is not among the names" in problems[0]


def test_a_name_in_two_splits_and_a_place_that_is_not_there(tmp_path):
    for place in ("images/train", "images/val"):
        put(tmp_path, f"0 {SQUARE}", place)
    found = read_labelled(write(tmp_path, val="images/val", test="images/test"))
    assert [one.name for one in found] == ["train a", "val a"]
    assert found[0].record["notes"][0] == "data.yaml names places that are not there: 'images/test'."


def test_a_number_of_classes_that_is_not_that_of_the_names_is_said(tmp_path):
    put(tmp_path, f"0 {SQUARE}")
    (found,) = read_labelled(write(tmp_path, nc=3))
    assert found.record["notes"] == ["data.yaml says nc: 3, and names 2: the names were believed."]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("names: [cat]\ntrain: nowhere\n", "No text of labels"),
        ("names: [cat]\n", "data.yaml has no `train`, `val` or `test`"),
        ("train: images\nnc: 2\n", "data.yaml has no `names`"),
        ("names:\n  [cat\ntrain: images\n", "no YAML in line 3"),
        ("- 1\n", "no names and no places"),
        ("x: !!python/object/apply:os.system ['true']\n", "no YAML in line 1"),
        ("a: &a [" + "]" * 30, "no YAML in line 1"),
    ],
)
def test_other_yaml(tmp_path, text, reason):
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(InputError, match=reason):
        read_labelled(tmp_path / "data.yaml")


def test_ours_keep_ids_and_colours_and_need_no_pictures(tmp_path):
    labels = np.kron(np.array([[0, 7], [9, 255]], np.uint8), np.ones((5, 6), np.uint8))
    kinds = (NamedLabel(7, "🧫, groß", (1, 2, 3), ("dish",)), NamedLabel(9, "dog", (4, 5, 6)))
    one = LabelledPicture("a", labels, kinds, None, (0.5, 0.25), "micrometer")
    export([one], tmp_path, "yolo")
    (found,) = read_labelled(tmp_path)
    np.testing.assert_array_equal(found.labels, np.where(labels == 255, 0, labels))
    assert found.categories == kinds
    assert (found.pixel_size, found.unit) == ((0.5, 0.25), "micrometer")


def test_a_split_that_an_export_does_not_keep_is_said(tmp_path):
    for split, name in (("train", "a"), ("train", "b"), ("val", "c")):
        (tmp_path / "labels" / split).mkdir(parents=True, exist_ok=True)
        (tmp_path / "images" / split).mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (12, 9)).save(tmp_path / "images" / split / f"{name}.png")
        (tmp_path / "labels" / split / f"{name}.txt").write_text("0 0 0 0.5 0 0.5 0.5 0 0.5\n")
    content = "train: images/train\nval: images/{}\nnames: [cat]\n"
    (tmp_path / "data.yaml").write_text(content.format("val"))
    notes = read_labelled(tmp_path / "data.yaml")[0].record["notes"]
    assert any(
        note.startswith("data.yaml has 2 for train, 1 for val: an export does not keep") for note in notes
    )
    (tmp_path / "data.yaml").write_text(content.format("train"))
    assert "notes" not in read_labelled(tmp_path / "data.yaml")[0].record
