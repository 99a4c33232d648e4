"""What is said of tiles that overlap, blended: so it goes over from one into the next without a seam."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from napari_ovseg.large.decided import Rough
from napari_ovseg.large.tiles import Place, Tile


class Blending:
    """What is said of each tile alone, kept while a neighbour needs it, and blended.

    A tile counts in full in the middle, one half at the border of its core, and nothing where it ends.

    Parameters
    ----------
    tiles : sequence of Tile
        All of the picture, in any order.
    look : callable
        ``look(tile)`` says what is in a tile, the same each time.
    known : mapping of Place to Rough
        What was seen before.
    """

    def __init__(
        self, tiles: Sequence[Tile], look: Callable[[Tile], Rough], known: Mapping[Place, Rough]
    ) -> None:
        self._look, self._known = look, known
        # at the rim several tiles may look at the same
        self._every, self._tiles = tuple(tiles), {tile.place: tile for tile in tiles}
        self._kept: dict[Place, Rough] = {}
        self._needed_by: dict[Place, set[str]] = {}

    def around(self, tile: Tile) -> Rough:
        """Blend what is said where a tile looks."""
        near = [other for other in self._tiles.values() if tile.overlaps(other)]
        seen = [(other, self._seen(other)) for other in near]
        own = self._seen(tile)
        scores = _blended(tile, own.scores, [(other, one.scores) for other, one in seen])
        deep = [(other, one.deep) for other, one in seen if one.deep is not None]
        return Rough(scores, None if own.deep is None else _blended(tile, own.deep, deep))

    def done_with(self, tile: Tile) -> None:
        """Take note that a tile is done, and forget what no other tile needs."""
        for other in self._tiles.values():
            if not tile.overlaps(other):
                continue
            if other.place not in self._needed_by:
                self._needed_by[other.place] = {one.key for one in self._every if one.overlaps(other)}
            self._needed_by[other.place].discard(tile.key)
            if not self._needed_by[other.place]:
                self._kept.pop(other.place, None)

    def _seen(self, tile: Tile) -> Rough:
        found = self._known.get(tile.place) or self._kept.get(tile.place)
        if found is None:
            found = self._look(tile)
            # deep features take the most room, and are rounded the same whoever asks first
            deep = None if found.deep is None else found.deep.half()
            self._kept[tile.place] = found = Rough(found.scores, deep)
        return found


def _blended(tile: Tile, own: Tensor, seen: Sequence[tuple[Tile, Tensor]]) -> Tensor:
    """Average maps ``(K, h, w)`` of tiles that overlap, on the grid of one of them."""
    total = torch.zeros(own.shape, dtype=torch.float32)
    weights = torch.zeros(own.shape[1:])
    grid = (own.shape[1], own.shape[2])
    for other, maps in seen:
        spans = [_along(tile, other, axis, grid[axis]) for axis in (0, 1)]
        (rows, down, tall), (columns, across, wide) = spans
        if rows.start >= rows.stop or columns.start >= columns.stop:
            continue
        points = torch.stack(torch.meshgrid(down, across, indexing="ij")[::-1], -1)
        there = maps.float()
        if other.place != tile.place:
            there = F.grid_sample(there[None], points[None], padding_mode="border", align_corners=False)[0]
        weight = tall[:, None] * wide
        total[:, rows, columns] += there * weight
        weights[rows, columns] += weight
    return total / weights


def _along(tile: Tile, other: Tile, axis: int, cells: int) -> tuple[slice, Tensor, Tensor]:
    """Which cells of a tile another one looks at along an axis, where there, and how much it counts."""
    start, stop = tile.around[axis].start, tile.around[axis].stop
    centres = start + (torch.arange(cells) + 0.5) * ((stop - start) / cells)
    first, last = other.around[axis].start, other.around[axis].stop
    inside = torch.nonzero((centres >= first) & (centres < last)).flatten()
    if not len(inside):
        return slice(0, 0), centres[:0], centres[:0]
    rows = slice(int(inside[0]), int(inside[-1]) + 1)
    places = centres[rows]
    return rows, 2 * (places - first) / (last - first) - 1, other.counts(places, axis)
