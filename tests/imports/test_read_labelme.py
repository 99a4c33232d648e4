"""LabelMe's JSON, as LabelMe, AnyLabeling and X-AnyLabeling write it."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from napari_ovseg.errors import InputError
from napari_ovseg.imports import is_labelled, read_labelled
from napari_ovseg.labelled import LabelledPicture

SQUARE = [[1, 1], [5, 1], [5, 5], [1, 5]]


def png(mask: np.ndarray) -> str:
    stream = io.BytesIO()
    Image.fromarray(mask).save(stream, format="PNG")
    return base64.b64encode(stream.getvalue()).decode()


def shape(points: Any, kind: Any = "polygon", label: Any = "cell", **more: Any) -> dict[str, Any]:
    return {
        "label": label,
        "points": points,
        "group_id": 1,
        "shape_type": kind,
        "flags": {"hard": True},
        **more,
    }


def write(folder: Path, shapes: Any, name: str = "a.json", **changes: Any) -> Path:
    content = {
        "version": "5.8.1",
        "flags": {},
        "shapes": shapes,
        "imagePath": "a.png",
        "imageData": None,
        "imageHeight": 7,
        "imageWidth": 9,
        **changes,
    }
    (folder / name).write_text(json.dumps(content))
    return folder / name


def read(folder: Path, shapes: Any, **changes: Any) -> LabelledPicture:
    (found,) = read_labelled(write(folder, shapes, **changes))
    return found


def square(value: int = 1) -> np.ndarray:
    labels = np.zeros((7, 9), np.uint8)
    labels[1:5, 1:5] = value
    return labels


@pytest.mark.parametrize(
    ("points", "kind"),
    [
        (SQUARE, "polygon"),
        (SQUARE, None),
        ([[5.0, 1.0], [1.0, 5.0]], "rectangle"),
        (SQUARE, "rectangle"),
        (SQUARE, "rotation"),
    ],
)
def test_shapes_with_corners(tmp_path, points, kind):
    found = read(tmp_path, [shape(points, kind)])
    np.testing.assert_array_equal(found.labels, square())
    assert [c.name for c in found.categories] == ["cell"]
    assert "notes" not in found.record


def test_a_circle_has_the_pixels_whose_middles_are_within(tmp_path):
    found = read(tmp_path, [shape([[20, 15], [30, 15]], "circle")], imageHeight=40, imageWidth=50)
    rows, columns = np.mgrid[:40, :50] + 0.5
    distance = np.hypot(rows - 15, columns - 20)
    clear = np.abs(distance - 10) > 0.02
    np.testing.assert_array_equal((found.labels == 1)[clear], (distance < 10)[clear])


@pytest.mark.parametrize("corner", [(1, 1), (-1, -1), (7, 5)])
def test_a_mask_is_the_picture_of_its_box(tmp_path, corner):
    mask = np.array([[1, 0, 1], [0, 1, 0]], bool)
    left, top = corner
    found = read(tmp_path, [shape([[left, top], [left + 2, top + 1]], "mask", mask=png(mask))])
    expected = np.zeros((20, 20), np.uint8)
    expected[top + 5 : top + 7, left + 5 : left + 8] = mask
    np.testing.assert_array_equal(found.labels, expected[5:12, 5:14])


def test_names_for_what_nobody_knows_and_for_background(tmp_path):
    inner = [[2, 2], [4, 2], [4, 4], [2, 4]]
    found = read(tmp_path, [shape(SQUARE, label="__ignore__"), shape(inner, label="_background_")])
    expected = square(255)
    expected[2:4, 2:4] = 0
    np.testing.assert_array_equal(found.labels, expected)
    assert found.categories == ()


def test_a_name_with_a_space_at_its_end_is_said(tmp_path):
    found = read(tmp_path, [shape(SQUARE, label="cell"), shape(SQUARE, label="cell ")])
    assert [c.name for c in found.categories] == ["cell"]
    assert found.record["notes"] == ["a.json: names were changed: 'cell ' is 'cell'."]


def test_what_covers_nothing_is_named_and_counted(tmp_path):
    bomb = png(np.ones((300, 300), bool))
    wrong = [
        3,
        shape([[1, 1]], "point"),
        shape([[1, 1], [2, 2]], "line"),
        shape(SQUARE, "linestrip"),
        shape(SQUARE, label=""),
        shape(SQUARE, label=None),
        shape([[1, 1], [2, 2]]),
        shape([[1, 1], [2, "2"], [3, 3]]),
        shape([[1, 1], [1, 1]], "mask", mask="no base64"),
        shape([[1, 1], [1, 1]], "mask", mask=base64.b64encode(b"no png").decode()),
        shape([[1, 1], [1, 1]], "mask"),
        shape([[1, 1], [1, 1]], "mask", mask=bomb),
        shape([[1, 1], [2, 2], [3, 3]], "circle"),
        shape(SQUARE, ["polygon"]),
    ]
    found = read(tmp_path, [*wrong, shape(SQUARE)])
    np.testing.assert_array_equal(found.labels, square())
    said = "\n".join(found.record["notes"])
    assert "a.json: 1 shape was left out, because it is a point" in said
    assert "number 2 'cell'" in said
    for reason in (
        "linestrip",
        "no label",
        "three corners",
        "pairs",
        "no PNG",
        "no mask",
        "larger",
        "a circle",
    ):
        assert reason in said


def test_a_mask_that_claims_a_huge_picture_is_refused_unread(tmp_path):
    data = bytearray(base64.b64decode(png(np.ones((3, 3), bool))))
    data[16:24] = (40_000).to_bytes(4, "big") * 2
    found = read(
        tmp_path, [shape([[0, 0], [2, 2]], "mask", mask=base64.b64encode(data).decode()), shape(SQUARE)]
    )
    np.testing.assert_array_equal(found.labels, square())
    assert "mask" in found.record["notes"][0]


def test_a_mask_that_is_a_program_is_not_run(tmp_path, monkeypatch):
    ran = []
    monkeypatch.setattr("PIL.EpsImagePlugin.Ghostscript", lambda *_, **__: ran.append(1))
    stream = io.BytesIO()
    Image.new("L", (3, 3), 1).save(stream, format="EPS")
    mask = base64.b64encode(stream.getvalue()).decode()
    found = read(tmp_path, [shape([[0, 0], [2, 2]], "mask", mask=mask), shape(SQUARE)])
    np.testing.assert_array_equal(found.labels, square())
    assert "no PNG" in found.record["notes"][0]
    assert not ran


def test_a_mask_past_the_limit_of_pillow_comes_back(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4)
    mask = np.ones((4, 4), bool)
    np.testing.assert_array_equal(
        read(tmp_path, [shape([[1, 1], [4, 4]], "mask", mask=png(mask))]).labels, square()
    )


def test_the_size_comes_from_the_file_the_picture_or_what_is_embedded(tmp_path):
    unsaid = {"imageHeight": None, "imageWidth": None}
    with pytest.raises(InputError, match="how large"):
        read(tmp_path, [shape(SQUARE)], **unsaid)
    found = read(tmp_path, [shape(SQUARE)], imageData=png(np.zeros((7, 9), np.uint8)), **unsaid)
    np.testing.assert_array_equal(found.labels, square())
    (tmp_path / "images").mkdir()
    Image.new("L", (9, 7)).save(tmp_path / "images" / "a.png")
    found = read(tmp_path, [shape(SQUARE)], imagePath="..\\images\\a.png", **unsaid)
    np.testing.assert_array_equal(found.labels, square())
    assert found.picture_path == (tmp_path / "images" / "a.png").resolve()
    found = read(tmp_path, [shape(SQUARE)], imageHeight=14, imageWidth=18)
    assert found.labels.shape == (14, 18)
    assert "do not fit" in found.record["notes"][0]
    for size in (0, -3, 10**9, "x", 2.5, float("nan")):
        found = read(tmp_path, [shape(SQUARE)], imageHeight=size)
        assert found.labels.shape == (7, 9)


def test_a_folder_has_one_table_in_the_order_of_its_files(tmp_path):
    write(tmp_path, [shape(SQUARE, label="dog"), shape(SQUARE, label="cat")], "b.json")
    write(tmp_path, [shape(SQUARE, label="owl")], "a.json")
    write(tmp_path, [shape(SQUARE, label="Dog")], "c.json")
    (tmp_path / "list.json").write_text("[]")
    assert is_labelled(tmp_path)
    found = read_labelled(tmp_path)
    assert [one.name for one in found] == ["a", "b", "c"]
    assert [[c.name for c in one.categories] for one in found] == [["owl", "dog", "cat", "Dog"]] * 3
    assert found[2].labels.max() == 4


@pytest.mark.parametrize(
    "content", ['{"shapes": 3, "imagePath": ""}', '{"shapes": "imagePath"', '["shapes", "imagePath"]']
)
def test_what_is_no_labelme_is_one_sentence(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(InputError, match=r"a\.json"):
        read_labelled(tmp_path / "a.json")
