"""Samples of a large picture, from all over it: where it changes most, and evenly of all the rest."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.large.tiles import Part, Tile
from napari_ovseg.views.source import PictureSource, box_of, touched

# a mosaic of so many cells a side, each of so many pixels at full detail
ACROSS, CELL = 3, 512
# a standard deviation that is rounding
FLAT = 1e-6


def mosaic_of(source: PictureSource, overview: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lay cells from all over a picture side by side, at full detail, as many down as across.

    Parameters
    ----------
    source : PictureSource
    overview : np.ndarray
        ``(h, w, 3)``: the picture as a whole, which tells where it changes most.

    Returns
    -------
    np.ndarray
        ``(s, s, 3)``: in the order of their places in the picture.
    """
    height, width = source.size
    side = min(CELL, height, width)
    cells = [
        (slice(row * side, (row + 1) * side), slice(column * side, (column + 1) * side))
        for row in range(height // side)
        for column in range(width // side)
    ]
    # cells of one value, as around slides, tell nothing
    cells = [cell for cell in cells if _liveliness(overview, cell, source.size) > FLAT] or cells
    liveliness = [_liveliness(overview, cell, source.size) for cell in cells]
    across = min(ACROSS, math.isqrt(len(cells)))
    chosen = [cells[number] for number in _sampled(liveliness, across**2)]
    parts = [source.read(box_of(*cell, source.size), side=max(source.size)) for cell in chosen]
    rows = [np.hstack(parts[start : start + across]) for start in range(0, len(parts), across)]
    return np.vstack(rows)


def sampled_tiles(
    tiles: Sequence[Tile], overview: NDArray[np.float32], size: tuple[int, int]
) -> list[list[Tile]]:
    """Choose tiles that look at different parts of a picture, in rows of one length.

    Parameters
    ----------
    tiles : sequence of Tile
    overview : np.ndarray
        As for `mosaic_of`.
    size : tuple of int
        Of the picture, ``(H, W)``.
    """
    # at the rim of a small picture several look at the same
    different = list({tile.place: tile for tile in tiles}.values())
    liveliness = [_liveliness(overview, tile.core, size) for tile in different]
    down = min(ACROSS, math.isqrt(len(different)))
    across = min(ACROSS, len(different) // down)
    chosen = [different[number] for number in _sampled(liveliness, down * across)]
    return [chosen[start : start + across] for start in range(0, len(chosen), across)]


def _liveliness(overview: NDArray[np.float32], part: Part, size: tuple[int, int]) -> float:
    """How much a part of the picture changes, as far as the overview shows it."""
    return float(overview[touched(box_of(*part, size), *overview.shape[:2])].std())


def _sampled(liveliness: Sequence[float], count: int) -> list[int]:
    """Choose about half of the liveliest, and of the others evenly by how lively they are; in their order."""
    ranked = sorted(range(len(liveliness)), key=lambda number: -liveliness[number])
    if len(ranked) <= count:
        return sorted(ranked)
    most = count // 2
    others = ranked[most:]
    even = np.linspace(0, len(others) - 1, count - most).round().astype(int)
    return sorted([*ranked[:most], *(others[place] for place in even)])
