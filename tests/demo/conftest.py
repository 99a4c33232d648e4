"""Trainings of few and small crops."""

import pytest

from napari_ovseg.demo import batches, watch
from napari_ovseg.demo.canvases import empty_canvas, scene_canvas


@pytest.fixture
def few_small_crops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCHES", {32: 4})
    monkeypatch.setattr(batches, "WINDOWS", {32: 2})
    monkeypatch.setattr(batches, "EARLY", (1.0,))
    monkeypatch.setattr(batches, "LATE", (1.0,))
    monkeypatch.setattr(watch, "SCENES", 2)


@pytest.fixture
def few_pools(few_small_crops: None) -> list[batches.Pool]:
    scenes = [scene_canvas((0, k)) for k in range(3)]
    return [batches.Pool(scenes, 3), batches.Pool([empty_canvas((0, 0))], 1)]
