"""A model that is no CLIP, brought by another package, from the list to masks, suggestions, commands."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from brought import PACKAGE, install
from napari_ovseg import cli, load_model, segment, suggest
from napari_ovseg.errors import InputError, ModelError
from napari_ovseg.evaluation.datasets import Dataset
from napari_ovseg.models import loading, registry
from napari_ovseg.models.clip.registry import CLIP_MODELS


@pytest.fixture
def picture():
    """A red and a blue square on grey, and where they are."""
    truth = np.zeros((96, 120), np.uint8)
    truth[10:40, 20:60], truth[50:90, 70:110] = 1, 2
    return np.array([(128, 128, 128), (220, 30, 30), (20, 40, 230)], np.uint8)[truth], truth


@pytest.fixture
def model(brought):
    loading.unload()
    yield load_model("colours")
    loading.unload()


def test_it_is_listed_before_the_bundled_one_and_loaded_once(brought, model):
    assert list(registry.offers())[-2:] == ["colours", "demo"]
    assert registry.listed(" colours ") is brought is model.card
    assert load_model("colours") is load_model("colours", device="cpu") is model
    with pytest.raises(InputError, match="weights of its own"):
        load_model("colours", checkpoint="w.safetensors")
    with pytest.raises(InputError, match=r'mean "?colours'):
        registry.find_model("colors")


def test_it_runs_where_it_can(brought, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert load_model("colours").device.type == "cpu"
    with pytest.raises(InputError, match='can\'t run on "cuda": choose cpu'):
        load_model("colours", device="cuda")


def test_masks_are_found_without_deep_features_and_absent_names_left_out(picture, model):
    pixels, truth = picture
    found = segment(pixels, "red, blue, yellow", model=model, preset="fast")
    np.testing.assert_array_equal(found.masks, truth)
    assert found.record["absent"] == ["yellow"]
    assert found.record["model"] == "colours"
    assert found.record["warnings"] == []
    assert found.state.features is None


def test_words_that_it_does_not_know_are_said_and_the_background_has_words(picture, model):
    pixels, truth = picture
    found = segment(pixels, "red, dog; background: grey", model=model, preset="fast")
    np.testing.assert_array_equal(found.masks == 1, truth == 1)
    (warning,) = found.record["warnings"]
    assert '"colours" never saw these words, so don\'t trust their masks: dog.' in warning


def test_a_method_of_another_kind_of_model_is_refused(picture, model):
    with pytest.raises(InputError, match=r"\"colours\" has no method 'cam': leave it out"):
        segment(picture[0], "red", model=model, method="cam")


def test_what_it_knows_is_suggested(picture, model):
    found = suggest(picture[0], model=model, preset="fast")
    assert {one.name for one in found.likely} == {"red", "blue", "grey"}
    assert {one.name for one in found.ranked} == model.card.known_words
    with pytest.raises(InputError, match="knows no name"):
        suggest(picture[0], "driving", model=model)


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["napari-ovseg", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return stopped.value.code or 0


def test_the_commands_take_it(picture, model, monkeypatch, capsys, tmp_path):
    pixels, truth = picture
    Image.fromarray(pixels).save(tmp_path / "squares.png")
    assert run(monkeypatch, "models") == 0
    assert ["installed", "colours"] in [line.split() for line in capsys.readouterr().out.splitlines()]
    assert run(monkeypatch, "models", "download", "colours") == 0
    assert "already" in capsys.readouterr().out
    asked = ["--labels", "red, blue", "--model", "colours", "--preset", "fast"]
    assert run(monkeypatch, "segment", tmp_path / "squares.png", "--output", tmp_path / "out", *asked) == 0
    assert "Model colours on cpu" in capsys.readouterr().err
    masks = np.asarray(Image.open(tmp_path / "out" / "squares_masks.png"))
    np.testing.assert_array_equal(masks, truth)
    assert json.loads((tmp_path / "out" / "categories.json").read_text())["settings"]["model"] == "colours"
    assert (
        run(monkeypatch, "suggest", tmp_path / "squares.png", "--model", "colours", "--preset", "fast") == 0
    )
    assert '--labels "' in capsys.readouterr().out


def test_only_clip_is_scored_as_papers_do(picture, model):
    from napari_ovseg.evaluation.papers import read_as_papers

    with pytest.raises(InputError, match="maps of CLIP models"):
        read_as_papers(picture[0], Dataset.__new__(Dataset), None, model, "naclip")


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ({"broken": "no_such_module:OFFER"}, "No module named 'no_such_module'"),
        ({"wrong": "colour_names:CARD"}, "of the type ModelCard, not Offer"),
        ({"one": "colour_names:OFFER", "two": "colour_names:OFFER"}, 'named "colours" already'),
    ],
)
def test_what_a_package_does_wrong_is_said_and_the_others_are_there(tmp_path, monkeypatch, entries, says):
    registry.brought.cache_clear()
    install(tmp_path, monkeypatch, entries=entries)
    with pytest.warns(UserWarning, match='of the package "colour-names" is left out') as told:
        assert set(CLIP_MODELS) <= set(registry.offers())
    assert says in str(told[0].message)
    assert "Update the package" in str(told[0].message)
    registry.brought.cache_clear()


def test_why_it_cannot_be_loaded_is_said(brought, monkeypatch):
    import colour_names.model

    monkeypatch.setattr(colour_names.model.ColourNames, "__init__", lambda self: 1 / 0)
    loading.unload()
    with pytest.raises(ModelError, match=r'"colours" can\'t be loaded: division by zero\. Update'):
        load_model("colours")


def test_listing_it_imports_no_torch(brought, tmp_path):
    code = (
        f"import sys; sys.path[:0] = {[str(tmp_path / 'site-packages'), str(PACKAGE)]!r};"
        "from napari_ovseg.models.registry import listed, offers;"
        "assert listed('colours').note and offers()['colours'].is_here(); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
