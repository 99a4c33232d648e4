"""What is decided for the whole picture is what windows of it are read by."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ovseg.context import Known, decide, shares
from napari_ovseg.segmentation import Run
from napari_ovseg.single_image import POWER_FACTORS, ROUNDS, best_outlined


def decided(seed=0, *, power=1.4, there=(True, True), words=1):
    rng = np.random.default_rng(seed)
    maps = torch.from_numpy(rng.normal(0, 5, (len(there) + words, 12, 16)).astype(np.float32))
    walked = maps.abs() / 9
    picture = torch.from_numpy(rng.random((3, 48, 64)).astype(np.float32))
    run = Run(None, None)
    known = Known(torch.ones(len(there)), torch.tensor(there), power)
    with run.stage("Deciding", ROUNDS):
        return decide(known, maps, walked, picture, run=run), maps, walked


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.integers(0, 8), st.integers(0, 8), st.sampled_from([None, 0.5, 1.4]))
def test_a_window_gets_the_scores_that_the_whole_has_there(seed, top, left, power):
    context, _, walked = decided(seed, power=power)
    window = (slice(None), slice(top, top + 4), slice(left, left + 5))
    torch.testing.assert_close(context.shares(walked)[window], context.shares(walked[window]))


def test_a_window_of_noise_stays_background():
    """By its own span the faint corner would hold the strongest relevance there is."""
    maps = torch.zeros(1, 8, 8)
    maps[0, :2, :2], maps[0, 5:, 5:] = 1.0, torch.rand(3, 3, generator=torch.Generator().manual_seed(0)) / 50
    run = Run(None, None)
    with run.stage("Deciding", ROUNDS):
        known = Known(torch.ones(1), torch.tensor([True]), 1.4)
        context = decide(known, maps, maps, torch.zeros(3, 16, 16), run=run)
    assert context.shares(maps[:, 5:, 5:])[0].min() > 0.9
    assert context.shares(maps[:, :2, :2])[1].min() > 0.9


@pytest.mark.parametrize("power", [0.5, 1.4])
def test_the_power_of_background_is_one_of_those_near_the_one_that_suits_the_maps(power):
    context, _, walked = decided(power=power)
    assert context.background_power in [power * factor for factor in POWER_FACTORS]
    expected = shares(context.walked.stretch(walked), context.known.there, context.background_power)
    assert torch.equal(context.shares(walked), expected)


def test_without_background_every_cell_is_of_what_is_there():
    context, _, walked = decided(power=None, there=(True, False, True), words=0)
    found = context.shares(walked)
    assert context.background_power is None
    assert found[0].max() == 0
    assert found[2].max() == 0
    torch.testing.assert_close(found.sum(0), torch.ones(12, 16))


@pytest.mark.parametrize("radius", [9, 15, 22])
def test_the_power_is_the_one_that_outlines_the_thing(radius):
    """A cone-shaped map of discs of three sizes: only the picture tells how far the thing reaches."""
    rng = np.random.default_rng(radius)
    rows, columns = np.mgrid[0:64, 0:64]
    far = np.hypot(rows - 32, columns - 32)
    picture = np.where(far < radius, 0.7, 0.3) + rng.normal(0, 0.03, (3, 64, 64))
    cone = torch.from_numpy((1 - far / 40).clip(0, 1).astype(np.float32))[None]
    run = Run(None, None)
    known = Known(torch.ones(1), torch.tensor([True]), 1.0)
    with run.stage("Deciding", ROUNDS):
        colours = torch.from_numpy(picture.astype(np.float32))
        context = decide(known, cone, cone, colours, run=run)
    powers = list(POWER_FACTORS)
    candidates = [shares(context.walked.stretch(cone), known.there, power) for power in powers]
    best = best_outlined(candidates, POWER_FACTORS.values(), colours)
    assert context.background_power == powers[best]
