"""Which pictures are of one hue: grey or green ones are, photos and stained ones are not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage import data

from napari_ovseg.views.hue import GREY, brightest, hue_of

GREYS = np.random.default_rng(3).random((40, 60)).astype(np.float32)


def coloured(grey: np.ndarray, hue: tuple[float, float, float]) -> np.ndarray:
    return grey[..., None] * np.array(hue, np.float32)


@given(st.tuples(*[st.floats(0, 1)] * 3).filter(lambda hue: max(hue) > 0.5))
def test_the_hue_of_a_picture_and_its_brightness_are_found_again(parts):
    largest = max(parts)
    wanted = tuple(part / largest for part in parts)
    picture = coloured(GREYS, wanted)
    hue = hue_of(picture)
    assert hue is not None
    if hue == GREY:
        assert min(wanted) > 0.95
        return
    np.testing.assert_allclose(hue, wanted, atol=2e-3)
    np.testing.assert_allclose(brightest(picture), GREYS, atol=2e-3)


def test_two_dyes_are_two_hues():
    picture = coloured(GREYS, (0, 1, 0)) + coloured(GREYS[::-1], (0, 0, 1))
    assert hue_of(picture) is None


@pytest.mark.parametrize("name", ["immunohistochemistry", "astronaut", "coffee", "retina"])
def test_photos_and_stained_pictures_have_several(name):
    try:
        picture = getattr(data, name)()
    except (ImportError, OSError) as error:
        pytest.skip(f"scikit-image has to download {name}: {error}")
    assert hue_of(picture[::4, ::4].astype(np.float32) / 255) is None


def test_a_scale_bar_on_a_grey_picture_is_no_colour_and_stays_bright():
    picture = coloured(GREYS, (1, 1, 1))
    picture[:2, :10] = (1, 0.9, 0)
    assert hue_of(picture) == GREY
    assert brightest(picture)[:2, :10].min() == 1


def test_a_few_red_spots_among_green_things_are_seen():
    picture = np.zeros((100, 100, 3), np.float32)
    picture[20:60, 20:60, 1] = 0.8
    picture[70:75, 70:75, 0] = 0.9
    assert hue_of(picture) is None


def test_sparse_things_in_two_colours_are_no_grey_picture():
    picture = np.zeros((200, 200, 3), np.float32)
    picture[20:32, 20:32, 0] = 0.9
    picture[120:132, 90:102, 1] = 0.9
    assert hue_of(picture) is None
    picture[..., 1] = 0
    assert hue_of(picture) == GREY, "sparse things in one colour are as bright in grey"


def test_black_is_grey():
    assert hue_of(np.zeros((4, 4, 3), np.float32)) == GREY
