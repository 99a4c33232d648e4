"""How a fast model is shown a picture: at which size, and in which windows."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from napari_ovseg.models.clip.relevance.windows import window_starts

# sides of a window that a picture has at least and at most, if it were a square, and along its longer side
LEAST, MOST, LONGEST = 1, 2, 4
# of a window, how much its neighbour shows again
OVERLAP = 0.25


def shown_size(sides: tuple[int, int], window: int, patch: int) -> tuple[int, int]:
    """Return height and width that a picture is shown at: its own, unless it is smaller or larger than fits.

    Parameters
    ----------
    sides : tuple of int
        Of the picture.
    window, patch : int
        Sides, in pixels, of a window and of a patch of the tower.

    Returns
    -------
    tuple of int
        Multiples of the patch, the aspect kept, with the area of a window at least and of four at most; what
        is longer than four windows is reduced to that.
    """
    side = math.sqrt(sides[0] * sides[1])
    scale = min(max(side, LEAST * window), MOST * window) / side
    scale = min(scale, LONGEST * window / max(sides))
    height, width = (max(1, round(length * scale / patch)) * patch for length in sides)
    return height, width


def corners(size: tuple[int, int], window: int, patch: int) -> list[tuple[int, int]]:
    """Return top and left of the windows that cover a picture of this size, in whole patches."""
    cells = window // patch
    stride = max(1, round(cells * (1 - OVERLAP)))
    down, across = ([patch * at for at in window_starts(side // patch, cells, stride)] for side in size)
    return [(top, left) for top in down for left in across]


def blended(parts: Iterator[tuple[tuple[int, int], Tensor]], size: tuple[int, int], by: int) -> Tensor:
    """Join maps of windows, so that near its rim a window says less than the neighbour that shows more.

    Parameters
    ----------
    parts : iterator of (top, left) and (C, h, w) tensor
        In pixels of the picture, and at a resolution ``by`` times as coarse.
    size : tuple of int
        Of the picture.
    by : int

    Returns
    -------
    (C, H / by, W / by) tensor
    """
    total, weight = torch.zeros(0), torch.zeros(size[0] // by, size[1] // by)
    for (top, left), maps in parts:
        if not len(total):
            total = maps.new_zeros(len(maps), *weight.shape)
            weight = weight.to(maps.device)
        height, width = maps.shape[-2:]
        place = slice(top // by, top // by + height), slice(left // by, left // by + width)
        tent = _tent(height)[:, None] * _tent(width)
        total[:, *place] += maps * tent.to(maps.device)
        weight[place] += tent.to(maps.device)
    return total / weight


def _tent(length: int) -> Tensor:
    """Weights along a side, 1 in the middle and low, never 0, at the ends."""
    away = (torch.arange(length) + 0.5) / length
    return (torch.minimum(away, 1 - away) / OVERLAP).clamp(max=1)
