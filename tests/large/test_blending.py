"""What is said of tiles that overlap goes over from one into the next."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_ovseg.large.blending import Blending
from napari_ovseg.large.decided import Rough
from napari_ovseg.large.tiles import Tile, tiles_of

SIZE = (100, 90)
# the parts that are looked at are 48 pixels wide, and what is said of them has a cell for 2 pixels
CELLS = 24


def tiles() -> list[Tile]:
    return tiles_of(SIZE, core=32, halo=8)


def ramp(tile: Tile) -> Rough:
    """What is true all over a picture, as a tile sees it: how far down and how far right."""
    down, right = (
        part.start + (torch.arange(CELLS) + 0.5) * ((part.stop - part.start) / CELLS) for part in tile.around
    )
    scores = torch.stack([down[:, None].expand(CELLS, CELLS), right.expand(CELLS, CELLS)])
    return Rough(scores, torch.stack([down[:, None] + right]))


def test_where_all_tiles_agree_nothing_changes():
    scenes = Blending(tiles(), ramp, {})
    for tile in tiles():
        found, own = scenes.around(tile), ramp(tile)
        # at their rims neighbours know half a cell less
        assert (found.scores - own.scores).abs().max() < 0.05 * 2
        assert found.deep is not None
        assert own.deep is not None
        assert (found.deep - own.deep).abs().max() < 0.1 * 2


def test_tiles_that_disagree_meet_in_the_middle():
    def own_number(tile: Tile) -> Rough:
        return Rough(torch.full((1, CELLS, CELLS), float(tile.column)), None)

    scenes = Blending(tiles(), own_number, {})
    first, second = (scenes.around(tile).scores[0, 10] for tile in tiles()[:2])
    # pixels 31 and 33 are the last cell of the first core, and the first of the second
    assert first[15] == pytest.approx(0.5, abs=0.06)
    assert first[16] == pytest.approx(0.5, abs=0.06)
    # both tiles say the same of the same pixel, on either side of the border
    np.testing.assert_allclose(first[12:24], second[:12], atol=1e-6)
    steps = first.diff().abs()
    assert steps.max() < 0.2
    assert (first[:11] == 0).all()


@pytest.mark.parametrize("seen_before", [0, 3, 17])
def test_each_tile_is_looked_at_once_and_forgotten_when_nobody_needs_it(seen_before):
    asked: list[Tile] = []

    def look(tile: Tile) -> Rough:
        asked.append(tile)
        return ramp(tile)

    every = tiles_of((600, 90), core=32, halo=8)
    known = {every[0].place: ramp(every[0])}
    order = [*every[seen_before : seen_before + 3], *every[:seen_before], *every[seen_before + 3 :]]
    scenes, most = Blending(every, look, known), 0
    for tile in order:
        scenes.around(tile)
        scenes.done_with(tile)
        most = max(most, len(scenes._kept))
    # at the rim several tiles look at the same
    places = [tile.place for tile in asked]
    assert sorted(places) == sorted({tile.place for tile in every} - {every[0].place})
    assert most < len(places) / 2
    assert not scenes._kept


def test_what_is_said_of_a_tile_does_not_depend_on_where_one_began():
    every = tiles()
    from_the_first, from_there = Blending(every, ramp, {}), Blending(every, ramp, {})
    for tile in every[:5]:
        from_the_first.around(tile)
    one, other = from_the_first.around(every[5]), from_there.around(every[5])
    assert torch.equal(one.scores, other.scores)
    assert one.deep is not None
    assert other.deep is not None
    assert torch.equal(one.deep, other.deep)
