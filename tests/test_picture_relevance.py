"""What a picture is asked for: names, synonyms and the words of a pack, against a loop over cells."""

from __future__ import annotations

import unittest.mock

import numpy as np
import pytest
import torch

from napari_ovseg import Category, segment
from napari_ovseg.categories import parse_categories
from napari_ovseg.errors import InputError
from napari_ovseg.picture_relevance import picture_relevance
from napari_ovseg.segmentation import Run
from napari_ovseg.views.augmentation import views_for
from napari_ovseg.views.source import source_of
from napari_ovseg.wording import PACKS, Guess
from tiny import tiny_model

pytestmark = pytest.mark.usefixtures("own_text_cache")


@pytest.fixture
def picture():
    return np.random.default_rng(0).integers(0, 255, (40, 56, 3), np.uint8)


@pytest.mark.usefixtures("everything_there")
@pytest.mark.parametrize("method", ["explain", "naclip", "gem", "legrad"])
def test_synonyms_and_packs_cell_by_cell(picture, method):
    """Against a loop over cells: the best synonym speaks, and yields to the best word of the pack."""
    model = tiny_model()
    named = parse_categories("cat: kitty, tom; tree; background: sky")
    views = views_for("fast", *picture.shape[:2])

    def maps(categories, pack):
        source = source_of(picture)
        run = Run(None, None)
        with run.stage("Looking", len(views)):
            return picture_relevance(
                source,
                categories,
                views,
                model=model,
                method=model.card.find_method(method),
                pack=pack,
                run=run,
            ).maps

    templates = PACKS["aerial"].templates
    single = {}
    for word in ("cat", "kitty", "tom", "tree", "sky", *PACKS["aerial"].words):
        with unittest.mock.patch.object(model._text, "templates", templates):
            single[word] = maps((Category(word),), "none")[0]
    found = maps(named, "aerial")
    for row, column in np.ndindex(*single["cat"].shape):
        rival = max(float(single[word][row, column]) for word in PACKS["aerial"].words)
        for index, words in enumerate((["cat", "kitty", "tom"], ["tree"], ["sky"])):
            best = max(float(single[word][row, column]) for word in words)
            expected = best - max(0.0, rival - best)
            assert float(found[index, row, column]) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("method", ["explain", "cam"])
def test_a_further_name_reuses_what_a_view_knows(picture, method):
    """Counted: below the last block nothing runs again; and the maps are those of a first run."""
    model, runs = tiny_model(layers=4), []
    model.network.logit_scale.data.fill_(2.0)
    for block in model.network.visual.transformer.resblocks[:-1]:
        block.ln_1.register_forward_hook(lambda *_: runs.append(1))
    views = views_for("fast", *picture.shape[:2])

    def maps(names):
        runs.clear()
        run = Run(None, None)
        with run.stage("Looking", len(views)):
            return picture_relevance(
                source_of(picture),
                parse_categories(names),
                views,
                model=model,
                method=model.card.find_method(method),
                pack="natural scene",
                run=run,
            ).maps

    maps("cat, tree")
    assert len(runs) == 3 * len(views)
    further = maps("cat, tree, dog")
    assert not runs
    model.cache.clear()
    assert torch.equal(further, maps("cat, tree, dog"))
    assert further.amax() > 0


@pytest.mark.usefixtures("everything_there")
@pytest.mark.parametrize(
    ("method", "pack", "used"),
    [
        ("explain", "guess", "none"),
        ("explain", "histology", "histology"),
        ("naclip", "Electron-Microscopy", "electron microscopy"),
        ("cam", "guess", "natural scene"),
    ],
)
def test_the_pack_that_is_used_is_recorded(picture, method, pack, used, monkeypatch):
    monkeypatch.setattr(
        "napari_ovseg.picture_relevance.guess_pack", lambda model, vectors: Guess(None, {"aerial": 1.0})
    )
    model = tiny_model(layers=3)
    record = segment(picture, "cat", model=model, preset="fast", method=method, pack=pack).record
    assert record["pack"] == used
    assert record["pack_guess"] == ({"aerial": 1.0} if method == "cam" else None)


@pytest.mark.usefixtures("everything_there")
@pytest.mark.parametrize("pack", ["none", "microscopy", "natural scene"])
def test_cam_finds_a_place_for_a_single_name_whatever_competes(picture, pack):
    model = tiny_model(layers=3)
    found = segment(picture, "cell: nucleus", model=model, preset="fast", method="cam", pack=pack)
    assert found.relevance.max() == 1
    assert (found.masks == 1).any()


@pytest.mark.usefixtures("everything_there")
def test_a_pack_that_cannot_be_used_is_refused(picture):
    model = tiny_model()
    with pytest.raises(InputError, match="guess, none, natural scene"):
        segment(picture, "cat", model=model, preset="fast", pack="kitchen")


def test_deep_features_that_are_not_wanted_are_not_kept(picture):
    model, named = tiny_model(), parse_categories("cat; tree")
    views = views_for("fast", *picture.shape[:2])
    found = []
    for deep in (True, False):
        run = Run(None, None)
        with run.stage("Looking", len(views)):
            method = model.card.find_method("naclip")
            found.append(
                picture_relevance(
                    source_of(picture),
                    named,
                    views,
                    model=model,
                    method=method,
                    pack="none",
                    run=run,
                    deep=deep,
                )
            )
    assert found[0].features is not None
    assert found[1].features is None
    torch.testing.assert_close(found[0].maps, found[1].maps, rtol=0, atol=0)
