"""What is decided on samples of a picture, and tiles of which that already says what is in them."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import create_autospec

import numpy as np
import pytest
import torch

from napari_ovseg.categories import parse_categories
from napari_ovseg.context import Known
from napari_ovseg.large import samples, survey
from napari_ovseg.large.blending import Blending
from napari_ovseg.large.decided import Decided
from napari_ovseg.large.survey import Survey
from napari_ovseg.large.tile_masks import rough_of, tile_masks
from napari_ovseg.large.tiles import Tile, tiles_of
from napari_ovseg.look_choice import LookChoice
from napari_ovseg.segmentation import Run
from napari_ovseg.settings import Settings
from napari_ovseg.views.looks import AS_IT_IS
from napari_ovseg.views.source import PictureInMemory


@pytest.mark.parametrize(
    ("size", "sampled", "rows", "across"),
    [
        ((30, 36), 1, 1, 1),
        ((30, 90), 3, 1, 2),
        ((64, 64), 4, 2, 2),
        ((96, 90), 9, 2, 2),
        ((500, 300), 9, 2, 2),
    ],
)
def test_tiles_are_sampled_and_a_few_of_these_learnt_from(size, sampled, rows, across):
    every = tiles_of(size, core=32, halo=2)
    overview = np.random.default_rng(0).random((*size, 1)).astype(np.float32).repeat(3, 2)
    # what is at the bottom is the liveliest by far
    overview[: -size[0] // 4] *= 0.1
    found = samples.sampled_tiles(every, overview, size)
    assert len({tile.place for tile in found}) == len(found) == sampled
    learnt = samples.laid_out(found, overview, size)
    assert [len(row) for row in learnt] == [across] * rows
    chosen = [tile for row in learnt for tile in row]
    assert all(tile in found for tile in chosen)
    assert chosen == sorted(chosen, key=found.index)
    # half of them, at least, are from there
    lively = [tile.core[0].stop > size[0] * 3 / 4 for tile in chosen]
    assert sum(lively) >= len(chosen) // 2


def test_tile_and_whole_count_as_much_as_the_name_is_known_in_them():
    share = survey._share(torch.tensor([0.0, 1.0, 0.9]), torch.tensor([0.8, 0.25, 0.9]), 4)
    np.testing.assert_allclose(share.flatten(), [0, 0.8, 0.5, 1.3 / 3])
    tile = tiles_of((40, 40), core=20, halo=0)[3]
    whole = torch.zeros(4, 2, 2)
    whole[:, 1, 1] = 1
    blended = survey.Whole(whole, share).blended(tile, torch.full((4, 5, 5), 0.5))
    # in the last corner of the picture the whole says 1, and the tile one half
    np.testing.assert_allclose(blended[:, 4, 4], [0.5, 0.9, 0.75, 0.5 + 0.5 * 1.3 / 3], rtol=1e-6)
    np.testing.assert_allclose(blended[0], 0.5)


def surveyed(*, there: bool) -> Survey:
    settings = Settings(names=parse_categories("cat, dog"))
    known = Known(torch.full((2,), 0.5), torch.full((2,), there), 1.0)
    choice = LookChoice((AS_IT_IS, AS_IT_IS), (0.0, 0.0))
    # nothing of what is decided is asked for
    decided = create_autospec(Decided, instance=True) if there else None
    return Survey(settings, choice, None, None, known, decided, None, 16, {}, (), {})


@pytest.mark.parametrize("there", [True, False])
def test_where_nothing_can_be_no_model_is_asked(there):
    [tile] = tiles_of((60, 80), core=100, halo=16)
    # of one value, or with something in it where no name is anywhere in the picture
    picture = np.full((60, 80, 3), 0.5, np.float32)
    picture[3, 3] = 0.5 if there else 1.0
    source, found = PictureInMemory(picture), surveyed(there=there)
    asked: list[Tile] = []
    masks = tile_masks(source, tile, found, Blending([tile], asked.append, {}), run=Run(None, None))
    assert masks.shape == (60, 80)
    assert masks.dtype == np.uint8
    assert not masks.any()
    assert not asked


def test_a_tile_of_one_value_is_background_for_its_neighbours():
    [tile] = tiles_of((60, 80), core=100, halo=16)
    source, found = PictureInMemory(np.zeros((60, 80, 3), np.float32)), surveyed(there=True)
    rough = rough_of(source, tile, found, model=None, run=Run(None, None))
    assert rough.scores.flatten().tolist() == [1, 0, 0]
    assert rough.deep is None


def test_without_a_background_each_tile_is_looked_at():
    [tile] = tiles_of((60, 80), core=100, halo=16)
    found = surveyed(there=True)
    every = replace(found, settings=replace(found.settings, background=False))
    source = PictureInMemory(np.zeros((60, 80, 3), np.float32))
    with pytest.raises(AttributeError, match="card"):
        rough_of(source, tile, every, model=None, run=Run(None, None))
