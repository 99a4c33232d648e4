"""A closer look: which maps are averaged, which stay, and how sure the model is of what only windows show."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_ovseg.categories import parse_categories
from napari_ovseg.closer import look_closer
from napari_ovseg.models.presence import presence_of
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

    def look(closely, presence=0.0):
        before = seen(views_for("fast", *SIZE))
        at = {level: seen(views_at(level, *SIZE, input_size=32)) for level in closely}
        found = look_closer(
            source,
            before,
            torch.full((2,), presence),
            closely,
            settings,
            stage="Looking",
            model=model,
            method=method,
            run=Run(None, None),
        )
        sure = {}
        for level, near in at.items():
            phrases = [name.phrases for name in settings.sought]
            each = torch.stack([presence_of(model, one[None], phrases) for one in near.image_vectors])
            sure[level] = each.quantile(0.9, dim=0)
        return before, at, sure, found

    return look


def enlarged(maps, like):
    return torch.nn.functional.interpolate(maps[None], like.shape[1:], mode="bilinear")[0]


def test_maps_are_averaged_as_far_as_the_model_is_sure_of_a_name(look):
    before, at, sure, found = look({2.0: [1]}, presence=0.25)
    near = at[2.0]
    assert found.maps.shape == (3, *near.maps.shape[1:])
    fine = enlarged(before.maps, near.maps)
    torch.testing.assert_close(found.maps[0], fine[0])
    own = float(sure[2.0][1])
    torch.testing.assert_close(found.maps[1], (0.25 * fine[1] + own * near.maps[1]) / (0.25 + own))
    # background words stay, where not all names are looked for
    torch.testing.assert_close(found.maps[2], fine[2])
    assert found.windows == len(views_at(2.0, *SIZE, input_size=32))


def test_all_levels_of_a_name_have_a_say_and_background_words_one_as_names_have_on_average(look):
    before, at, sure, found = look({2.0: [0, 1], 1.0: [0, 1]}, presence=0.5)
    said = [(torch.full((2,), 0.5), before), (sure[2.0], at[2.0]), (sure[1.0], at[1.0])]
    weights = torch.stack([torch.stack([one[0], one[1], one.mean()]) for one, _ in said])
    maps = torch.stack([enlarged(one.maps, at[2.0].maps) for _, one in said])
    expected = (weights[:, :, None, None] * maps).sum(0) / weights.sum(0)[:, None, None]
    torch.testing.assert_close(found.maps, expected)


def test_names_of_two_levels_are_each_looked_at_in_their_own(look):
    _, at, _, found = look({1.0: [0], 2.0: [1]})
    assert found.windows == sum(len(views_at(level, *SIZE, input_size=32)) for level in at)
    assert found.maps.shape[1:] == at[2.0].maps.shape[1:]


def test_a_name_is_there_if_the_whole_or_some_of_the_windows_show_it(look):
    _, _, sure, low = look({2.0: [1]})
    assert low.presence[0] == 0
    assert float(low.presence[1]) == pytest.approx(float(sure[2.0][1]), rel=1e-5)
    assert low.presence[1] > 0
    _, _, _, high = look({2.0: [1]}, presence=1.0)
    assert high.presence.tolist() == [1.0, 1.0]
