"""Each loss of a student against loops."""

from __future__ import annotations

import math

import pytest
import torch

from napari_ovseg.training.zeroseg.losses import balance, matching, multi_scale, reconstruction


def drawn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_reconstruction_is_of_hidden_patches_alone():
    painted, patches = drawn(3, 5, 4), drawn(3, 5, 4, seed=1)
    hidden = drawn(3, 5, seed=2) > 0
    errors = [
        (float(painted[picture, patch, value]) - float(patches[picture, patch, value])) ** 2
        for picture in range(3)
        for patch in range(5)
        if hidden[picture, patch]
        for value in range(4)
    ]
    assert reconstruction(painted, patches, hidden).item() == pytest.approx(sum(errors) / len(errors))


def test_multi_scale_adds_up_all_views():
    whole, targets = drawn(3, 4), drawn(3, 6, 4, seed=1)
    total = 0.0
    for picture in range(3):
        for view in range(6):
            total += sum(abs(float(whole[picture, k]) - float(targets[picture, view, k])) for k in range(4))
    assert multi_scale(whole, targets).item() == pytest.approx(total / 3)


def test_matching_takes_the_nearest_crop_of_each_segment():
    segments, crops = drawn(3, 5, 4), drawn(3, 6, 4, seed=1)
    total = 0.0
    for picture in range(3):
        for segment in segments[picture]:
            total += min(
                sum(abs(float(one) - float(other)) for one, other in zip(segment, crop, strict=True))
                for crop in crops[picture]
            )
    assert matching(segments, crops).item() == pytest.approx(total / 3)


def test_the_gradient_of_matching_is_that_of_the_nearest():
    segments, crops = drawn(1, 2, 4).requires_grad_(), drawn(1, 6, 4, seed=1)
    (slope,) = torch.autograd.grad(matching(segments, crops), segments)
    for number in range(2):
        nearest = min(crops[0], key=lambda crop: float((segments[0, number] - crop).abs().sum()))
        torch.testing.assert_close(slope[0, number], (segments[0, number] - nearest).detach().sign())


def test_balance_is_the_entropy_of_each_less_that_of_all_of_its_picture():
    logits = drawn(2, 3, 5)
    shares = [
        [
            [
                math.exp(float(logits[p, g, n])) / sum(math.exp(float(one)) for one in logits[p, :, n])
                for g in range(3)
            ]
            for n in range(5)
        ]
        for p in range(2)
    ]
    differences = []
    for tokens in shares:
        of_each = sum(-sum(one * math.log(one) for one in token) for token in tokens) / len(tokens)
        means = [sum(token[g] for token in tokens) / len(tokens) for g in range(3)]
        differences.append(of_each + sum(one * math.log(one) for one in means))
    assert balance(logits).item() == pytest.approx(sum(differences) / 2)


def test_balance_is_best_where_each_is_sure_and_all_groups_are_alike():
    sure = 50 * torch.eye(4).repeat(1, 3)[None]
    assert balance(sure).item() == pytest.approx(-math.log(4), abs=1e-4)
    assert balance(torch.zeros(1, 4, 6)).item() == pytest.approx(0, abs=1e-6)
    assert balance(sure[:, :, :1].expand(-1, -1, 6)).item() == pytest.approx(0, abs=1e-4)
