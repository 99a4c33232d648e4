import csv
import json
from collections.abc import Iterator
from pathlib import Path

import open_clip
import pytest
import torch
from safetensors.torch import load_file

from napari_ovseg.demo import train as training
from napari_ovseg.demo.batches import Batch, Pool, batches
from napari_ovseg.demo.loss import loss_of
from napari_ovseg.demo.tower import ARCHITECTURE, Tower, save
from napari_ovseg.errors import InputError

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


ARGUMENTS = {"nuclei": None, "large_nuclei": None, "steps": 4, "scenes": 2, "seed": 0, "rate": 1e-3}


class StoppedError(Exception):
    pass


@pytest.mark.parametrize(("at", "kept"), [(2, True), (4, False)])
def test_a_stopped_run_ends_with_the_weights_of_an_unbroken_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, kept: bool
) -> None:
    monkeypatch.setattr(training, "CHECKPOINT_EVERY", 2)
    training.train(output=tmp_path / "whole", **ARGUMENTS)
    keep = training.Learning.keep

    def stop(learning: training.Learning) -> None:
        if kept or learning.step < at:
            keep(learning)
        if learning.step == at:
            raise StoppedError

    with monkeypatch.context() as broken:
        broken.setattr(training.Learning, "keep", stop)
        with pytest.raises(StoppedError):
            training.train(output=tmp_path / "parts", **ARGUMENTS)
    training.train(output=tmp_path / "parts", **ARGUMENTS)
    whole, parts = (torch.load(tmp_path / name / "checkpoint.pt") for name in ("whole", "parts"))
    assert whole["step"] == parts["step"] == 4
    for key, value in whole["tower"].items():
        assert torch.equal(value, parts["tower"][key]), key
    weights = [load_file(tmp_path / name / "demo.safetensors") for name in ("whole", "parts")]
    assert all(torch.equal(value, weights[1][key]) for key, value in weights[0].items())
    curve = list(csv.DictReader((tmp_path / "whole/curve.csv").open()))
    assert [row["step"] for row in curve] == ["2", "4"]
    assert 0 <= float(curve[0]["seen shapes"]) <= 1


def test_a_training_does_not_go_on_with_other_arguments(tmp_path: Path) -> None:
    training.train(output=tmp_path, **ARGUMENTS)
    for other in ({"steps": 6}, {"seed": 1}, {"rate": 1e-4}):
        with pytest.raises(InputError, match="give the same again"):
            training.train(output=tmp_path, **(ARGUMENTS | other))


def test_weights_whose_patches_take_ground_for_nuclei_are_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    areas = iter([0.95, 0.85])
    monkeypatch.setattr(training, "CHECKPOINT_EVERY", 2)
    monkeypatch.setattr(training.Watch, "look", lambda *told: next(areas))
    steps = []
    monkeypatch.setattr(training, "save", lambda tower, path: steps.append(path.name))
    training.train(output=tmp_path, **ARGUMENTS)
    assert steps == ["demo.safetensors"]


def test_what_goes_wrong_while_batches_are_made_is_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*told: object) -> Iterator[Batch]:
        raise StoppedError
        yield

    monkeypatch.setattr(training, "batches", broken)
    with pytest.raises(StoppedError):
        training.train(output=tmp_path, **ARGUMENTS)
