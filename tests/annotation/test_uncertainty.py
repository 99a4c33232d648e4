import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.measure import label

from napari_ovseg.annotation.uncertainty import UNSURE_BELOW, next_uncertain_place


def nothing(confidence):
    return np.zeros(confidence.shape, bool)


def test_the_largest_unsure_place_comes_first_and_then_the_next():
    confidence = np.ones((8, 8), np.float32)
    confidence[1:3, 1:3] = 0.1
    confidence[5:8, 5:8] = 0.1
    first = next_uncertain_place(confidence, nothing(confidence))
    assert np.array_equal(first, np.pad(np.ones((3, 3), bool), ((5, 0), (5, 0))))
    second = next_uncertain_place(confidence, first)
    assert second.sum() == 4
    assert next_uncertain_place(confidence, first | second) is None


def test_a_small_place_without_a_clue_comes_before_a_large_one_that_is_nearly_sure():
    confidence = np.ones((8, 8), np.float32)
    confidence[:2, :2] = 0
    confidence[4:, :] = UNSURE_BELOW - 0.01
    assert next_uncertain_place(confidence, nothing(confidence))[0, 0]


@given(hnp.arrays(np.float32, (6, 7), elements=st.floats(0, 1, width=16)), hnp.arrays(bool, (6, 7)))
def test_a_place_is_one_whole_region_of_unsure_unsettled_pixels(confidence, settled):
    """Independent oracle: scikit-image's connected components."""
    regions = label((confidence < UNSURE_BELOW) & ~settled, connectivity=1)
    found = next_uncertain_place(confidence, settled)
    if found is None:
        assert not regions.any()
        return
    doubt = {k: (UNSURE_BELOW - confidence[regions == k]).sum() for k in range(1, regions.max() + 1)}
    (which,) = np.unique(regions[found])
    assert np.array_equal(found, regions == which)
    assert doubt[which] >= max(doubt.values()) - 1e-5
