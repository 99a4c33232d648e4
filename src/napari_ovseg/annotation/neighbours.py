"""Corrections of one slice as hints for the next: where both look alike, they likely are alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.annotation.annotation import Position
from napari_ovseg.categories import Labels, void_of

# largest difference of any colour channel, in [0, 1], at which a pixel counts as the same thing
ALIKE = 0.1


def hinted(
    human: Labels,
    picture: NDArray[np.float32],
    neighbours: Iterable[tuple[NDArray[np.float32], Labels]],
    *,
    alike: float = ALIKE,
) -> Labels:
    """Add to the human pixels of a slice those of its neighbours, where the slices look alike.

    Parameters
    ----------
    human : np.ndarray
        ``(H, W)``, void where nobody painted; these always stay.
    picture : np.ndarray
        ``(H, W, 3)`` in [0, 1].
    neighbours : iterable of (picture, human)
        Of the same shapes, nearest first; a nearer one counts before a farther one.
    alike : float
        Largest difference in any channel.

    Returns
    -------
    np.ndarray
        ``(H, W)``: what an update may learn from. Only `human` is a person's.
    """
    void = void_of(human)
    hints = human.copy()
    for other, painted in neighbours:
        free = (hints == void) & (painted != void)
        free &= (np.abs(picture - other) <= alike).all(axis=2)
        hints[free] = painted[free]
    return hints


def nearest(position: Position, corrected: Sequence[Position]) -> list[Position]:
    """Return the nearest corrected slices before and after a slice along each axis, nearest first."""
    found = []
    for axis in range(len(position)):
        line = [p for p in corrected if p[:axis] + p[axis + 1 :] == position[:axis] + position[axis + 1 :]]
        before = [p for p in line if p[axis] < position[axis]]
        after = [p for p in line if p[axis] > position[axis]]
        found += [*([max(before)] if before else []), *([min(after)] if after else [])]
    return sorted(found, key=lambda p: sum(abs(a - b) for a, b in zip(p, position, strict=True)))
