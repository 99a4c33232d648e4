"""Outlines drawn into labels: exactly the pixels they were made from, in the memory of the picture."""

from __future__ import annotations

import tracemalloc

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, Polygon

from napari_ovseg.export.outlines import outlines, polygons
from napari_ovseg.imports.drawing import Canvas, cover, fill, ring_of
from napari_ovseg.imports.skipped import Unusable

MASKS = hnp.arrays(bool, st.tuples(st.integers(1, 14), st.integers(1, 14)))


def whole(drawn, shape):
    (row, column), mask = drawn
    found = np.zeros(shape, bool)
    found[row : row + mask.shape[0], column : column + mask.shape[1]] = mask
    return found


@settings(max_examples=100)
@given(mask=MASKS)
def test_outlines_of_a_mask_give_the_mask(mask):
    if mask.any():
        rings = [ring.astype(float) for rings in outlines(mask) for ring in rings]
        np.testing.assert_array_equal(whole(fill(rings, mask.shape), mask.shape), mask)
        parts = [[ring.astype(float) for ring in (outer, *holes)] for outer, holes in polygons(mask)]
        np.testing.assert_array_equal(whole(cover(parts, mask.shape), mask.shape), mask)


@settings(max_examples=60)
@given(
    points=hnp.arrays(float, st.tuples(st.integers(3, 7), st.just(2)), elements=st.floats(-15, 25, width=32))
)
def test_a_pixel_is_covered_where_its_middle_is_inside(points):
    shape = (10, 12)
    polygon = Polygon(points)
    drawn = fill([points], shape)
    found = np.zeros(shape, bool) if drawn is None else whole(drawn, shape)
    if polygon.is_valid:
        for row, column in np.ndindex(shape):
            middle = Point(column + 0.5, row + 0.5)
            if polygon.boundary.distance(middle) > 1e-6:
                assert found[row, column] == polygon.contains(middle)


def test_parts_outside_cost_nothing():
    far = np.array([[-9e6, -9e6], [9e6, -9e6], [9e6, 9e6], [-9e6, 9e6]])
    tracemalloc.start()
    assert whole(fill([far], (100, 100)), (100, 100)).all()
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()
    assert fill([far + 2e7], (100, 100)) is None


def test_many_parts_that_each_cover_the_picture_take_the_memory_of_one():
    square = np.array([[0, 0], [300, 0], [300, 300], [0, 300.0]])
    tracemalloc.start()
    assert cover([[square]] * 200, (300, 300))[1].all()
    assert tracemalloc.get_traced_memory()[1] < 3_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (None, "pairs"),
        ([], "pairs|three"),
        ([1, 2, 3], "pairs"),
        ([1, 2, 3, 4], "three"),
        ([[1, 2], [3, 4]], "three"),
        ([["1", "2"], ["3", "4"], ["5", "6"]], "pairs"),
        ([[1, 2], [3, 4], [5]], "pairs"),
        ([[1, 2], [3, 4], [5, None]], "pairs"),
        ([[1, 2], [3, 4], [5, float("nan")]], "finite"),
        ([[1, 2], [3, 4], [5, float("-inf")]], "finite"),
        ([[1, 2], [3, 4], [5, 3.52e8]], "further out"),
        ([[1, 2], [3, 4], [5, 10**400]], "pairs"),
        ([[True, False]] * 3, "pairs"),
        ({"x": 1}, "pairs"),
        ([[[1, 2]] * 3], "pairs"),
    ],
)
def test_what_is_no_outline(said, reason):
    with pytest.raises(Unusable, match=reason):
        ring_of(said)


def test_flat_lists_and_heights_are_taken():
    np.testing.assert_array_equal(ring_of([0, 1, 2, 3, 4, 5]), [[0, 1], [2, 3], [4, 5]])
    np.testing.assert_array_equal(ring_of([[0, 1, 9], [2, 3, 9], [4, 5, 9]]), [[0, 1], [2, 3], [4, 5]])


@pytest.mark.parametrize("order", [1, -1])
def test_the_smaller_thing_is_above(order):
    canvas = Canvas((6, 8), np.uint8)
    things = [(1, (0, 0), np.ones((6, 8), bool)), (2, (1, 1), np.ones((2, 2), bool))]
    for thing in things[::order]:
        canvas.draw(*thing)
    assert canvas.labels[1:3, 1:3].tolist() == [[2, 2], [2, 2]]
    assert (canvas.labels == 1).sum() == 44
    assert canvas.shared == 4
