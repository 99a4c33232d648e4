"""COCO from other tools: polygons, plain run lengths, ids from 0, things that overlap."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from napari_ovseg.errors import InputError
from napari_ovseg.imports import is_labelled, read_labelled
from napari_ovseg.labelled import LabelledPicture

# A square of 4 x 4 from (1, 1), and one pixel inside it.
SQUARE = [1.0, 1.0, 5.0, 1.0, 5.0, 5.0, 1.0, 5.0]
SPECK = [2.0, 2.0, 3.0, 2.0, 3.0, 3.0, 2.0, 3.0]


def thing(segmentation: Any, category: int = 1, image: int = 1) -> dict[str, Any]:
    return {"id": 5, "image_id": image, "category_id": category, "segmentation": segmentation, "iscrowd": 0}


def read(folder: Path, things: list[dict[str, Any]], **changes: Any) -> list[LabelledPicture]:
    content = {
        "images": [{"id": 1, "file_name": "sub/p.jpg", "height": 6, "width": 8}],
        "annotations": things,
        "categories": [{"id": 1, "name": "cat"}, {"id": 90, "name": "dog", "color": [9, 8, 7]}],
        **changes,
    }
    path = folder / "theirs.json"
    path.write_text(json.dumps(content))
    return read_labelled(path)


def square(value: int = 1) -> np.ndarray:
    labels = np.zeros((6, 8), np.uint8)
    labels[1:5, 1:5] = value
    return labels


def test_polygons_of_several_parts(tmp_path):
    (found,) = read(tmp_path, [thing([SQUARE, [6, 0, 8, 0, 8, 6, 6, 6]], 90)])
    expected = square(90)
    expected[:, 6:] = 90
    np.testing.assert_array_equal(found.labels, expected)
    assert [(c.id, c.name) for c in found.categories] == [(1, "cat"), (90, "dog")]
    assert found.categories[1].colour == (9, 8, 7)
    assert found.name == "p"


def test_plain_run_lengths_go_down_the_columns(tmp_path):
    flat = square().ravel(order="F")
    changes = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff([0, *changes.tolist(), flat.size]).tolist()
    (found,) = read(tmp_path, [thing({"size": [6, 8], "counts": counts})])
    np.testing.assert_array_equal(found.labels, square())


@pytest.mark.parametrize("order", [1, -1])
def test_a_smaller_thing_lies_over_a_larger_one_and_it_is_said(tmp_path, order):
    (found,) = read(tmp_path, [thing([SQUARE]), thing([SPECK], 90)][::order])
    expected = square()
    expected[2, 2] = 90
    np.testing.assert_array_equal(found.labels, expected)
    assert found.record["notes"] == ["Pixels of several categories went to the smallest thing: 1."]


def test_ids_from_0_are_counted_anew_and_it_is_said(tmp_path):
    categories = [{"id": 0, "name": "cat"}, {"id": 1, "name": "dog"}]
    (found,) = read(tmp_path, [thing([SQUARE], 0), thing([SPECK], 1)], categories=categories)
    assert [(c.id, c.name) for c in found.categories] == [(1, "cat"), (2, "dog")]
    assert (found.labels[1, 1], found.labels[2, 2]) == (1, 2)
    assert "counted anew" in found.record["notes"][0]


def test_what_has_no_mask_or_no_picture_is_counted(tmp_path):
    things = [
        thing([]),
        thing([[1, 2, 3]]),
        thing(None),
        thing({"size": [3, 3], "counts": [9]}),
        thing([SQUARE], 7),
    ]
    (found,) = read(tmp_path, [*things, thing([SQUARE], 1, 2), thing([SQUARE])])
    np.testing.assert_array_equal(found.labels, square())
    assert found.record["notes"] == [
        "theirs.json: 1 of 7 annotations were read.",
        "theirs.json: 2 annotations were left out, each because it has no segmentation "
        "(annotation 5, annotation 5).",
        "theirs.json: 1 annotation was left out, because the file lists no category with its category_id "
        "(annotation 5).",
        "theirs.json: 1 annotation was left out, because the file lists no picture with its image_id "
        "(annotation 5).",
        "theirs.json: 1 annotation was left out, because its polygon has an odd number of coordinates "
        "(annotation 5).",
        "theirs.json: 1 annotation was left out, because its run lengths are of the size 3 x 3, and its "
        "picture is 6 x 8 (annotation 5).",
    ]


def test_a_picture_of_which_no_annotation_can_be_read_is_no_background(tmp_path):
    images = [{"id": n, "file_name": f"p{n}.jpg", "height": 6, "width": 8} for n in (1, 2, 3)]
    things = [thing([SQUARE]), thing(None, image=2), thing([SQUARE], 7, 2)]
    found = read(tmp_path, things, images=images)
    assert [(one.name, bool(one.labels.any())) for one in found] == [("p1", True), ("p3", False)]
    assert (
        "theirs.json: 1 picture was left out, because it has no annotation that can be read ('p2.jpg')."
        in found[0].record["notes"]
    )
    with pytest.raises(InputError, match=r"No picture of .* can be read.*no segmentation"):
        read(tmp_path, things[1:2], images=images[1:2])


def test_names_that_occur_twice_stay_apart_and_so_do_those_of_another_case(tmp_path):
    categories = [{"id": id, "name": name} for id, name in enumerate(["cat", "Cat", "dog", "dog"], 1)]
    images = [{"id": n, "file_name": f"{n}/p.jpg", "height": 6, "width": 8} for n in (1, 2)]
    found = read(tmp_path, [], categories=categories, images=images)
    assert [c.name for c in found[0].categories] == ["cat", "Cat", "dog (3)", "dog (4)"]
    assert [picture.name for picture in found] == ["p 1", "p 2"]
    assert found[0].record["notes"] == [
        "theirs.json: names were changed: 2 categories are called 'dog', and became 'dog (3)', 'dog (4)'."
    ]


@pytest.mark.parametrize(
    ("files", "pictures"),
    [
        (["annotations/instances_default.json"], "images"),
        (["annotations/instances_default.json"], "images/default"),
        (["annotations/instances_train.json", "annotations/instances_val.json"], "images"),
        (["annotations/all.json"], "images"),
        (["train/_annotations.coco.json", "valid/_annotations.coco.json"], "train"),
        (["_annotations.coco.json"], "."),
    ],
)
def test_folders_as_other_tools_lay_them_out(tmp_path, files, pictures):
    (tmp_path / pictures).mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 6)).save(tmp_path / pictures / "p.png")
    content: dict[str, Any] = {
        "images": [{"id": 1, "file_name": "p.png", "height": 6, "width": 8}],
        "annotations": [thing([SQUARE])],
        "categories": [{"id": 1, "name": "cat"}],
    }
    for file in files:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(json.dumps(content))
    (tmp_path / "annotations").mkdir(exist_ok=True)
    (tmp_path / "annotations" / "person_keypoints_default.json").write_text(json.dumps(content))
    assert is_labelled(tmp_path)
    found = read_labelled(tmp_path)
    assert len(found) == len(files)
    np.testing.assert_array_equal(found[0].labels, square())
    assert found[0].picture_path == tmp_path / pictures / "p.png"


def test_a_name_with_a_space_at_its_end_is_said(tmp_path):
    (found,) = read(tmp_path, [], categories=[{"id": 1, "name": "cat "}, {"id": 2, "name": "dog"}])
    assert [c.name for c in found.categories] == ["cat", "dog"]
    assert found.record["notes"] == ["theirs.json: names were changed: 'cat ' is 'cat'."]


@pytest.mark.parametrize("folder", ["", "images", "sub"])
def test_the_picture_is_found_and_gives_the_size(tmp_path, folder):
    path = tmp_path / folder / "p.jpg"
    path.parent.mkdir(exist_ok=True)
    Image.new("L", (8, 6)).save(path)
    (found,) = read(tmp_path, [thing([SQUARE])], images=[{"id": 1, "file_name": "sub/p.jpg"}])
    assert found.picture_path == path.resolve()
    np.testing.assert_array_equal(found.labels, square())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"images": [{"id": 1, "file_name": "p.jpg"}]}, "how large"),
        ({"images": []}, "no picture"),
        ({"images": 3}, "no list 'images'"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(tmp_path, changes, reason):
    with pytest.raises(InputError, match=reason):
        read(tmp_path, [], **changes)
