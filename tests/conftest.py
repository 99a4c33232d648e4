from __future__ import annotations

import os

import pytest
from hypothesis import settings

# Windows of tests leave the settings of the person who runs them alone; empty means no file.
os.environ["NAPARI_CONFIG"] = ""

# A busy machine is no bug: pytest's own timeout ends a test that hangs.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


@pytest.fixture
def own_text_cache(tmp_path, monkeypatch):
    """Text vectors of models of random weights, which all have one name, kept apart."""
    monkeypatch.setenv("NAPARI_OVSEG_CACHE", str(tmp_path))


@pytest.fixture
def everything_there(monkeypatch):
    """Every model is sure of every name."""
    import torch

    from napari_ovseg.clip.model import Model

    monkeypatch.setattr(Model, "presence", lambda self, vectors, phrases: torch.ones(len(phrases)))
