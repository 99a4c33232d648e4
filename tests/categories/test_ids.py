from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from napari_ovseg.categories import count_ids, ids_in, labels_dtype, void_id, void_of
from napari_ovseg.errors import InputError


@pytest.mark.parametrize(("count", "void", "dtype"), [(1, 255, "u1"), (254, 255, "u1"), (255, 65535, "u2")])
def test_labels_grow_past_254_categories(count, void, dtype):
    assert void_id(count) == void
    assert labels_dtype(count) == np.dtype(dtype)
    assert count < void


def test_too_many_categories_for_any_labels():
    assert void_id(65534) == 65535
    with pytest.raises(InputError, match="65534"):
        labels_dtype(65535)


small = array_shapes(min_dims=2, max_dims=2, max_side=6)


@given(st.one_of(arrays(np.uint8, small), arrays(np.uint16, small)))
def test_ids_are_counted_as_one_counts_them_by_hand(labels):
    counts = count_ids(labels)
    assert len(counts) == void_of(labels) + 1
    assert ids_in(labels) == set(labels.ravel().tolist())
    assert all(counts[one] == (labels == one).sum() for one in ids_in(labels))
    assert counts.sum() == labels.size
