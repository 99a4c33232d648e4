"""A closer look: which maps are averaged, which stay, and how sure the model is of what only windows show."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_ovseg.categories import parse_categories
from napari_ovseg.closer import look_closer
from napari_ovseg.levels import Levels
from napari_ovseg.picture_relevance import picture_relevance
from napari_ovseg.segmentation import Run
from napari_ovseg.settings import Settings
from napari_ovseg.views.augmentation import views_at, views_for
from napari_ovseg.views.source import PictureInMemory
from tiny import tiny_model

pytestmark = pytest.mark.usefixtures("own_text_cache")
SIZE = (40, 56)


@pytest.fixture
def look():
    """Look at a picture at one level for each of two names, and at the views of a preset before."""
    model = tiny_model()
    source = PictureInMemory(np.random.default_rng(0).random((*SIZE, 3), np.float32))
    settings = Settings(names=parse_categories("cat; tree; background: sky"), preset="fast", pack="none")
    method = model.card.find_method("naclip")

    def seen(views):
        run = Run(None, None)
        how = {"model": model, "method": method, "pack": "none", "run": run}
        with run.stage("", len(views)):
            return picture_relevance(source, settings.names, views, **how)

    def look(*levels, presence=0.0):
        before = seen(views_for("fast", *SIZE))
        at = {level: seen(views_at(level, *SIZE, input_size=32)) for level in levels if level is not None}
        found = look_closer(
            source,
            before,
            torch.full((2,), presence),
            Levels(levels, levels),
            settings,
            stage="Looking",
            model=model,
            method=method,
            run=Run(None, None),
        )
        return before, at, found

    return look


def test_only_the_maps_of_names_with_a_size_are_averaged(look):
    before, at, found = look(None, 2.0)
    near = at[2.0]
    assert found.maps.shape == (3, *near.maps.shape[1:])
    fine = torch.nn.functional.interpolate(before.maps[None], near.maps.shape[1:], mode="bilinear")[0]
    torch.testing.assert_close(found.maps[0], fine[0])
    torch.testing.assert_close(found.maps[1], (fine[1] + near.maps[1]) / 2)
    torch.testing.assert_close(found.maps[2], fine[2])
    assert found.windows == len(views_at(2.0, *SIZE, input_size=32))


def test_names_of_two_levels_are_each_looked_at_in_their_own(look):
    _, at, found = look(1.0, 2.0)
    assert found.windows == sum(len(views_at(level, *SIZE, input_size=32)) for level in at)
    assert found.maps.shape[1:] == at[2.0].maps.shape[1:]


def test_a_name_is_there_if_the_whole_or_some_of_the_windows_show_it(look):
    _, _, low = look(None, 2.0)
    assert low.presence[0] == 0
    assert low.presence[1] > 0
    _, _, high = look(None, 2.0, presence=1.0)
    assert high.presence.tolist() == [1.0, 1.0]
