"""``napari-ovseg models`` from the outside."""

from __future__ import annotations

import sys

import pytest

from napari_ovseg import cli
from napari_ovseg.models import registry


def run(monkeypatch, *arguments) -> int:
    monkeypatch.setattr(sys, "argv", ["napari-ovseg", "models", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return stopped.value.code or 0


def test_models_are_listed_with_size_licence_and_place(monkeypatch, capsys):
    assert run(monkeypatch) == 0
    listed = capsys.readouterr().out
    assert run(monkeypatch, "list") == 0
    assert capsys.readouterr().out == listed
    for card in registry.list_models():
        assert card.name in listed
        assert card.licence in listed
    assert "599 MB" in listed
    assert "bundled" in listed


def test_downloading_a_model(monkeypatch, capsys, tmp_path):
    def download(spec, progress=None):
        progress(f"Downloading {spec.name}", 5, 10)
        return tmp_path / "weights"

    monkeypatch.setattr("napari_ovseg.models.clip.download.download", download)
    monkeypatch.setattr("napari_ovseg.models.clip.download.is_cached", lambda spec: spec.name == "demo")
    assert run(monkeypatch, "download", "MobileCLIP2-S0/dfndr2b") == 0
    said = capsys.readouterr()
    assert str(tmp_path / "weights") in said.out
    assert "forbids commercial use" in said.err
    assert run(monkeypatch, "download", "demo") == 0
    assert "already" in capsys.readouterr().out
    assert run(monkeypatch, "download", "nonsense") == 2
