"""The benchmarks fit the package and each other; what they print is in docs/."""

from __future__ import annotations

import importlib
from itertools import product
from pathlib import Path

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
