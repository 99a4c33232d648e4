"""The benchmarks fit the package and each other; what they print is in docs/."""

from __future__ import annotations

import importlib
import json
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.mark.parametrize("name", sorted(path.stem for path in BENCHMARKS.glob("*.py")))
def test_it_finds_all_that_it_imports(name, monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    assert importlib.import_module(name).__doc__


@pytest.mark.parametrize("seed", range(5))
def test_graph_cuts_expand_as_trying_all_does(seed, monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    expanded = importlib.import_module("refinement_rivals").expanded
    rng, ids = np.random.default_rng(seed), np.arange(9).reshape(3, 3)
    one = np.concatenate([ids[:, :-1].ravel(), ids[:-1].ravel()])
    other = np.concatenate([ids[:, 1:].ravel(), ids[1:].ravel()])
    costs, weights = 2 * rng.random((3, 9)), rng.random(len(one))
    labels = rng.integers(0, 3, 9)

    def cost(of):
        return costs[of, np.arange(9)].sum() + (weights * (of[one] != of[other])).sum()

    every = [np.where(np.array(takes), 1, labels) for takes in product((False, True), repeat=9)]
    found = expanded(labels, 1, costs, one, other, weights)
    # flow counts in thousandths, one for each of 21 costs
    assert cost(found) <= min(map(cost, every)) + 0.021


@pytest.fixture
def strokes(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("strokes")


@pytest.fixture
def half_wrong():
    """Masks and truth: a thing that was missed, and a larger one that is not there."""
    masks, truth = np.zeros((2, 60, 90), np.uint8)
    truth[10:30, 10:30] = 2
    masks[5:55, 50:85] = 1
    return masks, truth


@pytest.mark.parametrize(
    ("turn", "alone", "painted"), [(0, False, 2), (1, False, 0), (2, False, 2), (0, True, 0)]
)
def test_strokes_go_in_turn_to_what_is_missed_and_to_what_is_false(turn, alone, painted, strokes, half_wrong):
    masks, truth = half_wrong
    human = np.full_like(truth, strokes.VOID)
    assert strokes.in_turn(masks, truth, human, np.random.default_rng(0), turn, alone=alone)
    where = human != strokes.VOID
    assert set(human[where]) == {painted} == set(truth[where])
    assert (masks != truth)[where].any()
    # the brush is 9 wide, and goes a tenth of 90 pixels
    assert all(span <= 9 + 9 for span in np.ptp(np.argwhere(where), axis=0))


def test_the_other_kind_is_painted_where_one_is_right(strokes, half_wrong):
    masks, truth = half_wrong
    human, draw = np.full_like(truth, strokes.VOID), np.random.default_rng(0)
    masks[masks == 1] = 0
    assert not strokes.in_turn(masks, truth, human, draw, 0, alone=True)
    assert strokes.in_turn(masks, truth, human, draw, 1)
    assert not strokes.in_turn(truth, truth, human, draw, 0)


def test_a_stopped_run_of_strokes_goes_on(strokes, half_wrong, tmp_path):
    masks, truth = half_wrong
    segmented = []

    def ready():
        segmented.append(1)
        return strokes.Case(np.zeros((*truth.shape, 3), np.uint8), truth, SimpleNamespace(masks=masks))

    sources = [strokes.Source("one", ready)]
    kind = strokes.Kind(lambda most: sources[:most], 1, strokes.in_turn, strokes.things_iou)

    def measured(count):
        return strokes.curves(kind, [strokes.PAINTING], 5, count, tmp_path, False)[strokes.PAINTING]

    first = measured(3)
    assert len(first[0]) == 4
    assert first[0][0] == 0 < first[0][-1]
    assert np.diff(first).min() >= 0
    assert measured(2) == [first[0][:3]]
    assert len(segmented) == 1
    assert measured(4)[0][:4] == first[0]
    assert len(segmented) == 2
    assert len(json.loads((tmp_path / "one.json").read_text())[strokes.PAINTING]) == 5


def test_the_forest_learns_from_strokes_alone(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    rivals = importlib.import_module("rivals")
    truth = np.zeros((40, 60), np.uint8)
    truth[:, 30:] = 3
    picture = np.repeat(truth[..., None] * 60, 3, -1)
    human = np.full_like(truth, rivals.VOID)
    base = np.ones_like(truth)
    forest = rivals.RandomForest(picture, base)
    human[5:10, 5:10] = 0
    assert (forest.update(human) == rivals.paint_only(base, human)).all()
    human[30:35, 50:55] = 3
    assert (forest.update(human) == truth).mean() > 0.95
