from __future__ import annotations

import hypothesis.extra.numpy as hnp
import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from napari_ovseg.export.outlines import outlines, polygons, without_holes

masks = hnp.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))


def covered(shapes: list[shapely.Polygon], shape: tuple[int, int]) -> np.ndarray:
    """Count how many polygons cover the centre of each pixel."""
    rows, columns = np.mgrid[: shape[0], : shape[1]] + 0.5
    return sum((shapely.contains_xy(one, columns, rows).astype(int) for one in shapes), np.zeros(shape, int))


@given(masks)
def test_polygons_are_valid_and_cover_each_pixel_once(mask):
    shapes = [shapely.Polygon(outer, holes) for outer, holes in polygons(mask)]
    assert all(one.is_valid for one in shapes)
    assert len(shapes) == ndimage.label(mask)[1]
    assert sum(one.area for one in shapes) == mask.sum()
    np.testing.assert_array_equal(covered(shapes, mask.shape), mask)


@given(masks)
def test_only_corners_are_kept(mask):
    outer, holes = outlines(mask)
    for ring in outer + holes:
        steps = np.roll(ring, -1, axis=0) - ring
        assert ((steps != 0).sum(axis=1) == 1).all()
        assert (np.sign(steps) * np.sign(np.roll(steps, -1, axis=0)) == 0).all()


@given(masks)
def test_what_touches_at_a_corner_has_one_outline(mask):
    things, count = ndimage.label(mask, np.ones((3, 3)))
    for number in range(1, count + 1):
        assert len(outlines(things == number)[0]) == 1


@given(masks)
def test_parts_without_holes_cover_the_same_pixels(mask):
    shapes = [shapely.make_valid(shapely.Polygon(ring)) for ring in without_holes(mask)]
    np.testing.assert_array_equal(covered(shapes, mask.shape), mask)


def test_a_square_by_hand():
    mask = np.zeros((4, 5), bool)
    mask[1:3, 1:4] = True
    outer, holes = outlines(mask)
    assert [ring.tolist() for ring in outer] in ([[[4, 1], [4, 3], [1, 3], [1, 1]]],)
    assert holes == []
