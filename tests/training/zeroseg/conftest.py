"""A student smaller than any preset, so that a test takes a second."""

from __future__ import annotations

import pytest

from napari_ovseg.models.zeroseg.sizes import SIZES, Sizes
from napari_ovseg.training.zeroseg.presets import RECIPES, Recipe

SMALL = Sizes(side=32, shown=48, patch=8, width=32, depth=2, heads=2, groups=(6, 4))
SMALL_RECIPE = Recipe(16, 1, 2, batch=3, rate=2e-3, decay=0.05, checkpoint_every=2)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> Sizes:
    monkeypatch.setitem(SIZES, "tiny", SMALL)
    monkeypatch.setitem(RECIPES, "tiny", SMALL_RECIPE)
    return SMALL
