"""Human pixels: where a person painted, and what may not change."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.categories import Labels, void_of
from napari_ovseg.errors import InputError


def check(masks: Labels, human: Labels, size: tuple[int, int]) -> int:
    """Return the void id of the dtype, or raise `InputError` when the two don't fit the picture."""
    for what, labels in (("masks", masks), ("human pixels", human)):
        if labels.dtype not in (np.uint8, np.uint16):
            raise InputError(f"The {what} are {labels.dtype}; give uint8, or uint16 past 254 categories.")
        if labels.shape != size:
            raise InputError(f"The {what} have the shape {labels.shape}; the picture has {size}.")
    if masks.dtype != human.dtype:
        raise InputError(f"The masks are {masks.dtype}, the human pixels {human.dtype}; give one dtype.")
    return void_of(human)


def painted_cells(
    human: Labels, void: int, grid: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which cells of a coarser grid a person painted, and with what.

    Parameters
    ----------
    human : np.ndarray
        ``(H, W)``, the id where a person painted, void elsewhere.
    void : int
        The id that means nobody painted.
    grid : tuple of int
        ``(h, w)``.

    Returns
    -------
    cells : np.ndarray
        ``(N,)``, int64: the painted cells, ``row * w + column``, ascending.
    ids : np.ndarray
        ``(N,)``, int64: the id that most of a cell's painted pixels have (the lower one of two as many).
    """
    rows, columns = np.nonzero(human != void)
    cells = rows * grid[0] // human.shape[0] * grid[1] + columns * grid[1] // human.shape[1]
    pairs, counts = np.unique(
        np.stack([cells, human[rows, columns].astype(np.int64)]), axis=1, return_counts=True
    )
    # the last of equal cells wins below: order each cell's ids by how often they occur
    order = np.lexsort((-pairs[1], counts, pairs[0]))
    cells, ids = pairs[:, order]
    last = np.append(cells[1:] != cells[:-1], True) if len(cells) else np.zeros(0, bool)
    return cells[last], ids[last]


def hold(
    found: Labels, masks: Labels, human: Labels, void: int, locked: Collection[int]
) -> NDArray[np.bool_]:
    """Write locked and human pixels back into ``found``, in place; return where they are, ``(H, W)``."""
    kept = np.isin(masks, list(locked))
    found[kept] = masks[kept]
    painted = human != void
    found[painted] = human[painted]
    return kept | painted
