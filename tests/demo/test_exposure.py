import numpy as np
import pytest

from napari_ovseg.demo.exposure import coloured_look, grey_look, stained_look


def a_bright_disc(side: int = 96) -> np.ndarray:
    y, x = np.mgrid[:side, :side] - side / 2
    disc = (np.hypot(y, x) < side / 8).astype(np.float32)
    return np.repeat(disc[..., None], 3, 2)


@pytest.mark.parametrize(
    "look", [stained_look, coloured_look, lambda p, rng: grey_look(p, rng, ground_goes=True)]
)
def test_looks_stay_pictures_and_follow_from_the_seed(look) -> None:
    picture = np.random.default_rng(0).random((64, 64, 3), np.float32)
    for seed in range(12):
        shown, again = (look(picture, np.random.default_rng(seed)) for _ in range(2))
        assert shown.shape == (64, 64, 3)
        assert shown.dtype == np.float32
        assert shown.min() >= 0
        assert shown.max() <= 1
        np.testing.assert_array_equal(shown, again)


def test_things_are_shown_from_dim_to_bright_in_both_polarities() -> None:
    picture = a_bright_disc()
    inside = picture[..., 0] > 0
    steps = []
    for seed in range(200):
        shown = grey_look(picture, np.random.default_rng(seed), ground_goes=True).max(axis=2)
        steps.append(shown[inside].mean() - shown[~inside].mean())
    steps = np.array(steps)
    assert 0.25 < (steps < 0).mean() < 0.55
    # a disc is always to be told from its ground, and none is as bright as another
    assert (abs(steps) > 0.03).mean() > 0.95
    assert np.quantile(abs(steps), 0.1) < 0.15
    assert np.quantile(abs(steps), 0.9) > 0.6


def test_a_wide_thing_keeps_its_inside_where_the_ground_must_stay() -> None:
    side = 128
    picture = np.zeros((side, side, 3), np.float32)
    picture[16:112, 16:112] = 1
    for seed in range(60):
        shown = grey_look(picture, np.random.default_rng(seed), ground_goes=False).max(axis=2)
        assert abs(shown[60:68, 60:68].mean() - shown[:8, :8].mean()) > 0.02


def test_a_section_stained_again_keeps_its_nuclei_apart_from_its_ground() -> None:
    rng = np.random.default_rng(0)
    picture = np.full((64, 64, 3), (0.9, 0.7, 0.85), np.float32)
    nucleus = a_bright_disc(64)[..., 0] > 0
    picture[nucleus] = (0.35, 0.2, 0.55)
    for _ in range(60):
        shown = stained_look(picture, rng)
        assert np.abs(shown[nucleus].mean(0) - shown[~nucleus].mean(0)).max() > 0.08
