"""Shapes of COCO: the pixels of pycocotools where a shape is right, one reason where it is not."""

from __future__ import annotations

import resource
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as pycocotools

from napari_ovseg.imports.coco_shapes import drawn
from napari_ovseg.imports.skipped import Unusable

NAN, INF = float("nan"), float("inf")
SQUARE = [1, 1, 5, 1, 5, 5, 1, 5]
sides = st.integers(1, 40)


def full(segmentation, shape):
    whole = np.zeros(shape, bool)
    try:
        (row, column), mask = drawn({"segmentation": segmentation}, shape)
    except Unusable as error:
        assert "covers no pixel" in str(error)  # noqa: PT017
        return whole
    assert mask.shape[0] + row <= shape[0]
    assert mask.shape[1] + column <= shape[1]
    whole[row : row + mask.shape[0], column : column + mask.shape[1]] = mask
    return whole


@st.composite
def polygons(draw):
    """Polygons of any form, on whole, half and odd coordinates, in a picture and beyond its edges."""
    height, width = draw(sides), draw(sides)
    step = draw(st.sampled_from([1.0, 0.5, 0.1, 1 / 3]))
    number = st.integers(int(-20 / step), int(60 / step)).map(lambda count: count * step)
    ring = st.lists(st.tuples(number, number), min_size=3, max_size=9)
    return [
        [part for point in one for part in point] for one in draw(st.lists(ring, min_size=1, max_size=3))
    ], (height, width)


@settings(max_examples=120)
@given(polygons())
def test_polygons_cover_the_pixels_that_pycocotools_gives(drawn_polygons):
    said, (height, width) = drawn_polygons
    expected = pycocotools.decode(pycocotools.merge(pycocotools.frPyObjects(said, height, width)))
    np.testing.assert_array_equal(full(said, (height, width)), expected.astype(bool))
    if len(said) == 1:
        np.testing.assert_array_equal(full(said[0], (height, width)), expected.astype(bool))


@settings(max_examples=100)
@given(st.data(), sides, sides)
def test_run_lengths_as_list_and_as_text_give_the_pixels_back(data, height, width):
    runs = data.draw(st.lists(st.integers(0, 3 * height), max_size=20))
    flat = np.zeros(height * width, np.uint8)
    for start, end in zip(np.cumsum(runs)[::2], np.cumsum(runs)[1::2], strict=False):
        flat[start:end] = 1
    mask = flat.reshape((height, width), order="F")
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = [*([0] if flat[0] else []), *np.diff([0, *edges.tolist(), flat.size]).tolist()]
    text = pycocotools.encode(np.asfortranarray(mask))["counts"].decode()
    for said in (counts, [float(count) for count in counts], text):
        np.testing.assert_array_equal(
            full({"size": [height, width], "counts": said}, (height, width)), mask.astype(bool)
        )
        np.testing.assert_array_equal(full({"counts": said}, (height, width)), mask.astype(bool))


@pytest.mark.parametrize(
    ("segmentation", "reason"),
    [
        (None, "no segmentation"),
        ([], "no segmentation"),
        ("[[1, 1, 5, 1, 5, 5]]", "is text"),
        (3, "is a number"),
        (True, "true or false"),
        ([[1, 1, 5, 1]], "fewer than three"),
        ([[1, 1, 5, 1, 5]], "odd number"),
        ([[]], "fewer than three"),
        ([[[1, 1], [5, 1], [5, 5]]], "is a list"),
        ([SQUARE, [1, 1, NAN, 1, 5, 5]], "not finite"),
        ([[1, 1, INF, 1, 5, 5]], "not finite"),
        ([[1, 1, -INF, 1, 5, 5]], "not finite"),
        ([[1, 1, 3.5e8, 1, 5, 5]], "further out"),
        ([[1, 1, -1e300, 1, 5, 5]], "further out"),
        ([[1, 1, 10**400, 1, 5, 5]], "too large"),
        ([[1, 1, None, 1, 5, 5]], "is null"),
        ([[1, 1, "5", 1, 5, 5]], "is text"),
        ([[1, 1, True, 1, 5, 5]], "true or false"),
        ([[1, 1, {}, 1, 5, 5]], "an object"),
        ([SQUARE, 3], "a number"),
        ([[-9, -9, -5, -9, -5, -5]], "covers no pixel"),
        ([[2.1, 2.1, 2.2, 2.1, 2.2, 2.2]], "covers no pixel"),
        ({}, "run lengths are null"),
        ({"counts": 5}, "are a number"),
        ({"counts": []}, "add up"),
        ({"counts": [40, 9]}, "add up"),
        ({"counts": [0, 10**7]}, "add up"),
        ({"counts": [0, 10**400]}, "too large"),
        ({"counts": [-5, 10, 43]}, "negative"),
        ({"counts": [0, 47.5, 0.5]}, "whole"),
        ({"counts": [0, NAN, 48]}, "not finite"),
        ({"counts": [0, "48"]}, "is text"),
        ({"counts": [False, 48]}, "true or false"),
        ({"counts": [[0, 48]]}, "is a list"),
        ({"counts": "zzzzzzzz~~~"}, "mean nothing"),
        ({"counts": "0é"}, "mean nothing"),
        ({"counts": "\x00\x01"}, "mean nothing"),
        ({"counts": "0P"}, "break off"),
        ({"counts": ""}, "break off"),
        ({"counts": "ooooooooooooo0"}, "too large"),
        ({"counts": "O0"}, "negative"),
        ({"counts": "0:0"}, "add up"),
        ({"counts": [48]}, "covers no pixel"),
        ({"size": [8, 6], "counts": [0, 48]}, "size 8 x 6"),
        ({"size": [6], "counts": [0, 48]}, "no size"),
        ({"size": "6", "counts": [0, 48]}, "no size"),
        ({"size": [6, 8, 1], "counts": [0, 48]}, "no size"),
        ({"size": [6, NAN], "counts": [0, 48]}, "size 6 x None"),
    ],
)
def test_what_is_wrong_is_one_reason(segmentation, reason):
    with pytest.raises(Unusable, match=reason):
        drawn({"segmentation": segmentation}, (6, 8))


def test_a_box_is_no_mask():
    with pytest.raises(Unusable, match="box without a mask"):
        drawn({"bbox": [1, 2, 3, 4], "segmentation": []}, (6, 8))


def test_a_size_as_text_or_as_float_is_that_size():
    for size in (["6", "8"], [6.0, 8.0]):
        assert full({"size": size, "counts": [0, 48]}, (6, 8)).all()


def test_parts_of_too_few_points_are_nothing_beside_others():
    expected = full([SQUARE], (6, 8))
    np.testing.assert_array_equal(full([[0, 0, 8, 6], SQUARE, []], (6, 8)), expected)


@pytest.mark.parametrize("far", [300, 90_000, 9_999_999])
def test_polygons_that_reach_out_are_clipped_in_little_memory(far):
    said = [[-far, -far, 30, -far, 30, 30, -far, 30]]
    tracemalloc.start()
    found = full(said, (256, 256))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    expected = np.zeros((256, 256), bool)
    expected[:30, :30] = True
    np.testing.assert_array_equal(found, expected)
    assert most < 3_000_000


def test_many_points_take_memory_of_the_list_and_the_picture_alone():
    points = np.random.default_rng(0).uniform(0, 256, 60_000).tolist()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    full([points], (256, 256))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    # pycocotools takes 2.5 GB for it
    assert grown * (1 if sys.platform == "darwin" else 1024) < 400_000_000
