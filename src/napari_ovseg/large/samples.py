"""Tiles from all over a large picture: where it changes most, and evenly of all the rest."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.large.tiles import Tile
from napari_ovseg.views.mosaic import liveliness, sampled

# so many tiles a side
ACROSS = 3
# of those that are learnt as one picture: of 9 it takes more than 2 GB
LEARNT_ACROSS = 2


def sampled_tiles(tiles: Sequence[Tile], overview: NDArray[np.float32], size: tuple[int, int]) -> list[Tile]:
    """Choose tiles that look at different parts of a picture, at most `ACROSS` squared.

    Parameters
    ----------
    tiles : sequence of Tile
    overview : np.ndarray
        ``(h, w, 3)``: the picture as a whole, which tells where it changes most.
    size : tuple of int
        Of the picture, ``(H, W)``.
    """
    # at the rim of a small picture several look at the same
    different = list({tile.place: tile for tile in tiles}.values())
    lively = [liveliness(overview, tile.core, size) for tile in different]
    return [different[number] for number in sampled(lively, ACROSS**2)]


def laid_out(tiles: Sequence[Tile], overview: NDArray[np.float32], size: tuple[int, int]) -> list[list[Tile]]:
    """Choose some of these tiles, in rows of one length, at most `LEARNT_ACROSS` down and across.

    Parameters
    ----------
    tiles : sequence of Tile
        From `sampled_tiles`.
    overview, size
        As for `sampled_tiles`.
    """
    down = min(LEARNT_ACROSS, math.isqrt(len(tiles)))
    across = min(LEARNT_ACROSS, len(tiles) // down)
    lively = [liveliness(overview, tile.core, size) for tile in tiles]
    chosen = [tiles[number] for number in sampled(lively, down * across)]
    return [chosen[start : start + across] for start in range(0, len(chosen), across)]
