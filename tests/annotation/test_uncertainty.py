import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.measure import label

from napari_ovseg.annotation.uncertainty import UNSURE_BELOW, Place, likeliest, uncertain_places
from napari_ovseg.segmentation import State


def nothing(confidence):
    return np.zeros(confidence.shape, bool)


def pixels(place, shape):
    whole = np.zeros(shape, bool)
    whole[place.box] = place.mask
    return whole


def test_the_largest_unsure_place_comes_first_and_then_the_next():
    confidence = np.ones((8, 8), np.float32)
    confidence[1:3, 1:3] = 0.1
    confidence[5:8, 5:8] = 0.1
    first, second = uncertain_places(confidence, nothing(confidence))
    assert np.array_equal(pixels(first, (8, 8)), np.pad(np.ones((3, 3), bool), ((5, 0), (5, 0))))
    assert second.mask.sum() == 4
    assert [p.mask.sum() for p in uncertain_places(confidence, pixels(first, (8, 8)))] == [4]


def test_a_small_place_without_a_clue_comes_before_a_large_one_that_is_nearly_sure():
    confidence = np.ones((8, 8), np.float32)
    confidence[:2, :2] = 0
    confidence[4:, :] = UNSURE_BELOW - 0.01
    assert uncertain_places(confidence, nothing(confidence))[0].box == (slice(0, 2), slice(0, 2))


@given(hnp.arrays(np.float32, (6, 7), elements=st.floats(0, 1, width=16)), hnp.arrays(bool, (6, 7)))
def test_places_are_the_whole_regions_of_unsure_unsettled_pixels(confidence, settled):
    """Independent oracle: scikit-image's connected components."""
    regions = label((confidence < UNSURE_BELOW) & ~settled, connectivity=1)
    found = [pixels(place, (6, 7)) for place in uncertain_places(confidence, settled)]
    doubts = [float((UNSURE_BELOW - confidence[place]).sum()) for place in found]
    assert doubts == sorted(doubts, reverse=True) or np.allclose(doubts, sorted(doubts, reverse=True))
    wanted = [regions == k for k in range(1, regions.max() + 1)]
    wanted = [one for one in wanted if (UNSURE_BELOW - confidence[one]).sum() >= 1e-4 * 42]
    assert sorted(map(bytes, found)) == sorted(map(bytes, wanted))


@pytest.mark.parametrize("shape", [(2048, 2048), (1537, 601), (513, 700)])
def test_in_a_large_picture_specks_beside_each_other_are_one_place_and_it_is_quick(shape):
    confidence = np.ones(shape, np.float32)
    confidence[100:140, 200:260:2] = 0
    confidence[-20:, -30:] = 0.1
    confidence[300, 300] = 0
    begun = time.perf_counter()
    places = uncertain_places(confidence, nothing(confidence))
    assert time.perf_counter() - begun < 2
    assert [place.mask.sum() for place in places] == [1200, 600]
    assert np.array_equal(pixels(places[1], shape), confidence == np.float32(0.1))
    seen = sum(pixels(place, shape) for place in places) > 0
    assert uncertain_places(confidence, seen) == []


def test_a_place_is_named_by_what_it_is_taken_for_and_by_what_the_scores_say():
    names = {0: "background", 3: "cat", 7: "dog"}
    place = Place((slice(0, 4), slice(0, 4)), np.ones((4, 4), bool))
    masks = np.zeros((8, 8), np.uint8)
    scores = np.zeros((3, 2, 2), np.float32)
    scores[:, 0, 0], scores[:, 1, 1] = (0.5, 0.1, 0.4), (0, 1, 0)
    state = State((3, 7), scores, None)
    assert likeliest(place, masks, state, names) == ["background", "dog"]
    masks[:4, :3] = 3
    assert likeliest(place, masks, state, names) == ["cat", "background"]
    assert likeliest(place, masks, None, names) == ["cat", "background"]
    # a category that was deleted meanwhile is named no more
    assert likeliest(place, masks, state, {0: "background", 7: "dog"}) == ["background", "dog"]
    masks[:] = 3
    assert likeliest(place, masks, None, names) == ["cat"]
