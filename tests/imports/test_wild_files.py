"""Damaged files and wild numbers: one of our errors or a result, in memory bounded by the picture."""

from __future__ import annotations

import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from napari_ovseg.errors import InputError
from napari_ovseg.export import export
from napari_ovseg.imports import read_labelled
from napari_ovseg.labelled import LabelledPicture, NamedLabel

CASES = int(os.environ.get("OVSEG_WILD_CASES", "60"))
FILES = {
    "tiff": "a_masks.tif",
    "ome-tiff": "a_masks.ome.tif",
    "geojson": "a.geojson",
    "labelme": "a.json",
    "yolo": "labels/train/a.txt",
    "things-tiff": "a_things.csv",
}
NUMBERS = [
    b"1e999",
    b"-1",
    b"0",
    b"NaN",
    b"1e300",
    b"null",
    b'"7"',
    b"99999999999",
    b"[]",
    b"{}",
    b"2.5",
    b"true",
]


def read_or_refuse(path: Path) -> list[LabelledPicture]:
    try:
        return read_labelled(path)
    except InputError:
        return []


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    labels = np.kron(np.array([[0, 1, 2], [2, 1, 255]], np.uint8), np.ones((6, 7), np.uint8))
    labels[2, 9] = 0
    one = LabelledPicture("a", labels, (NamedLabel(1, "cat", (1, 2, 3)), NamedLabel(2, "dog", (4, 5, 6))))
    folder = tmp_path_factory.mktemp("wild")
    for kind in FILES:
        export([one], folder / kind, kind)
        for file in (folder / kind).glob("categories.*"):
            # So that nothing but the file itself says what is in it.
            if kind not in ("yolo", "things-tiff"):
                file.unlink()
    return folder


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """Cut off, changed in a few bytes, or with other values in place of numbers."""
    kind = draw(st.sampled_from(["cut", "bytes", "numbers", "repeated"]))
    if kind == "cut":
        return whole[: draw(st.integers(0, len(whole)))]
    content = bytearray(whole)
    if kind == "bytes":
        for _ in range(draw(st.integers(1, 8))):
            content[draw(st.integers(0, len(content) - 1))] = draw(st.integers(0, 255))
        return bytes(content)
    digits = [place for place, byte in enumerate(whole) if chr(byte).isdigit()]
    if not digits:
        return whole
    for place in sorted(draw(st.lists(st.sampled_from(digits), min_size=1, max_size=6, unique=True)))[::-1]:
        end = place
        while end < len(content) and chr(content[end]).isdigit():
            end += 1
        content[place:end] = draw(st.sampled_from(NUMBERS)) * (1 if kind == "numbers" else 2)
    return bytes(content)


@pytest.mark.parametrize("kind", FILES)
@settings(max_examples=CASES, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(exported, kind, data):
    name = FILES[kind]
    path = exported / kind / name
    whole = path.read_bytes()
    content = data.draw(damaged(whole))
    path.write_bytes(content)
    source = path.with_suffix(".tif") if kind == "things-tiff" else exported / kind / "data.yaml"
    try:
        for one in read_or_refuse(source if source.exists() else path):
            assert one.labels.ndim == 2
            assert one.labels.dtype in (np.uint8, np.uint16)
    finally:
        path.write_bytes(whole)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def broken(valid: Any, draw: Any) -> Any:
    """A valid value with something else in one of its places."""
    if draw(st.integers(0, 9)) == 0:
        return draw(JSON)
    if isinstance(valid, dict) and valid:
        key = draw(st.sampled_from(sorted(valid)))
        return valid | {key: broken(valid[key], draw)}
    if isinstance(valid, list) and valid:
        place = draw(st.integers(0, len(valid) - 1))
        return [*valid[:place], broken(valid[place], draw), *valid[place + 1 :]]
    return draw(JSON)


@pytest.mark.parametrize("kind", ["geojson", "labelme"])
@settings(max_examples=CASES, deadline=None)
@given(data=st.data())
def test_any_json_in_any_place(exported, kind, data):
    path = exported / kind / FILES[kind]
    content = broken(json.loads(path.read_bytes()), data.draw)
    other = path.with_name(f"other{path.suffix}")
    other.write_text(json.dumps(content))
    read_or_refuse(other)


@pytest.mark.parametrize("kind", ["geojson", "labelme", "yolo"])
def test_memory_is_that_of_the_picture(exported, kind, tmp_path):
    square = [[-9e6, -9e6], [9e6, -9e6], [9e6, 9e6], [-9e6, 9e6]]
    if kind == "geojson":
        one = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [square]}, "properties": {}}
        about = json.loads((exported / kind / "a.geojson").read_text())["napari-ovseg"]
        path = tmp_path / "a.geojson"
        path.write_text(
            json.dumps({"type": "FeatureCollection", "features": [one] * 50, "napari-ovseg": about})
        )
    elif kind == "labelme":
        shape = {"label": "a", "points": square, "shape_type": "polygon"}
        circle = {"label": "b", "points": [[0, 0], [9e6, 9e6]], "shape_type": "circle"}
        path = tmp_path / "a.json"
        about = {"imagePath": "a.png", "imageHeight": 12, "imageWidth": 21}
        path.write_text(json.dumps({"shapes": [shape, circle] * 25, **about}))
    else:
        path = tmp_path / "data.yaml"
        path.write_text("names: [a]\ntrain: images\n")
        (tmp_path / "images").mkdir()
        (tmp_path / "labels").mkdir()
        Image.new("L", (21, 12)).save(tmp_path / "images" / "a.png")
        (tmp_path / "labels" / "a.txt").write_text("0 -9 -9 9 -9 9 9 -9 9\n" * 50)
    tracemalloc.start()
    (found,) = read_labelled(path)
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()
    assert found.labels.shape == (12, 21)
    assert found.labels.all()


@pytest.mark.parametrize(("kind", "looks"), [("coco", 1), ("labelme", 2), ("geojson", 1)])
def test_pictures_that_nobody_has_seen_take_no_more_memory_than_there_is(tmp_path, monkeypatch, kind, looks):
    """Labels of LabelMe are held against the memory twice: when their size is read, and when it is taken."""
    numbers, corners = range(3), [[1, 1], [9, 1], [9, 9]]
    side = {"height": 99, "width": 99}
    outline = {"image_id": 0, "category_id": 1, "segmentation": [1, 1, 9, 1, 9, 9]}
    shape = {"shapes": [{"label": "a", "points": corners}], "imagePath": "x.png"}
    content: dict[str, Any] = {
        "coco": {
            "images": [{"id": number, "file_name": f"{number}.png", **side} for number in numbers],
            "annotations": [outline | {"id": number, "image_id": number} for number in numbers],
            "categories": [{"id": 1, "name": "a"}],
        },
        "labelme": shape | {"imageHeight": 99, "imageWidth": 99},
        "geojson": [{"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [corners]}}],
    }[kind]
    for number in [0] if kind == "coco" else numbers:
        ending = "geojson" if kind == "geojson" else "json"
        (tmp_path / f"instances_{number}.{ending}").write_text(json.dumps(content))
    answers = iter([True] * (2 + 3 * (looks - 1)))
    monkeypatch.setattr("napari_ovseg.imports.drawing.has_room", lambda size: next(answers, False))
    found = read_labelled(tmp_path)
    assert len(found) == 2
    assert "no memory for" in " ".join(found[0].record["notes"])
    monkeypatch.setattr("napari_ovseg.imports.drawing.has_room", lambda size: False)
    with pytest.raises(InputError, match="no memory for"):
        read_labelled(tmp_path)
