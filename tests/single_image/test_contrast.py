import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ovseg.pseudo_labels import compete
from napari_ovseg.single_image.contrast import (
    LEAST_LENGTH,
    background_weights,
    best_outlined,
    outline_contrast,
)
from napari_ovseg.single_image.edges import sharpen


def disc(radius, size=64):
    rows, columns = np.mgrid[0:size, 0:size]
    return np.hypot(rows - size / 2, columns - size / 2) < radius


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 6), st.integers(2, 6), st.integers(0, 10_000))
def test_contrast_is_what_loops_over_neighbours_count(height, width, seed):
    rng = np.random.default_rng(seed)
    background, picture = rng.random((height, width)) < 0.5, rng.random((3, height, width))
    along, everywhere = [], []
    for row in range(height):
        for column in range(width):
            for r, c in ((row + 1, column), (row, column + 1)):
                if r < height and c < width:
                    change = np.abs(picture[:, row, column] - picture[:, r, c]).mean()
                    everywhere.append(change)
                    if background[row, column] != background[r, c]:
                        along.append(change)
    expected = (sum(along) / np.mean(everywhere) + LEAST_LENGTH) / (len(along) + LEAST_LENGTH)
    found = outline_contrast(torch.from_numpy(background), torch.from_numpy(picture))
    assert found == pytest.approx(expected, rel=1e-5)


def test_no_outline_and_no_change_are_neither_better_nor_worse_than_the_picture():
    picture = torch.rand(3, 8, 9, generator=torch.Generator().manual_seed(0))
    assert outline_contrast(torch.ones(8, 9, dtype=torch.bool), picture) == pytest.approx(1)
    assert outline_contrast(torch.rand(8, 9) < 0.5, torch.full((3, 8, 9), 0.3)) == 1
    assert outline_contrast(torch.ones(1, 1, dtype=torch.bool), torch.rand(3, 1, 1)) == 1


@pytest.mark.parametrize("radius", [9, 15, 22])
def test_the_power_that_draws_the_true_outline_wins(radius):
    """One cone-shaped map of discs of three sizes: only the picture tells how far the thing reaches."""
    rng = np.random.default_rng(radius)
    truth = disc(radius)
    picture = np.where(truth, 0.7, 0.3) + rng.normal(0, 0.03, (3, 64, 64))
    rows, columns = np.mgrid[0:64, 0:64]
    cone = torch.from_numpy((1 - np.hypot(rows - 32, columns - 32) / 40).clip(0, 1).astype(np.float32))[None]
    colours = torch.from_numpy(picture.astype(np.float32))
    candidates = [compete(cone, power=power) for power in (1.0, 0.1, 0.3, 3.0, 9.0)]
    errors = [((sharpen(one, colours)[0] < 0.5).numpy() != truth).mean() for one in candidates]
    assert max(errors) > 0.05
    assert errors[best_outlined(candidates, [1] * 5, colours)] < 0.01


def test_of_equal_ones_the_first_wins_and_worth_can_overrule_contrast():
    nothing = [torch.stack([torch.ones(5, 6), torch.zeros(5, 6)]) for _ in range(3)]
    picture = torch.rand(3, 20, 24, generator=torch.Generator().manual_seed(1))
    assert best_outlined(nothing, [1, 1, 1], picture) == 0
    assert best_outlined(nothing, [1, 1.1, 1], picture) == 1


@pytest.mark.parametrize("share", [0.2, 0.85])
def test_a_thing_too_weak_or_too_strong_everywhere_gets_its_own_outline(share):
    """The score of a disc falls slowly from its middle, and is ``share`` where its outline is."""
    truth, rng = disc(16), np.random.default_rng(0)
    picture = torch.from_numpy(np.where(truth, 0.7, 0.3) + rng.normal(0, 0.03, (3, 64, 64))).float()
    rows, columns = np.mgrid[0:64, 0:64]
    far = torch.from_numpy(np.hypot(rows - 32, columns - 32)).float()
    thing = torch.sigmoid((16 - far) / 12 - np.log(1 / share - 1))
    scores = torch.stack([1 - thing, thing])
    found = scores * background_weights(scores, picture)
    found /= found.sum(0)
    torch.testing.assert_close(found.sum(0), torch.ones(64, 64))
    before, after = (((sharpen(s, picture)[0] < 0.5).numpy() != truth).mean() for s in (scores, found))
    assert before > 0.15
    assert after < 0.01


def test_where_there_is_no_background_nothing_is_shifted():
    scores = torch.rand(3, 9, 7, generator=torch.Generator().manual_seed(2)).softmax(0)
    scores = torch.cat([torch.zeros(1, 9, 7), scores])
    picture = torch.rand(3, 30, 20, generator=torch.Generator().manual_seed(3))
    weighed = scores * background_weights(scores, picture)
    torch.testing.assert_close(weighed / weighed.sum(0), scores)


def test_background_alone_stays():
    alone = torch.ones(1, 9, 7)
    picture = torch.rand(3, 30, 20, generator=torch.Generator().manual_seed(3))
    weighed = alone * background_weights(alone, picture)
    torch.testing.assert_close(weighed / weighed.sum(0), alone)
