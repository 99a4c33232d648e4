"""The loss of a fast model against loops in float64."""

import math

import numpy as np
import pytest
import torch

from napari_ovseg.training.fast_loss import of_pixels

VOID = -1


def slow_loss(logits, truth, weights):
    classes, height, width = logits.shape
    shares = np.exp(logits - logits.max(0))
    shares /= shares.sum(0)
    entropy = total = 0.0
    dice = []
    for y in range(height):
        for x in range(width):
            if truth[y, x] != VOID:
                entropy -= weights[y, x] * math.log(shares[truth[y, x], y, x])
                total += weights[y, x]
    for k in range(classes):
        both = areas = seen = 0.0
        for y in range(height):
            for x in range(width):
                if truth[y, x] == VOID:
                    continue
                there = float(truth[y, x] == k)
                both += weights[y, x] * shares[k, y, x] * there
                areas += weights[y, x] * (shares[k, y, x] + there)
                seen += there
        if seen:
            dice.append(1 - 2 * both / areas)
    return entropy / total + sum(dice) / len(dice)


@pytest.mark.parametrize("seed", range(5))
def test_entropy_and_dice_are_those_of_loops(seed):
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (4, 6, 7))
    # the last category is nowhere
    truth = rng.integers(-1, 3, (6, 7))
    weights = rng.choice([1.0, 3.0], (6, 7))
    found = of_pixels(*map(torch.from_numpy, (logits, truth, weights)))
    assert float(found) == pytest.approx(slow_loss(logits, truth, weights), rel=1e-9)


def test_void_pixels_have_no_slope():
    logits = torch.randn(3, 5, 5, dtype=torch.float64, requires_grad=True)
    truth = torch.randint(0, 3, (5, 5))
    truth[1:3, 2:4] = VOID
    of_pixels(logits, truth, torch.ones(5, 5, dtype=torch.float64)).backward()
    assert (logits.grad[:, truth == VOID] == 0).all()
    assert (logits.grad[:, truth != VOID] != 0).all()


def test_all_void_costs_nothing():
    logits = torch.randn(3, 4, 4, requires_grad=True)
    loss = of_pixels(logits, torch.full((4, 4), VOID), torch.ones(4, 4))
    loss.backward()
    assert loss == 0
    assert (logits.grad == 0).all()
