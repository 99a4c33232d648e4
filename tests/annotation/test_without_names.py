"""Labels without names: how many ids they hold, and the categories they become."""

import dask.array as da
import numpy as np
import pytest

from napari_ovseg.annotation.without_names import MOST_CATEGORIES, IdsFound, as_categories, ids_found


def test_ids_are_counted_until_they_are_too_many():
    few = np.zeros((3, 8, 8), np.int32)
    few[2, 0, :3] = 7, 9, 400
    assert ids_found(few) == IdsFound(3)
    many = np.zeros((3, 8, 8), np.int32)
    many[1] = np.arange(64).reshape(8, 8)
    assert ids_found(many).said == "over 63 ids"
    assert ids_found(many[1]).said == "63 ids"
    assert ids_found(np.zeros((8, 8), bool)).count == 0


def test_planes_are_read_one_by_one_and_no_more_than_needed():
    read = []

    def plane(block_info=None):
        read.append(block_info[None]["chunk-location"][0])
        return np.arange(100).reshape(1, 10, 10)

    stack = da.map_blocks(plane, dtype=int, chunks=((1,) * 5, (10,), (10,)), meta=np.empty((0, 0, 0), int))
    assert ids_found(stack).number_things
    assert read == [0]
    assert ids_found(stack, lambda: True) == IdsFound(0)
    assert read == [0]


@pytest.mark.parametrize(
    ("ids", "one", "expected"),
    [
        ([0, 3, 5], False, [0, 3, 5]),
        ([0, 255], False, [0, 1]),
        ([0, -4, 70000], False, [0, 1, 2]),
        ([0, -4, 70000], True, [0, 1, 1]),
        ([5, 6, 7], False, [5, 6, 7]),
    ],
)
def test_ids_become_those_of_categories(ids, one, expected):
    labels = np.array([ids], np.int64)
    found = as_categories(labels, one=one)
    assert found.dtype == np.uint8
    assert found.tolist() == [expected]


def test_as_many_ids_as_can_be_told_apart_in_a_table_are_categories():
    assert not IdsFound(MOST_CATEGORIES).number_things
    assert IdsFound(MOST_CATEGORIES + 1).number_things
