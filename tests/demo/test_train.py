import csv
import json
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from safetensors.torch import load_file

from napari_ovseg.demo import train as training
from napari_ovseg.demo.batches import Pool, batches
from napari_ovseg.demo.loss import loss_of
from napari_ovseg.demo.tower import ARCHITECTURE, Tower, save

pytestmark = pytest.mark.usefixtures("few_small_crops")


def test_the_loss_falls_and_the_weights_fit_open_clip(tmp_path: Path, few_pools: list[Pool]) -> None:
    torch.manual_seed(0)
    tower = Tower()
    batch = next(batches(few_pools, 0, 0, 1))
    optimizer = torch.optim.AdamW(tower.parameters(), lr=1e-3)
    losses = []
    for _ in range(12):
        loss = loss_of(tower, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]
    save(tower, tmp_path / "w.safetensors")
    model = open_clip.CLIP(**json.loads(ARCHITECTURE.read_text()))
    model.load_state_dict(load_file(tmp_path / "w.safetensors"))


def test_a_stopped_run_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = {"nuclei": None, "large_nuclei": None, "steps": 4, "scenes": 2, "seed": 0, "rate": 1e-3}
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
    curve = list(csv.DictReader((tmp_path / "whole/curve.csv").open()))
    assert [row["step"] for row in curve] == ["4"]
    assert 0 <= float(curve[0]["seen shapes"]) <= 1
