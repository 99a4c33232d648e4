"""What was exported is read back whole; what is damaged or foreign is said or left alone."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image

from drawn import labelled, many, void_of
from napari_ovseg.categories import parse_categories
from napari_ovseg.errors import InputError
from napari_ovseg.export import export, write_categories, write_labels
from napari_ovseg.imports import is_labelled, read_labelled
from napari_ovseg.labelled import LabelledPicture, NamedLabel

CAT = (NamedLabel(2, "cat", (1, 2, 3), ("tom",)), NamedLabel(7, "dog", (4, 5, 6)))


def same(found: LabelledPicture, one: LabelledPicture) -> None:
    np.testing.assert_array_equal(found.labels, one.labels)
    assert found.labels.dtype == one.labels.dtype
    assert found.categories == one.categories
    assert (found.name, found.pixel_size, found.unit) == (one.name, one.pixel_size, one.unit)


@pytest.mark.parametrize("kind", ["png", "npz"])
@settings(max_examples=30)
@given(one=labelled())
def test_png_and_npz_come_back_whole(tmp_path_factory, kind, one):
    folder = tmp_path_factory.mktemp("read")
    export([one], folder, kind)
    for path in (
        folder,
        folder / "categories.json",
        folder / ("a_masks.png" if kind == "png" else "a.ovseg.npz"),
    ):
        assert is_labelled(path)
        (found,) = read_labelled(path)
        same(found, one)


@pytest.mark.parametrize("polygons", [False, True])
@settings(max_examples=30)
@given(one=labelled())
def test_coco_comes_back_without_void(tmp_path_factory, polygons, one):
    folder = tmp_path_factory.mktemp("read")
    export([one], folder, "coco", polygons=polygons)
    for path in (folder, folder / "instances.json"):
        assert is_labelled(path)
        (found,) = read_labelled(path)
        np.testing.assert_array_equal(found.labels, np.where(one.labels == void_of(one), 0, one.labels))
        assert found.categories == one.categories
        assert "notes" not in found.record


@pytest.mark.parametrize("kind", ["png", "npz", "coco"])
def test_all_that_is_known_of_a_picture_comes_back(tmp_path, kind):
    path = tmp_path / "photos" / "b.jpg"
    path.parent.mkdir()
    Image.new("RGB", (6, 4)).save(path)
    pictures = [
        LabelledPicture(
            name, np.eye(4, 6, dtype=np.uint8) * 7, CAT, path, (0.5, 0.25), "um", {"seed": 1}, True
        )
        for name in ("b", "c", "d")
    ]
    if kind == "coco":
        pictures = pictures[:1]
    export(pictures, tmp_path / "o", kind, validation_share=0.0 if kind == "coco" else 0.4)
    found = {picture.name: picture for picture in read_labelled(tmp_path / "o")}
    assert sorted(found) == [picture.name for picture in pictures]
    for one in pictures:
        same(found[one.name], one)
        assert found[one.name].picture_path == path
        if kind != "coco":
            assert (found[one.name].record, found[one.name].done) == ({"seed": 1}, True)


ODD = [
    "background", "door, double door", "light: red", "a;b", "می\u200cرود", "🧫", "a b " * 13 + "c", "x" * 250,
    "Cell", "cell", "<b>&amp;\"'", "-", "no", "zero\u200bwidth", "two  spaces", "cells.",
]  # fmt: skip


@pytest.mark.parametrize("kind", ["png", "npz", "coco"])
def test_names_of_any_kind_come_back(tmp_path, kind):
    labels = np.arange(24, dtype=np.uint8).reshape(4, 6) % (len(ODD) + 1)
    categories = tuple(NamedLabel(id, name, (id, 0, 0), ("a, b",)) for id, name in enumerate(ODD, 1))
    one = LabelledPicture("a", labels, categories)
    export([one], tmp_path, kind)
    same(read_labelled(tmp_path)[0], one)


@pytest.mark.parametrize("largest", [200, 300])
def test_our_own_large_png_comes_back(tmp_path, monkeypatch, largest):
    # What Pillow takes for an attack, at 179 million pixels if left alone; 13,500 x 13,500 takes a minute.
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000)
    labels = np.zeros((150, 150), np.uint8 if largest < 255 else np.uint16)
    labels[-1, -1], labels[7, 8] = largest, 1
    categories = (NamedLabel(1, "cat", (1, 2, 3)), NamedLabel(largest, "dog", (3, 4, 5)))
    export([LabelledPicture("a", labels, categories)], tmp_path, "png")
    found = read_labelled(tmp_path)[0]
    assert found.labels.dtype == labels.dtype
    assert found.labels.shape == labels.shape
    np.testing.assert_array_equal(np.argwhere(found.labels), [[7, 8], [149, 149]])
    assert (found.labels[7, 8], found.labels[-1, -1]) == (1, largest)


@pytest.mark.parametrize("name", ["x" * 300 + ".json", "x" * 300 + ".png", "x" * 5000, "a\0b.json", ""])
def test_names_that_no_file_can_have(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert not is_labelled(name)
    with pytest.raises(InputError):
        read_labelled(name)


def test_one_damaged_picture_of_many_is_said_and_the_rest_is_read(tmp_path):
    pictures = [LabelledPicture(name, np.eye(4, 6, dtype=np.uint8) * 7, CAT) for name in "abc"]
    for kind, ending in (("png", "_masks.png"), ("npz", ".ovseg.npz")):
        export(pictures, tmp_path / kind, kind)
        (tmp_path / kind / f"b{ending}").write_bytes(b"no picture")
        found = read_labelled(tmp_path / kind)
        assert [one.name for one in found] == ["a", "c"]
        assert f"b{ending}" in found[0].record["notes"][0]


def test_three_hundred_categories(tmp_path):
    export([many()], tmp_path, "png")
    same(read_labelled(tmp_path)[0], many())


def test_what_segment_writes_is_read(tmp_path):
    labels = np.eye(4, 6, dtype=np.uint8) * 2
    *found, background = parse_categories("cat, dog: puppy; background: grass")
    write_labels(tmp_path / "x_masks.png", labels, 2)
    write_labels(tmp_path / "x_pseudo.png", np.where(labels, labels, 255), 2)
    entry = {"image": "x.png", "masks": "x_masks.png", "pseudo_labels": "x_pseudo.png", "record": {"seed": 3}}
    images = [entry, {"image": "y.png", "problem": "damaged"}]
    write_categories(tmp_path / "categories.json", found, background, images=images)
    (masks,) = read_labelled(tmp_path)
    assert (masks.name, masks.record, masks.picture_path) == ("x", {"seed": 3}, tmp_path / "x.png")
    assert [(c.id, c.name, c.synonyms) for c in masks.categories] == [(1, "cat", ()), (2, "dog", ("puppy",))]
    np.testing.assert_array_equal(masks.labels, labels)
    (pseudo,) = read_labelled(tmp_path / "x_pseudo.png")
    assert pseudo.name == "x pseudo-labels"
    assert (pseudo.labels == 255).sum() == 20


def test_other_files_are_left_to_other_readers(tmp_path):
    export([LabelledPicture("a", np.eye(4, 6, dtype=np.uint8) * 7, CAT)], tmp_path, "png")
    Image.new("L", (4, 4)).save(tmp_path / "photo.png")
    (tmp_path / "geo.json").write_text('{"type": "FeatureCollection", "features": []}')
    (tmp_path / "list.json").write_text("[]")
    np.savez(tmp_path / "other.npz", labels=np.eye(3), ids=np.eye(3))
    (tmp_path / "broken.npz").write_bytes(b"PK no archive")
    (tmp_path / "empty").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "categories.json").write_text('{"categories": 3}')
    for name in (
        "photo.png",
        "geo.json",
        "list.json",
        "other.npz",
        "broken.npz",
        "empty",
        "b",
        "missing.png",
    ):
        assert not is_labelled(tmp_path / name), name
        with pytest.raises(InputError):
            read_labelled(tmp_path / name)


@pytest.mark.parametrize("kind", ["png", "npz", "coco"])
def test_damaged_files_are_one_sentence(tmp_path, kind):
    summary = export([LabelledPicture("a", np.eye(40, dtype=np.uint8) * 7, CAT)], tmp_path, kind)
    path = summary.files[0]
    whole = path.read_bytes()
    for part in (0, 50, len(whole) // 2):
        path.write_bytes(whole[:part])
        with pytest.raises(InputError) as caught:
            read_labelled(tmp_path)
        assert str(path) in str(caught.value)
    path.unlink()
    with pytest.raises(InputError):
        read_labelled(tmp_path)


@pytest.mark.parametrize(
    ("category", "read"),
    [
        ({"id": 1}, (1, "category 1", (230, 159, 0))),
        ({"id": 1, "name": "a", "colour": "red"}, (1, "a", (255, 0, 0))),
        ({"id": "1", "name": "a", "colour": "f80"}, (1, "a", (255, 136, 0))),
        ({"id": 1, "name": "a", "colour": [1, 2, 3]}, (1, "a", (1, 2, 3))),
        ({"id": 1, "name": 5, "colour": {}, "synonyms": 3}, (1, "5", (230, 159, 0))),
        ({"id": "x", "name": "a", "colour": "#000000"}, None),
        ({"id": 65535, "name": "a"}, None),
        ({"id": 2, "name": "again"}, None),
        (3, None),
    ],
)
def test_categories_are_read_as_far_as_they_can_be(tmp_path, category, read):
    export([LabelledPicture("a", np.eye(4, 6, dtype=np.uint8) * 7, CAT)], tmp_path, "png")
    content = json.loads((tmp_path / "categories.json").read_text())
    content["categories"].append(category)
    (tmp_path / "categories.json").write_text(json.dumps(content))
    (found,) = read_labelled(tmp_path)
    new = [(one.id, one.name, one.colour) for one in found.categories if one not in CAT]
    assert new == ([] if read is None else [read])
    assert ("notes" in found.record) == (read is None)
    assert set(CAT) <= set(found.categories)


def test_a_colour_picture_is_no_labels(tmp_path):
    export([LabelledPicture("a", np.eye(4, 6, dtype=np.uint8) * 7, CAT)], tmp_path, "png")
    Image.new("RGB", (6, 4)).save(tmp_path / "a_masks.png")
    with pytest.raises(InputError, match="colours"):
        read_labelled(tmp_path)
