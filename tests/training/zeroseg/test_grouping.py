"""Grouping against loops in double precision: who chooses what, what a group takes up, and the gradient."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from napari_ovseg.models.zeroseg.grouping import GroupingBlock, assign, gumbel_noise


def slow_softmax(values):
    highest = max(values)
    powers = [math.exp(value - highest) for value in values]
    return [power / sum(powers) for power in powers]


def slow_norm(norm, row):
    row = row.tolist()
    mean = sum(row) / len(row)
    variance = sum((one - mean) ** 2 for one in row) / len(row)
    scaled = [(one - mean) / math.sqrt(variance + norm.eps) for one in row]
    return [
        one * float(weight) + float(bias)
        for one, weight, bias in zip(scaled, norm.weight, norm.bias, strict=True)
    ]


def slow_linear(layer, row):
    return [
        sum(float(weight) * one for weight, one in zip(weights, row, strict=True)) + float(bias)
        for weights, bias in zip(layer.weight, layer.bias, strict=True)
    ]


@pytest.fixture
def drawn():
    """Two pictures of seven tokens and four groups, three numbers each; more groups than get tokens."""
    torch.manual_seed(0)
    return torch.randn(2, 4, 6).double(), torch.randn(2, 7, 6).double(), GroupingBlock(6).double()


def test_groups_take_up_the_mean_of_the_tokens_that_choose_them(drawn):
    groups, tokens, block = drawn
    chosen = assign(block.logits(groups, tokens))
    found = block.taken_up(groups, tokens, chosen)
    for picture in range(2):
        wanted = [slow_linear(block.query, slow_norm(block.of_groups, one)) for one in groups[picture]]
        normed = [slow_norm(block.of_tokens, one) for one in tokens[picture]]
        members = [[] for _ in wanted]
        for number, token in enumerate(normed):
            key = slow_linear(block.key, token)
            products = [sum(a * b for a, b in zip(one, key, strict=True)) for one in wanted]
            best = max(range(4), key=products.__getitem__)
            members[best].append(slow_linear(block.value, token))
            np.testing.assert_allclose(
                chosen[picture, :, number].detach(), [float(g == best) for g in range(4)], atol=1e-12
            )
        for group in range(4):
            inside = members[group]
            mean = [sum(one) / len(inside) for one in zip(*inside, strict=True)] if inside else [0.0] * 6
            change = slow_linear(block.output, mean)
            expected = [float(a) + b for a, b in zip(groups[picture, group], change, strict=True)]
            np.testing.assert_allclose(found[picture, group].detach(), expected, atol=1e-10)
    assert min(float(one.sum()) for picture in chosen for one in picture) < 0.5, "no group is empty"


@pytest.mark.parametrize("noisy", [False, True])
def test_the_gradient_goes_straight_through_to_the_softmax(drawn, noisy):
    groups, tokens, block = drawn
    logits = block.logits(groups, tokens).detach().requires_grad_()
    noise = gumbel_noise((2, 4, 7), torch.Generator().manual_seed(1)).double() if noisy else None
    weights = torch.randn(2, 4, 7).double()
    (slope,) = torch.autograd.grad((assign(logits, noise) * weights).sum(), logits)
    for picture in range(2):
        for token in range(7):
            values = [
                float(logits[picture, g, token]) + (float(noise[picture, g, token]) if noisy else 0.0)
                for g in range(4)
            ]
            shares = slow_softmax(values)
            for group in range(4):
                # d softmax_h / d logit_g = s_h (1[h = g] - s_g)
                expected = sum(
                    float(weights[picture, other, token])
                    * shares[other]
                    * ((1.0 if other == group else 0.0) - shares[group])
                    for other in range(4)
                )
                assert float(slope[picture, group, token]) == pytest.approx(expected, abs=1e-12)


def test_noise_changes_who_chooses_what_as_often_as_a_softmax_says():
    logits = torch.tensor([1.0, 0.0, -1.0])
    noise = gumbel_noise((20000, 3, 1), torch.Generator().manual_seed(0))
    chosen = assign(logits[None, :, None].expand(20000, -1, -1), noise).mean(0)[:, 0]
    np.testing.assert_allclose(chosen, logits.softmax(0), atol=0.012)
