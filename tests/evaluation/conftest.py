"""A tiny archive, and the bundled model to evaluate on it."""

from __future__ import annotations

import pytest

from . import archives
from .ways import way


@pytest.fixture(scope="module")
def model():
    from napari_ovseg import load_model

    return load_model("demo")


@pytest.fixture
def how(model):
    return way(model, preset="fast")


@pytest.fixture
def archive(tmp_path):
    masks = {"a": (0, 1, 255), "b": (0, 0, 2), "c": (1, 20)}
    return archives.voc(tmp_path / "archive", masks)


@pytest.fixture
def asked(monkeypatch):
    """Every call of `segment`, as it is made."""
    from napari_ovseg.evaluation import readings

    calls, segment = [], readings.segment

    def watched(image, settings, **options):
        calls.append(([category.name for category in settings.names], settings))
        return segment(image, settings, **options)

    monkeypatch.setattr(readings, "segment", watched)
    return calls


@pytest.fixture
def heard(monkeypatch):
    """The phrases and prompts of every call that asks the model for text."""
    from napari_ovseg.models.clip.model import ClipModel

    calls, encode = [], ClipModel.encode

    def listening(self, phrases, *, templates=None):
        calls.append((list(phrases), templates))
        return encode(self, phrases, templates=templates)

    monkeypatch.setattr(ClipModel, "encode", listening)
    return calls
