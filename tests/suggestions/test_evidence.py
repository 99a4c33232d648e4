"""Evidence against slow readings of its definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from napari_ovseg.suggestions import evidence
from napari_ovseg.views.augmentation import View, views_for

sizes = st.integers(1, 9)
seeds = st.integers(0, 2**16)


def normal(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@given(seeds, sizes, sizes)
def test_odds_of_a_sigmoid_stand_alone_and_others_compete(seed, names, places):
    cosines = normal(seed, names, places).clamp(-1, 1)
    alone, against = evidence.log_odds(cosines, 5.0, -2.0), evidence.log_odds(cosines, 5.0, None)
    for n in range(names):
        for p in range(places):
            assert float(alone[n, p]) == pytest.approx(5 * float(cosines[n, p]) - 2, abs=1e-5)
            share = math.exp(5 * float(cosines[n, p])) / sum(math.exp(5 * float(c)) for c in cosines[:, p])
            share = min(max(share, 1e-6), 1 - 1e-6)
            assert float(torch.sigmoid(against[n, p])) == pytest.approx(share, abs=2e-6)


@given(seeds, st.sampled_from(["fast", "balanced", "best"]), st.sampled_from([(50, 50), (30, 200)]))
def test_views_of_one_box_are_averaged_and_the_best_window_counts(seed, preset, size):
    views = views_for(preset, *size)
    odds = normal(seed, 3, len(views))
    whole, windows = evidence.of_views(odds, views)
    for n in range(3):
        means = {}
        for box in {view.box for view in views}:
            of_box = [float(odds[n, i]) for i, view in enumerate(views) if view.box == box]
            means[box] = sum(of_box) / len(of_box)
        entire = means.pop(View().box, None)
        best = max(means.values()) if means else entire
        assert float(windows[n]) == pytest.approx(best, abs=1e-5)
        assert float(whole[n]) == pytest.approx(best if entire is None else entire, abs=1e-5)


@given(seeds, sizes, st.integers(1, 40), st.integers(1, 40))
def test_maps_count_where_they_speak_most(seed, names, rows, columns):
    odds = normal(seed, names, rows, columns)
    count = max(1, round(0.01 * rows * columns))
    for name, found in zip(odds, evidence.of_maps(odds), strict=True):
        best = sorted(name.flatten().tolist(), reverse=True)[:count]
        assert float(found) == pytest.approx(sum(best) / count, abs=1e-5)


def flooded(values: np.ndarray) -> set[tuple[int, int]]:
    """The cells above half of the range that can be reached from the peak."""
    level = values.min() + 0.5 * (values.max() - values.min())
    waiting = [tuple(int(i) for i in np.unravel_index(values.argmax(), values.shape))]
    reached: set[tuple[int, int]] = set()
    while waiting:
        y, x = waiting.pop()
        inside = 0 <= y < values.shape[0] and 0 <= x < values.shape[1]
        if inside and (y, x) not in reached and values[y, x] >= level:
            reached.add((y, x))
            waiting += [(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)]
    return reached


@given(seeds, st.integers(1, 12), st.integers(1, 12), st.integers(10, 300), st.integers(10, 300))
def test_the_second_look_is_a_square_around_the_peak(seed, rows, columns, height, width):
    values = normal(seed, rows, columns)
    top, left, bottom, right = evidence.box_around(values, height, width)
    assert 0 <= top < bottom <= 1
    assert 0 <= left < right <= 1
    cells = flooded(values.double().numpy())
    ys, xs = [y for y, _ in cells], [x for _, x in cells]
    y0, y1 = min(ys) / rows * height, (max(ys) + 1) / rows * height
    x0, x1 = min(xs) / columns * width, (max(xs) + 1) / columns * width
    side = max(1.2 * max(y1 - y0, x1 - x0), min(height, width) / 8)
    for low, high, start, stop, length in ((y0, y1, top, bottom, height), (x0, x1, left, right, width)):
        middle = (low + high) / 2
        assert start * length == pytest.approx(max(0, middle - side / 2), abs=1e-6)
        assert stop * length == pytest.approx(min(length, middle + side / 2), abs=1e-6)


def test_a_flat_map_is_looked_at_as_a_whole():
    assert evidence.box_around(torch.zeros(5, 7), 50, 70) == (0.0, 0.0, 1.0, 1.0)
