"""What of ``benchmarks/gpu_checks.py`` can be tested without a GPU."""

import importlib
import runpy
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
import torch

from napari_ovseg import load_model

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def checks(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("gpu_checks")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_machine_without_cuda_is_told_apart_and_needs_no_napari(monkeypatch, capsys):
    """All of the package is imported once more; PyTorch, which takes seconds, is not."""
    absent = ["napari", "npe2", "qtpy", "magicgui", "superqt", "typer"]
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.setattr(sys, "argv", ["gpu_checks.py"])
    with patch.dict(sys.modules, dict.fromkeys(absent)):
        for name in [*sys.modules]:
            if name.split(".")[0] in ("napari_ovseg", "relevance_speed"):
                del sys.modules[name]
        with pytest.raises(SystemExit) as stopped:
            runpy.run_path(str(BENCHMARKS / "gpu_checks.py"), run_name="__main__")
    assert stopped.value.code == 3
    assert "no CUDA" in capsys.readouterr().out


@pytest.mark.usefixtures("little_training")
def test_agreement_finds_a_device_that_computes_otherwise(checks, monkeypatch):
    monkeypatch.setattr(checks, "SCENES", (3,))
    picture, truth, names = checks.sample_scene(3)
    monkeypatch.setattr(checks, "sample_scene", lambda scene: (picture[:96, :96], truth[:96, :96], names))
    assert all(row.fine for row in checks.agreement(torch.device("cpu")))
    real, calls = checks.segment, []

    def off(*arguments, **options):
        found = real(*arguments, **options)
        found.masks[:] = len(calls) % 2
        calls.append(0)
        return found

    monkeypatch.setattr(checks, "segment", off)
    rows = checks.agreement(torch.device("cpu"))
    assert [row.fine for row in rows] == [True, False, True]
    assert "WRONG" in checks.table(rows)


def test_everything_runs_all_that_a_gpu_would(checks, monkeypatch):
    model, ran = load_model("demo", device="cpu"), []
    real = model._if_room
    monkeypatch.setattr(model, "_if_room", lambda count, step: ran.append(count) or real(count, step))
    texts, tokens, attention, maps, features, vectors = checks.everything(model, torch.randn(2, 3, 64, 64))
    assert len(texts) == maps.shape[1] == len(checks.NAMES)
    assert len(tokens) == len(attention) == len(maps) == len(features) == len(vectors) == 2
    assert ran.count(2) == 4, (
        "trunk, relevance, features and image vectors must fall back when memory runs out"
    )
