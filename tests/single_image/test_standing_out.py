"""How much a mask stands out, against arithmetic on its pixels, and which threshold that chooses."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from napari_ovseg.single_image.standing_out import (
    BAND,
    best_threshold,
    brightness,
    interpolated,
    otsu,
    rise,
    stands_out,
)


def discs(radius: float, size: int = 96) -> np.ndarray:
    """Nine discs, ``(size, size)`` bool."""
    rows, columns = np.mgrid[0:size, 0:size] % (size // 3) - size / 6
    return np.hypot(rows, columns) < radius


def noisy(inside: np.ndarray, bright: float = 0.5, seed: int = 0) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    return torch.from_numpy((0.2 + bright * inside + rng.normal(0, 0.05, inside.shape)).astype(np.float32))


def test_standing_out_is_the_effect_size_of_a_mask_against_its_band():
    inside, picture = discs(6), noisy(discs(6))
    around = ndimage.binary_dilation(inside, np.ones((2 * BAND + 1,) * 2)) & ~inside
    within, near = (picture.numpy()[mask].astype(np.float64) for mask in (inside, around))
    spread = np.sqrt((within.var(ddof=1) + near.var(ddof=1)) / 2)
    found = stands_out(torch.from_numpy(inside), picture)
    assert found == pytest.approx((within.mean() - near.mean()) / spread, rel=1e-4)


def test_a_band_can_leave_pixels_out():
    inside, picture = discs(6), noisy(discs(6))
    halo = ndimage.binary_dilation(inside) & ~inside
    picture[torch.from_numpy(halo)] = 0.7
    around = ndimage.binary_dilation(inside, np.ones((2 * BAND + 1,) * 2)) & ~inside & ~halo
    within, near = (picture.numpy()[mask].astype(np.float64) for mask in (inside, around))
    spread = np.sqrt((within.var(ddof=1) + near.var(ddof=1)) / 2)
    found = stands_out(torch.from_numpy(inside), picture, but=torch.from_numpy(halo))
    assert found == pytest.approx((within.mean() - near.mean()) / spread, rel=1e-4)


def test_what_is_darker_stands_out_the_other_way():
    inside, picture = torch.from_numpy(discs(6)), noisy(discs(6))
    assert stands_out(inside, 1 - picture) == pytest.approx(-stands_out(inside, picture), rel=1e-4)


@pytest.mark.parametrize(
    "inside", [torch.zeros(20, 20, dtype=torch.bool), torch.ones(20, 20, dtype=torch.bool)]
)
def test_nothing_and_everything_do_not_stand_out(inside):
    assert stands_out(inside, torch.rand(20, 20)) == 0
    assert rise(inside, torch.rand(20, 20)) == 0


def test_rise_is_what_a_loop_over_neighbours_counts():
    rng = np.random.default_rng(3)
    inside, picture = rng.random((9, 11)) < 0.4, rng.random((9, 11)).astype(np.float32)
    across, sizes = [], []
    for row in range(9):
        for column in range(11):
            for r, c in ((row + 1, column), (row, column + 1)):
                if r < 9 and c < 11:
                    step = float(picture[r, c] - picture[row, column])
                    sizes.append(abs(step))
                    if inside[row, column] != inside[r, c]:
                        across.append(step if inside[r, c] else -step)
    expected = np.mean(across) / np.mean(sizes)
    assert rise(torch.from_numpy(inside), torch.from_numpy(picture)) == pytest.approx(expected, rel=1e-4)


def test_a_flat_picture_does_not_rise():
    assert rise(torch.from_numpy(discs(6)), torch.full((96, 96), 0.3)) == 0


def test_the_threshold_finds_few_small_things_where_that_of_otsu_takes_in_too_much():
    truth = discs(4, 192) & (np.arange(192) < 64)
    # a map that is vaguely high on one half, and higher on the things
    half = 0.12 * (np.arange(192) < 96) * np.ones((192, 1))
    grey = half + 0.18 * ndimage.gaussian_filter(truth.astype(float), 1)
    values = torch.from_numpy(grey.astype(np.float32))
    picture = noisy(truth).numpy().clip(0, 1)[..., None].repeat(3, 2)
    over_otsu = (values > otsu(values)).numpy()
    found = (values > best_threshold(values, picture)).numpy()
    assert (over_otsu & truth).sum() / (over_otsu | truth).sum() < 0.2
    assert (found & truth).sum() / (found | truth).sum() > 0.6


def test_without_anything_that_stands_out_the_threshold_is_that_of_otsu():
    values = torch.rand(16, 16, generator=torch.manual_seed(0))
    assert best_threshold(values, np.full((32, 32, 3), 0.5, np.float32)) == otsu(values)


def test_a_map_that_is_the_same_everywhere_has_a_threshold():
    assert otsu(torch.full((5, 5), 0.25)) == 0.25


def test_large_pictures_are_reduced_and_maps_follow_them():
    picture = np.random.default_rng(0).random((60, 90, 3)).astype(np.float32)
    shown = brightness(picture, 30)
    assert shown.shape == (20, 30)
    assert shown[0, 0] == pytest.approx(picture[:3, :3].mean(), rel=1e-5)
    assert interpolated(torch.rand(4, 5), shown.shape).shape == (20, 30)
