"""What a rendering does to a picture, against slow arithmetic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from napari_ovseg.views.looks import AS_IT_IS, Look
from napari_ovseg.views.rendering import BACKGROUND_WIDTH, Rendering, fit, render
from napari_ovseg.views.source import PictureInMemory

ALL = [
    Look(inverted, background, evened, gain)
    for inverted in (False, True)
    for background in (False, True)
    for evened in (False, True)
    for gain in (1.0, 0.25, 0.12)
]


def fitted_to(picture: np.ndarray, look: Look, level: float) -> Rendering:
    return fit(PictureInMemory(picture), look, level)


def blobs(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Bright blobs of some 6 pixels on an uneven, noisy field, ``(H, W, 3)``, in several colours."""
    rng = np.random.default_rng(seed)
    field = np.linspace(0.1, 0.4, width)[None, :] + rng.normal(0, 0.01, (height, width))
    seeds = ndimage.gaussian_filter((rng.random((height, width)) > 0.99).astype(float), 2)
    grey = np.clip(field + seeds / seeds.max() * 0.5, 0, 1).astype(np.float32)
    return np.stack([grey, grey * 0.9, grey[::-1] * 0.5], 2)


def slowly(picture: np.ndarray, look: Look, width: int) -> np.ndarray:
    """The same in float64, a colour at a time, with scipy's grey opening by a footprint."""
    shown = np.stack(
        [_flat(plane, look, width) for plane in np.moveaxis(picture.astype(np.float64), 2, 0)], 2
    )
    if look.background:
        shown = np.clip(shown / np.quantile(shown, 0.999), 0, 1)
    return (np.sqrt(shown) if look.evened else shown) * look.gain


def _flat(plane: np.ndarray, look: Look, width: int) -> np.ndarray:
    plane = 1 - plane if look.inverted else plane
    if not look.background:
        return plane
    opened = ndimage.grey_opening(plane, footprint=np.ones((width, width), bool), mode="nearest")
    return np.clip(plane - ndimage.uniform_filter(opened, width, mode="nearest"), 0, None)


@pytest.mark.parametrize("look", ALL, ids=str)
def test_agrees_with_slow_arithmetic(look):
    picture = blobs(60, 47)
    width = 2 * round((BACKGROUND_WIDTH / 2.4 - 1) / 2) + 1
    shown = render(picture, fitted_to(picture, look, level=2.4))
    assert shown.dtype == np.float32
    np.testing.assert_allclose(shown, slowly(picture, look, width), atol=2e-5)


@pytest.mark.parametrize("look", [look for look in ALL if not look.inverted], ids=str)
def test_the_inverse_picture_inverted_is_the_picture(look):
    picture, turned = blobs(70, 80), replace(look, inverted=True)
    inverse = 1 - picture
    np.testing.assert_allclose(
        render(inverse, fitted_to(inverse, turned, 1.5)),
        render(picture, fitted_to(picture, look, 1.5)),
        atol=2e-5,
    )


def test_as_it_is_changes_nothing():
    picture = blobs(30, 40)
    assert render(picture, fitted_to(picture, AS_IT_IS, 1.5)) is picture


@pytest.mark.parametrize("look", ALL, ids=str)
def test_the_picture_that_is_given_stays_as_it_was(look):
    picture = blobs(40, 40)
    before = picture.copy()
    render(picture, fitted_to(picture, look, 1.5))
    np.testing.assert_array_equal(picture, before)


@pytest.mark.parametrize("look", ALL, ids=str)
def test_a_window_shows_what_the_whole_picture_shows_there(look):
    picture = blobs(160, 200)
    fitted = fitted_to(picture, look, level=4)
    top, left, bottom, right, margin = 61, 70, 110, 131, fitted.margin
    around = picture[top - margin : bottom + margin, left - margin : right + margin]
    assert around.shape == (bottom - top + 2 * margin, right - left + 2 * margin, 3)
    shown = render(around, fitted)[margin : margin + bottom - top, margin : margin + right - left]
    np.testing.assert_allclose(shown, render(picture, fitted)[top:bottom, left:right], atol=1e-6)


def test_what_is_wider_than_the_width_goes_and_what_is_narrower_stays():
    picture = np.zeros((120, 120, 3), np.float32)
    picture[:, :60] = 0.6
    picture[50:58, 90:98] = 0.3
    shown = render(picture, fitted_to(picture, Look(background=True), level=2))
    assert shown[:, 10:40].max() < 1e-6
    assert shown[52:56, 92:96].min() > 0.99


def test_a_picture_with_nothing_but_background_is_black():
    flat = np.full((50, 50, 3), 0.4, np.float32)
    assert render(flat, fitted_to(flat, Look(background=True), level=1)).max() < 1e-6


def test_white_is_the_same_measured_on_a_reduced_picture():
    small = blobs(300, 300)
    large = np.repeat(np.repeat(small, 5, 0), 5, 1)
    look = Look(background=True)
    exact, measured = fitted_to(small, look, level=1.5), fitted_to(large, look, level=0.3)
    assert measured.width > exact.width
    assert measured.white == pytest.approx(exact.white, rel=0.05)


def test_a_rendering_of_what_was_shrunk_removes_the_same_background():
    rendering = fitted_to(blobs(60, 47), Look(background=True), level=1.5)
    assert rendering.width == 33
    assert rendering.at(0.5).width == 17
    assert rendering.at(1) is rendering
    assert fitted_to(blobs(60, 47), Look(gain=0.25), level=1.5).at(0.5).width == 0
