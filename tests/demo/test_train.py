import json
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from safetensors.torch import load_file

from napari_ovseg.demo import train as training
from napari_ovseg.demo.crops import scene_canvas
from napari_ovseg.demo.tower import ARCHITECTURE, Tower, save


@pytest.fixture(autouse=True)
def few_small_crops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "BATCHES", {32: 4})
    monkeypatch.setattr(training, "EARLY", (1.0,))
    monkeypatch.setattr(training, "LATE", (1.0,))


def test_the_loss_falls_and_the_weights_fit_open_clip(tmp_path: Path) -> None:
    torch.manual_seed(0)
    tower = Tower()
    canvases = [scene_canvas((0, k)) for k in range(3)]
    batch = next(training.batches(canvases, [], 0, 0, 1))
    optimizer = torch.optim.AdamW(tower.parameters(), lr=1e-3)
    losses = []
    for _ in range(12):
        loss = training.loss_of(tower, *batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]
    save(tower, tmp_path / "w.safetensors")
    model = open_clip.CLIP(**json.loads(ARCHITECTURE.read_text()))
    model.load_state_dict(load_file(tmp_path / "w.safetensors"))


def test_a_stopped_run_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = {"nuclei": None, "steps": 4, "scenes": 2, "seed": 0, "rate": 1e-3}
    training.train(output=tmp_path / "whole", **arguments)
    saved = training.torch.save

    class StoppedError(Exception):
        pass

    def stop_at_two(state: dict, path: Path) -> None:
        saved(state, path)
        if state["step"] == 2:
            raise StoppedError

    monkeypatch.setattr(training, "CHECKPOINT_EVERY", 2)
    monkeypatch.setattr(training.torch, "save", stop_at_two)
    with pytest.raises(StoppedError):
        training.train(output=tmp_path / "parts", **arguments)
    monkeypatch.setattr(training.torch, "save", saved)
    training.train(output=tmp_path / "parts", **arguments)
    whole, parts = (load_file(tmp_path / name / "demo.safetensors") for name in ("whole", "parts"))
    assert whole.keys() == parts.keys()
    for key, value in whole.items():
        np.testing.assert_allclose(value.float(), parts[key].float(), atol=2e-3)
