from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from napari_ovseg.models.likeness import Likeness
from napari_ovseg.models.presence import OTHER_WORDS, presence


def unit(angle: float) -> torch.Tensor:
    """A plane vector whose cosine with the picture, at angle 0, is known."""
    return torch.tensor([[math.cos(angle), math.sin(angle)]])


IMAGE = unit(0)
angles = st.floats(0, math.pi)


def test_sigmoid_models_give_the_pairs_own_probability():
    result = presence(IMAGE, [unit(0.5)], scale=10, bias=-4)
    assert result.item() == pytest.approx(1 / (1 + math.exp(-(10 * math.cos(0.5) - 4))), rel=1e-5)


def test_softmax_models_compare_with_other_words():
    others = torch.cat([unit(1.0), unit(2.0)])
    result = presence(IMAGE, [unit(0.5)], scale=7, other_vectors=others)
    weights = [math.exp(7 * math.cos(a)) for a in (0.5, 1.0, 2.0)]
    assert result.item() == pytest.approx(weights[0] / sum(weights), rel=1e-5)


@settings(max_examples=100, deadline=None)
@given(near=angles, far=angles, scale=st.floats(0.1, 100), bias=st.one_of(st.none(), st.floats(-20, 5)))
def test_grows_with_the_cosine_and_stays_in_range(near, far, scale, bias):
    near, far = sorted((near, far))
    result = presence(IMAGE, [unit(near), unit(far)], scale, bias, other_vectors=unit(1.0))
    assert result.dtype == torch.float32
    assert 0 <= result[1] <= result[0] <= 1


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 999), bias=st.one_of(st.none(), st.just(-3.0)))
def test_a_further_phrase_or_view_never_lowers_it(seed, bias):
    torch.manual_seed(seed)
    images, names, others = (F.normalize(torch.randn(n, 6), dim=-1) for n in (3, 4, 5))
    fewer = presence(images[:2], [names[:2]], 8.0, bias, others)
    assert presence(images, [names[:2]], 8.0, bias, others) >= fewer - 1e-6
    assert presence(images[:2], [names], 8.0, bias, others) >= fewer - 1e-6
    both = presence(images, [names[:2], names[2:]], 8.0, bias, others)
    assert both[0] == pytest.approx(presence(images, [names[:2]], 8.0, bias, others).item(), rel=1e-5)


def test_softmax_models_need_other_words():
    with pytest.raises(ValueError, match="other_vectors"):
        presence(IMAGE, [unit(0)], 1.0)
    assert len(set(OTHER_WORDS)) == len(OTHER_WORDS) >= 15


def test_of_shares_the_logarithm_counts():
    """Ten times the share, at a scale of 2, is a hundred times the odds."""
    likeness = Likeness(2.0, 1.0, of_shares=True)
    seen = torch.tensor([[0.03, 0.003, 0.0]])
    much, little, none = (
        presence(seen, [word[None]], likeness.scale, likeness.bias, read=likeness.read)
        for word in torch.eye(3)
    )
    odds = [float(sure / (1 - sure)) for sure in (much, little)]
    assert odds[0] == pytest.approx(math.e * 0.03**2, rel=1e-4)
    assert odds[0] / odds[1] == pytest.approx(100, rel=1e-3)
    # nothing at all is still a probability
    assert 0 < float(none) < 1e-9
