"""Stretching by the span of the whole picture, of all of it and of windows."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ovseg.views.span import Span


@settings(deadline=None)
@given(
    st.integers(1, 4),
    st.integers(1, 9),
    st.integers(1, 9),
    st.sampled_from([0.0, 1.0, -3e4, 1e-20, 7e9]),
    st.booleans(),
)
def test_what_is_stretched_is_finite_and_spans_zero_to_one(count, rows, columns, offset, constant):
    noise = torch.zeros(count, rows, columns) if constant else torch.randn(count, rows, columns)
    maps = offset + noise * (abs(offset) or 1.0)
    out = Span.of(maps).stretch(maps)
    assert torch.isfinite(out).all()
    assert out.min() >= 0
    assert out.max() <= 1
    if constant:
        assert out.max() == 0
    elif rows * columns > 1:
        assert (out.amax((1, 2)) == 1).all()


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 5), st.integers(0, 5), st.integers(1, 4))
def test_a_window_is_stretched_as_the_whole_is_not_by_its_own_noise(seed, top, left, side):
    maps = torch.from_numpy(np.random.default_rng(seed).normal(3, 40, (2, 9, 9)))
    span = Span.of(maps)
    window = (slice(None), slice(top, top + side), slice(left, left + side))
    assert torch.equal(span.stretch(maps[window]), span.stretch(maps)[window])


def test_values_that_only_a_window_shows_stay_in_zero_to_one():
    """At full detail a thing may be brighter than in the whole picture seen small."""
    span = Span.of(torch.tensor([[[0.0, 1.0]]]))
    assert span.stretch(torch.tensor([[[-5.0, 0.25, 7.0]]])).tolist() == [[[0.0, 0.25, 1.0]]]
