"""GeoJSON of QuPath in all the ways that it writes it."""

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

SQUARE = [[1, 1], [5, 1], [5, 5], [1, 5], [1, 1]]
HOLE = [[2, 2], [4, 2], [4, 4], [2, 4], [2, 2]]
TUMOR = {"name": "Tumor", "color": [200, 0, 0]}


def feature(geometry: Any, kind: Any = TUMOR, **more: Any) -> dict[str, Any]:
    said = {} if kind is None else {"classification": kind}
    return {
        "type": "Feature",
        "id": "5b9c",
        "geometry": geometry,
        "properties": {"objectType": "annotation", **said},
        **more,
    }


def polygon(*rings: Any, **more: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings), **more}


def write(folder: Path, content: Any, picture: bool = True, name: str = "slide.geojson") -> Path:
    if not isinstance(content, list | dict) or (content and isinstance(content, list)):
        content = {"type": "FeatureCollection", "features": content}
    if picture:
        Image.new("L", (9, 7)).save(folder / "slide.png")
    (folder / name).write_text(json.dumps(content))
    return folder / name


def read(folder: Path, content: Any, picture: bool = True, name: str = "slide.geojson") -> LabelledPicture:
    (found,) = read_labelled(write(folder, content, picture, name))
    return found


def square(value: int = 1) -> np.ndarray:
    labels = np.zeros((7, 9), np.uint8)
    labels[1:5, 1:5] = value
    return labels


def test_a_collection_with_a_hole_under_its_class_and_colour(tmp_path):
    found = read(tmp_path, [feature(polygon(SQUARE, HOLE))])
    expected = square()
    expected[2:4, 2:4] = 0
    np.testing.assert_array_equal(found.labels, expected)
    assert [(c.id, c.name, c.colour) for c in found.categories] == [(1, "Tumor", (200, 0, 0))]
    assert found.picture_path == (tmp_path / "slide.png").resolve()
    assert found.name == "slide"
    assert "notes" not in found.record


@pytest.mark.parametrize("bare", [True, False])
@pytest.mark.parametrize("name", ["slide.geojson", "slide.json"])
def test_a_bare_list_and_a_single_feature(tmp_path, bare, name):
    one = feature(polygon(SQUARE))
    path = write(tmp_path, {}, name=name)
    path.write_text(json.dumps([one] if bare else one))
    assert is_labelled(path)
    np.testing.assert_array_equal(read_labelled(path)[0].labels, square())


@pytest.mark.parametrize(
    ("said", "name", "colour"),
    [
        ({"name": "Tumor", "colorRGB": -3670016}, "Tumor", (200, 0, 0)),
        ({"names": ["Tumor", "Positive"], "color": [1, 2, 3]}, "Tumor: Positive", (1, 2, 3)),
        ({"name": "Region*", "color": [1, 2, 3]}, "Region*", (1, 2, 3)),
        ("Tumor", "Tumor", None),
        ({"name": "腫瘍, groß"}, "腫瘍, groß", None),
        (None, "unclassified", None),
        ({"name": None}, "unclassified", None),
        ({}, "unclassified", None),
    ],
)
def test_classes_as_qupath_has_written_them(tmp_path, said, name, colour):
    found = read(tmp_path, [feature(polygon(SQUARE), said)])
    (category,) = found.categories
    assert category.name == name
    assert colour is None or category.colour == colour
    if name == "unclassified":
        assert found.record["notes"] == ["Objects without a class are called 'unclassified': 1."]


def test_ignore_is_what_nobody_knows(tmp_path):
    found = read(tmp_path, [feature(polygon(SQUARE), {"name": "Ignore*"}), feature(polygon(HOLE))])
    expected = square(255)
    expected[2:4, 2:4] = 1
    np.testing.assert_array_equal(found.labels, expected)
    assert [c.name for c in found.categories] == ["Tumor"]


def test_many_polygons_collections_and_cells(tmp_path):
    many = {"type": "MultiPolygon", "coordinates": [[SQUARE], [[[6, 0], [8, 0], [8, 6], [6, 6]]]]}
    both = {"type": "GeometryCollection", "geometries": [many, {"type": "Point", "coordinates": [0, 0]}]}
    cell = feature(both, nucleusGeometry=polygon(HOLE))
    cell["properties"]["objectType"] = "cell"
    found = read(tmp_path, [cell])
    expected = square()
    expected[:6, 6:8] = 1
    np.testing.assert_array_equal(found.labels, expected)
    assert "nuclei were left out" in found.record["notes"][0]


def test_what_covers_nothing_is_named_and_counted(tmp_path):
    line = {"type": "LineString", "coordinates": [[0, 0], [4, 4]]}
    wrong = [
        3,
        feature(line),
        feature(line),
        feature({"type": "Point", "coordinates": [0, 0]}),
        feature(None),
        feature(polygon()),
        feature(polygon([[1, 1], [2, 2]])),
        feature(polygon([[1, 1], [2, None], [3, 3]])),
        feature(polygon([[1, 1], [2, 1e300], [3, 3]])),
        feature(polygon([[100, 100], [120, 100], [120, 120]])),
    ]
    found = read(tmp_path, [*wrong, feature(polygon(SQUARE))])
    np.testing.assert_array_equal(found.labels, square())
    said = "\n".join(found.record["notes"])
    assert "slide.geojson: 2 objects were left out, each because it is a LineString, which covers" in said
    assert "number 2 5b9c" in said
    for reason in (
        "a Point",
        "no geometry",
        "no coordinates",
        "three corners",
        "pairs",
        "further",
        "no pixel",
    ):
        assert reason in said


def test_planes_of_a_stack_are_pictures_of_their_own(tmp_path):
    things = [feature(polygon(SQUARE, plane={"c": -1, "z": z, "t": 0})) for z in (4, 0)]
    path = write(tmp_path, things)
    found = read_labelled(path)
    assert [one.name for one in found] == ["slide z0", "slide z4"]
    assert [one.picture_path for one in found] == [None, None]
    for one in found:
        np.testing.assert_array_equal(one.labels, square())


def test_without_picture_the_outlines_say_how_large_it_is(tmp_path):
    found = read(tmp_path, [feature(polygon([[1.5, 1], [5, 1], [5, 5.25]]))], picture=False)
    assert found.labels.shape == (6, 5)
    assert "as far as its outlines reach" in found.record["notes"][0]


def test_nothing_at_all_and_too_much(tmp_path):
    with pytest.raises(InputError, match="how large"):
        read(tmp_path, {"type": "FeatureCollection", "features": [], "geometry": 0}, picture=False)
    with pytest.raises(InputError, match="too many"):
        read(tmp_path, [feature(polygon([[0, 0], [9e6, 0], [9e6, 9e6]]))], picture=False)
    path = write(tmp_path, {"type": "Feature", "geometry": None})
    path.write_text('"Feature" "geometry" {')
    with pytest.raises(InputError, match="no JSON"):
        read_labelled(path)


def test_a_name_with_a_space_at_its_end_is_said(tmp_path):
    for classification in ({"name": "b "}, "b "):
        (found,) = read_labelled(write(tmp_path, [feature(polygon(SQUARE), classification)]))
        assert [c.name for c in found.categories] == ["b"]
        assert found.record["notes"] == ["slide.geojson: names were changed: 'b ' is 'b'."]


def test_a_folder_has_one_table_and_a_broken_file_is_named(tmp_path):
    write(tmp_path, [feature(polygon(SQUARE), {"name": "b"})])
    write(tmp_path, [feature(polygon(SQUARE)), feature(polygon(HOLE), {"name": "b"})], name="a.geojson")
    (tmp_path / "c.geojson").write_text('{"type": "FeatureCollection"')
    found = read_labelled(tmp_path)
    assert [one.name for one in found] == ["a", "slide"]
    assert [[c.name for c in one.categories] for one in found] == [["Tumor", "b"]] * 2
    np.testing.assert_array_equal(found[1].labels, square(2))
    assert any("c.geojson is no JSON" in note for note in found[0].record["notes"])
    problems: list[str] = []
    again = read_labelled(tmp_path, on_refused=problems.append)
    assert len(problems) == 1
    assert len(again[0].record["notes"]) == len(found[0].record["notes"]) - 1


def test_pictures_are_found_in_the_folder_that_was_named(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "labels" / "deep").mkdir(parents=True)
    Image.new("L", (9, 7)).save(tmp_path / "photos" / "slide.png")
    path = write(tmp_path / "labels" / "deep", [feature(polygon(SQUARE))], picture=False)
    (found,) = read_labelled(path, pictures=tmp_path / "photos")
    assert found.picture_path == (tmp_path / "photos" / "slide.png").resolve()
    np.testing.assert_array_equal(found.labels, square())
