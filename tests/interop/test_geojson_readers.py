"""GeoJSON: valid features whose shapes, as shapely reads them, cover exactly the pixels."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from hard_pictures import COLOUR_OF, NAME_OF, PLAIN, TURNED, VOID, labels, things
from programs import program

geojson = program("geojson")


@pytest.mark.parametrize("name", [TURNED, PLAIN])
def test_features_are_valid_and_cover_the_things(exported, name):
    text = (exported("geojson") / f"{name}.geojson").read_bytes()
    read = geojson.loads(text)
    assert read.is_valid, read.errors()
    drawn = labels(name == TURNED)
    expected = list(things(drawn, void=True))
    assert len(read.features) == len(expected)
    rows, columns = np.indices(drawn.shape) + 0.5
    left = {(number, mask.tobytes()) for number, mask in expected}
    for feature in read.features:
        shape = shapely.geometry.shape(feature.geometry)
        assert shape.is_valid, shapely.is_valid_reason(shape)
        mask = shapely.contains_xy(shape, columns, rows)
        assert shape.area == mask.sum()
        kind = feature.properties["classification"]
        (number,) = [one for one in (*NAME_OF, VOID) if {**NAME_OF, VOID: "Ignore*"}[one] == kind["name"]]
        assert number == VOID or tuple(kind["color"]) == COLOUR_OF[number]
        left.remove((number, mask.tobytes()))
    assert not left
    # GDAL and QuPath alike: outer rings one way round, holes the other.
    for feature in read.features:
        for part in shapely.get_parts(shapely.geometry.shape(feature.geometry)):
            turns = {shapely.is_ccw(hole) for hole in part.interiors}
            assert shapely.is_ccw(part.exterior) not in turns


def test_no_two_features_have_one_id(exported):
    found = [
        feature["id"]
        for name in (TURNED, PLAIN)
        for feature in geojson.loads((exported("geojson") / f"{name}.geojson").read_bytes()).features
    ]
    assert len(set(found)) == len(found)
