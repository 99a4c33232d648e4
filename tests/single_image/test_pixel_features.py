import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import ndimage
from skimage.feature import multiscale_basic_features

from napari_ovseg.errors import Cancelled
from napari_ovseg.single_image.pixel_features import (
    ALIGNED,
    CENTRES,
    LEAST_DEVIATION,
    MEASURED,
    REACH,
    SCALES,
    SURROUNDINGS,
    Standard,
    coarser,
    filtered,
    is_grey,
    pixel_features,
)


def grey(size=(96, 120), seed=0):
    """A smooth field with some noise, in three equal channels."""
    draw = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(draw.normal(size=size), 3) * 3 + draw.normal(size=size) * 0.02
    return np.repeat((field + 0.5).clip(0, 1).astype(np.float32)[..., None], 3, 2)


def test_fine_columns_are_those_of_scikit_image():
    picture = grey()
    fine = [scale for scale in SCALES if coarser(scale) == 1]
    theirs = multiscale_basic_features(picture[..., 0], sigma_min=fine[0], sigma_max=fine[-1], edges=False)
    ours = filtered(picture, colour=False)[..., : 4 * len(fine)]
    inner = np.s_[20:-20, 20:-20]
    for number in range(len(fine)):
        for column, (own, other) in enumerate(((0, 0), (2, 1), (3, 2))):
            mine = ours[inner][..., 4 * number + own]
            known = theirs[inner][..., 3 * number + other]
            assert np.corrcoef(mine.ravel(), known.ravel())[0, 1] > 0.99, (number, column)
    blurred = ndimage.gaussian_filter(picture[..., 0], fine[2], mode="nearest")
    slope = np.hypot(*np.gradient(blurred))
    np.testing.assert_allclose(ours[..., 9], slope, atol=1e-5)


def test_coarse_filters_are_nearly_the_gaussians_that_they_stand_for():
    picture = grey((160, 200))
    found = filtered(picture, colour=False)
    for number, scale in enumerate(SCALES):
        plain = ndimage.gaussian_filter(picture[..., 0].astype(float), scale, mode="nearest")
        assert abs(found[..., 4 * number] - plain)[32:-32, 32:-32].max() < 0.05 * np.ptp(plain)


def test_local_contrast_is_what_it_is_said_to_be():
    picture = grey((160, 200))
    found = filtered(picture, colour=False)
    plane, at = picture[..., 0].astype(float), 4 * len(SCALES) + 1
    for around in SURROUNDINGS:
        mean = ndimage.gaussian_filter(plane, around, mode="nearest")
        squares = ndimage.gaussian_filter(plane**2, around, mode="nearest")
        deviation = np.sqrt(np.maximum(squares - mean**2, 0))
        wanted = [deviation]
        for centre in CENTRES:
            blurred = ndimage.gaussian_filter(plane, centre, mode="nearest")
            wanted.append((blurred - mean) / (deviation + LEAST_DEVIATION))
        for column in wanted:
            inner = np.s_[40:-40, 40:-40]
            assert abs(found[..., at] - column)[inner].max() < 0.05 * abs(column[inner]).max()
            at += 1
    assert at == found.shape[2] == 37


def test_the_light_does_not_change_local_contrast():
    """The same things, half as bright at one end: contrast carries over, intensity does not."""
    things = grey((128, 128))
    light = np.linspace(1, 0.5, 128, dtype=np.float32)[None, :, None]
    one, other = (filtered(p, colour=False)[32:-32, 32:-32] for p in (things, things * light))
    contrast = 4 * len(SCALES) + 2
    apart = [abs(one[..., c] - other[..., c]).mean() / one[..., c].std() for c in (contrast, 0)]
    assert apart[0] < 0.4 * apart[1]


@pytest.fixture(scope="module")
def large():
    """A picture that is larger than what filters reach, and what they find in it."""
    picture = np.random.default_rng(1).random((700, 720, 3), dtype=np.float32)
    return picture, filtered(picture, colour=True)


@pytest.mark.parametrize("corner", [(0, 0), (320, 40), (168, 360)])
def test_a_window_with_what_is_around_it_has_the_features_of_the_picture(large, corner):
    picture, whole = large
    top, left = corner
    assert top % ALIGNED == left % ALIGNED == 0
    outer = np.s_[max(0, top - REACH) : top + 64 + REACH, max(0, left - REACH) : left + 64 + REACH]
    window = filtered(picture[outer], colour=True)
    inner = np.s_[min(top, REACH) : min(top, REACH) + 64, min(left, REACH) : min(left, REACH) + 64]
    np.testing.assert_allclose(window[inner], whole[top : top + 64, left : left + 64], atol=2e-4)


def test_features_are_what_filters_find_by_the_standard_of_the_whole():
    picture = np.random.default_rng(1).random((160, 200, 3), dtype=np.float32)
    whole = filtered(picture, colour=True)
    assert whole[..., 0].size > MEASURED
    np.testing.assert_array_equal(Standard.of(whole)(whole), pixel_features(picture))


def test_standard_features_are_about_zero_and_of_one_spread():
    found = pixel_features(grey())
    assert found.dtype == np.float32
    assert abs(np.median(found, axis=(0, 1))).max() < 0.1
    spread = np.percentile(found, 84, axis=(0, 1)) - np.percentile(found, 16, axis=(0, 1))
    assert (abs(spread - 2 * np.log(2)) < 0.5).all()


def test_standard_is_the_signed_logarithm_of_spreads():
    standard = Standard(np.array([1.0], np.float32), np.array([2.0], np.float32))
    found = standard(np.array([[[1.0], [3.0], [-3.0]]], np.float32))
    np.testing.assert_allclose(found[0, :, 0], [0, np.log(2), -np.log(3)], rtol=1e-6)


def test_colour_has_columns_of_its_own():
    picture = grey()
    assert is_grey(picture)
    coloured = picture.copy()
    coloured[40:60, 40:60, 0] += 0.3
    coloured[40:60, 40:60, 2] -= 0.3
    assert not is_grey(coloured)
    assert pixel_features(coloured).shape[2] == 75
    np.testing.assert_array_equal(filtered(coloured, colour=True)[..., :37], filtered(coloured, colour=False))


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (7, 3), (33, 65)])
def test_any_size(size):
    picture = np.random.default_rng(0).random((*size, 3), dtype=np.float32)
    found = pixel_features(picture)
    assert found.shape == (*size, 75)
    assert np.isfinite(found).all()
    assert np.isfinite(pixel_features(np.zeros((*size, 3), np.float32))).all()


def test_coarse_cells_are_widened_as_torch_does_it():
    """A plane that only varies coarsely: the widest filter, against an interpolation written out."""
    picture = grey((64, 64))
    times, cells = coarser(32.0), picture[..., 0].reshape(8, 8, 8, 8).mean((1, 3))
    assert times == 8
    blurred = ndimage.gaussian_filter(cells, np.sqrt(32.0**2 - 63 / 12) / 8, mode="nearest")
    wide = F.interpolate(torch.from_numpy(blurred)[None, None], (64, 64), mode="bilinear")[0, 0].numpy()
    np.testing.assert_allclose(filtered(picture, colour=False)[..., 24], wide, atol=1e-6)


def test_stops_when_asked():
    def stop():
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        pixel_features(grey(), check=stop)
