from __future__ import annotations

import json

import numpy as np
import shapely
from hypothesis import given, settings
from shapely.geometry import shape as to_shape

from drawn import labelled, many, void_of
from napari_ovseg.export import export
from napari_ovseg.labelled import LabelledPicture


def check(features: list[dict], one: LabelledPicture) -> None:
    named = {category.name: category for category in one.categories}
    rows, columns = np.mgrid[: one.labels.shape[0], : one.labels.shape[1]] + 0.5
    read = np.zeros(one.labels.shape, np.int64)
    for feature in features:
        thing = to_shape(feature["geometry"])
        found = feature["properties"]["classification"]
        mask = shapely.contains_xy(thing, columns, rows)
        assert feature["type"] == "Feature"
        assert feature["properties"]["objectType"] == "annotation"
        assert thing.is_valid
        assert thing.area == mask.sum()
        assert not read[mask].any()
        read[mask] = void_of(one) if found["name"] == "Ignore*" else named[found["name"]].id
        if found["name"] in named:
            assert tuple(found["color"]) == named[found["name"]].colour
    np.testing.assert_array_equal(read, one.labels)


@settings(max_examples=50)
@given(labelled())
def test_shapely_reads_the_same_pixels(tmp_path_factory, one):
    folder = tmp_path_factory.mktemp("geojson")
    summary = export([one], folder, "geojson")
    content = json.loads((folder / "a.geojson").read_text(encoding="utf-8"))
    assert content["type"] == "FeatureCollection"
    check(content["features"], one)
    assert len({feature["id"] for feature in content["features"]}) == len(content["features"])
    assert summary.notes == ()


def test_three_hundred_categories_with_holes(tmp_path):
    export([many()], tmp_path, "geojson")
    check(json.loads((tmp_path / "many.geojson").read_text(encoding="utf-8"))["features"], many())


@given(labelled(void=False))
@settings(max_examples=20)
def test_corners_join_or_not_as_asked(tmp_path_factory, one):
    folder = tmp_path_factory.mktemp("geojson")
    export([one], folder, "geojson", connectivity=4)
    content = json.loads((folder / "a.geojson").read_text(encoding="utf-8"))
    assert all(feature["geometry"]["type"] == "Polygon" for feature in content["features"])
    check(content["features"], one)
