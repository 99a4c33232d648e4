"""A mosaic of parts from all over a large picture, at full detail: what is decided once is decided on it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.views.hue import brightest
from napari_ovseg.views.source import PictureSource, box_of, touched

# a standard deviation that is rounding
FLAT = 1e-6


def mosaic_of(
    source: PictureSource, overview: NDArray[np.float32], *, cell: int, across: int
) -> NDArray[np.float32]:
    """Lay cells from all over a picture side by side, at full detail.

    Parameters
    ----------
    source : PictureSource
    overview : np.ndarray
        ``(h, w, 3)``: the picture as a whole, which tells where it changes most.
    cell : int
        Pixels along a side of a cell; fewer where the picture has fewer.
    across : int
        How many cells along a side, unless the picture has fewer.

    Returns
    -------
    np.ndarray
        ``(r, s, 3)``, in the order of their places in the picture.
    """
    height, width = source.size
    side = min(cell, height, width)
    cells = [
        (slice(top, top + side), slice(left, left + side))
        for top in _starts(height, side)
        for left in _starts(width, side)
    ]
    down = min(across, math.isqrt(len(cells)))
    across = min(across, len(cells) // down)
    lively = [liveliness(overview, one, source.size) for one in cells]
    # cells of one value, as around slides, tell nothing
    telling = [number for number, one in enumerate(lively) if one > FLAT]
    if len(telling) >= down * across:
        cells, lively = [cells[number] for number in telling], [lively[number] for number in telling]
    chosen = [cells[number] for number in sampled(lively, down * across)]
    parts = [source.read(box_of(*one, source.size), side=max(source.size)) for one in chosen]
    rows = [np.hstack(parts[start : start + across]) for start in range(0, len(parts), across)]
    return np.vstack(rows)


def _starts(length: int, side: int) -> list[int]:
    """Where as many cells as fit begin, spread over all of a length."""
    return [round(start) for start in np.linspace(0, length - side, length // side)]


def liveliness(overview: NDArray[np.float32], part: tuple[slice, slice], size: tuple[int, int]) -> float:
    """Standard deviation of brightness in a part of a picture, as far as the overview shows it.

    Parameters
    ----------
    overview : np.ndarray
        ``(h, w, 3)``.
    part : tuple of slice
        Rows and columns, in pixels of the picture.
    size : tuple of int
        Of the picture, ``(H, W)``.
    """
    return float(brightest(overview[touched(box_of(*part, size), *overview.shape[:2])]).std())


def sampled(lively: Sequence[float], count: int) -> list[int]:
    """Choose about half of the liveliest, and of the others evenly by how lively they are; in their order."""
    ranked = sorted(range(len(lively)), key=lambda number: -lively[number])
    if len(ranked) <= count:
        return sorted(ranked)
    most = count // 2
    others = ranked[most:]
    even = np.linspace(0, len(others) - 1, count - most).round().astype(int)
    return sorted([*ranked[:most], *(others[place] for place in even)])
