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
    ("turn", "annotator", "painted"),
    [
        (0, "largest", 2),
        (1, "largest", 0),
        (2, "any", 2),
        (1, "any", 0),
        (0, "background alone", 0),
        (1, "one name alone", 2),
    ],
)
def test_strokes_go_in_turn_to_what_is_missed_and_to_what_is_false(
    turn, annotator, painted, strokes, half_wrong
):
    masks, truth = half_wrong
    human, draw = np.full_like(truth, strokes.VOID), np.random.default_rng(0)
    assert strokes.add_stroke(
        masks, truth, human, draw, turn, annotator=strokes.Annotator(annotator), in_turn=True
    )
    where = human != strokes.VOID
    assert set(human[where]) == {painted} == set(truth[where])
    assert (masks != truth)[where].any()
    # the brush is 9 wide, and goes a tenth of 90 pixels
    assert all(span <= 9 + 9 for span in np.ptp(np.argwhere(where), axis=0))


def test_a_sloppy_person_runs_over_the_rim_by_three_pixels(strokes, half_wrong):
    masks, truth = half_wrong
    human, draw = np.full_like(truth, strokes.VOID), np.random.default_rng(0)
    truth[15:30] = 0
    assert strokes.add_stroke(masks, truth, human, draw, 0, annotator=strokes.Annotator.SLOPPY, in_turn=True)
    over = (human == 2) & (truth == 0)
    assert over[15:18].any()
    assert not over[18:].any()


def test_the_other_kind_is_painted_where_one_is_right(strokes, half_wrong):
    masks, truth = half_wrong
    human, draw = np.full_like(truth, strokes.VOID), np.random.default_rng(0)
    masks[masks == 1] = 0
    alone = strokes.Annotator.BACKGROUND
    assert not strokes.add_stroke(masks, truth, human, draw, 0, annotator=alone, in_turn=True)
    assert strokes.add_stroke(masks, truth, human, draw, 1, in_turn=True)
    assert not strokes.add_stroke(truth, truth, human, draw, 0, in_turn=True)


def test_a_stopped_run_of_strokes_goes_on(strokes, half_wrong, tmp_path, monkeypatch):
    masks, truth = half_wrong
    segmented = []

    def ready():
        segmented.append(1)
        return strokes.Case(np.zeros((*truth.shape, 3), np.uint8), truth, SimpleNamespace(masks=masks))

    sources = [strokes.Source("one", ready)]
    kind = strokes.Kind(lambda most, chosen_on: sources[:most], 1, True, strokes.things_iou)
    monkeypatch.setitem(strokes.KINDS, "these", kind)

    def measured(count):
        names, who = [strokes.PAINTING], strokes.Annotator.LARGEST
        return strokes.curves("these", names, 5, count, tmp_path, who, False)[strokes.PAINTING]

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


def test_the_forest_learns_from_sure_pixels_of_the_machine_too(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    rivals = importlib.import_module("rivals")
    truth = np.zeros((40, 60), np.uint8)
    truth[:, 30:] = 3
    picture = np.repeat(truth[..., None] * 60, 3, -1)
    # of what it calls 1 it is not sure
    base, confidence = np.where(truth == 3, 1, 0).astype(np.uint8), np.where(truth == 3, 0.2, 0.9)
    human = np.full_like(truth, rivals.VOID)
    human[5:10, 50:55] = 3
    assert (rivals.RandomForest(picture, base, confidence).update(human) == truth).mean() > 0.95
