from __future__ import annotations

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from napari_ovseg.export.instances import instances_of
from napari_ovseg.export.plan import Options

pictures = hnp.arrays(
    np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.sampled_from([0, 3, 7])
)


@given(pictures, st.sampled_from([4, 8]), st.integers(1, 4))
def test_things_are_the_connected_regions_of_each_label(labels, connectivity, least):
    things = instances_of(labels, Options(least, connectivity))
    expected, small = set(), 0
    for value in (3, 7):
        regions, count = ndimage.label(labels == value, np.ones((3, 3)) if connectivity == 8 else None)
        for number in range(1, count + 1):
            mask = regions == number
            if mask.sum() >= least:
                expected.add((value, mask.tobytes()))
            else:
                small += 1
    found = set()
    for thing in things:
        mask = np.zeros(labels.shape, bool)
        row, column = thing.corner
        mask[row : row + thing.mask.shape[0], column : column + thing.mask.shape[1]] = thing.mask
        found.add((thing.id, mask.tobytes()))
    assert found == expected
    assert things.left_out == small


@given(pictures)
def test_cutting_apart_loses_no_pixel_and_joins_nothing(labels):
    whole = instances_of(labels, Options())
    cut = instances_of(labels, Options(split_touching=True))
    np.testing.assert_array_equal(cut.regions > 0, labels > 0)
    for number in range(1, len(cut.ids) + 1):
        assert len(np.unique(whole.regions[cut.regions == number])) == 1
        assert (labels[cut.regions == number] == cut.ids[number - 1]).all()


def discs(centres: list[tuple[float, float]], radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:80, :120]
    inside = [(rows - y) ** 2 + (columns - x) ** 2 <= radius**2 for y, x in centres]
    return np.any(inside, axis=0).astype(np.uint8)


@pytest.mark.parametrize("radius", [5, 8, 14])
@pytest.mark.parametrize("apart", [1.5, 1.8, 2.0])
def test_touching_discs_are_cut_apart_and_one_disc_is_not(radius, apart):
    split = Options(split_touching=True)
    two = discs([(40, 40), (40, 40 + apart * radius)], radius)
    assert len(instances_of(two, Options()).ids) == 1
    things = instances_of(two, split)
    assert len(things.ids) == 2
    first, second = np.bincount(things.regions.ravel())[1:]
    assert abs(int(first) - int(second)) <= 0.15 * first
    assert len(instances_of(discs([(40, 40)], radius), split).ids) == 1
