"""The tiles of a large picture: each pixel is in the core of one of them, and sees what is around it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from napari_ovseg.views.source import Box, touched
from napari_ovseg.views.window import Window

# side of a core, which is a chunk of what is written
CORE = 1024
# pixels around a core that have a say in it: about six patches of the bundled model at full detail
HALO = 128
# tiles that may come before all others: what is said of a tile is kept until its neighbours are done
SEEN = 16

Part = tuple[slice, slice]
"""Rows and columns of a picture."""
Place = tuple[int, int]
"""The first row and column of what a tile looks at."""
# what a tile counts where what it looks at ends, so that nothing is divided by 0
LEAST = 1e-3


@dataclass(frozen=True)
class Tile:
    """A part of a picture that is segmented at once.

    Attributes
    ----------
    row, column : int
        Which core it is, counted from 0.
    core : tuple of slice
        The pixels whose masks are kept.
    around : tuple of slice
        The pixels that are looked at, the core among them.
    size : tuple of int
        Of the picture, ``(H, W)``.
    """

    row: int
    column: int
    core: Part
    around: Part
    size: tuple[int, int]

    @property
    def key(self) -> str:
        """How a ledger calls it."""
        return f"{self.row}-{self.column}"

    @property
    def place(self) -> Place:
        """Where it looks: at the rim of a picture several tiles may look at the same."""
        return self.around[0].start, self.around[1].start

    def overlaps(self, other: Tile) -> bool:
        """Whether both look at a pixel."""
        return all(
            own.start < its.stop and its.start < own.stop
            for own, its in zip(self.around, other.around, strict=True)
        )

    def counts(self, places: Tensor, axis: int) -> Tensor:
        """How much the tile counts beside others that overlap with it.

        Parameters
        ----------
        places : torch.Tensor
            ``(n,)``: rows or columns of the picture, in pixels, where the tile looks.
        axis : int
            0 for rows, 1 for columns.

        Returns
        -------
        torch.Tensor
            ``(n,)`` in (0, 1]: 1 in the middle and at the rim of the picture, one half at the border of the
            core, and almost nothing where what is looked at ends.
        """
        around, core = self.around[axis], self.core[axis]
        found = torch.ones_like(places)
        if around.start > 0:
            found = torch.minimum(found, (places - around.start) / (2 * max(1, core.start - around.start)))
        if around.stop < self.size[axis]:
            found = torch.minimum(found, (around.stop - places) / (2 * max(1, around.stop - core.stop)))
        return found.clamp_min(LEAST)

    @property
    def window(self) -> Window:
        """What is looked at, as a window of the picture."""
        rows, columns = self.around
        return Window(
            rows.start, columns.start, rows.stop - rows.start, columns.stop - columns.start, self.size
        )

    @property
    def inside(self) -> Part:
        """Where the core is in what is looked at."""
        rows, columns = (
            slice(core.start - around.start, core.stop - around.start)
            for core, around in zip(self.core, self.around, strict=True)
        )
        return rows, columns


def tiles_of(size: tuple[int, int], *, core: int, halo: int) -> list[Tile]:
    """Cut a picture of ``size (H, W)`` into tiles, row by row.

    All are of one size, as far as the picture is that large: at its rim they are shifted inwards.
    """
    down, across = (_along(length, core, halo) for length in size)
    return [
        Tile(row, column, (rows[0], columns[0]), (rows[1], columns[1]), size)
        for row, rows in enumerate(down)
        for column, columns in enumerate(across)
    ]


def _along(length: int, core: int, halo: int) -> list[tuple[slice, slice]]:
    """Cores along a side, each with what is around it."""
    side = min(length, core + 2 * halo)
    found = []
    for start in range(0, length, core):
        first = min(max(0, start - halo), length - side)
        found.append((slice(start, min(length, start + core)), slice(first, first + side)))
    return found


def seen_first(tiles: Sequence[Tile], box: Box) -> list[Tile]:
    """Put tiles first of which a box of the picture touches the core, the nearest to its middle before all.

    All others keep their order, and so do those after the first `SEEN`.
    """
    if not tiles:
        return []
    seen = touched(box, *tiles[0].size)
    middle = [(part.start + part.stop) / 2 for part in seen]

    def apart(tile: Tile) -> float:
        return math.dist([(core.start + core.stop) / 2 for core in tile.core], middle)

    touching = [
        tile
        for tile in tiles
        if all(
            core.start < part.stop and part.start < core.stop
            for core, part in zip(tile.core, seen, strict=True)
        )
    ]
    first = sorted(touching, key=apart)[:SEEN]
    keys = {tile.key for tile in first}
    return [*first, *(tile for tile in tiles if tile.key not in keys)]
