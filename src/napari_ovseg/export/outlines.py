"""Outlines of masks along the edges of pixels: a polygon that covers exactly the pixels it was made from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

# A ring goes right, down, left and up along pixel edges, with its pixels on the right-hand side.
_RIGHT, _DOWN, _LEFT, _UP = range(4)
Ring = NDArray[np.int64]


def outlines(mask: NDArray[np.bool_]) -> tuple[list[Ring], list[Ring]]:
    """Outer outlines and holes of a mask, corners only.

    Pixel ``(row, column)`` covers ``column`` to ``column + 1`` and ``row`` to ``row + 1``. Where two pixels
    touch at a corner only, the ring goes through the corner from one to the other, so that an 8-connected
    mask has one outer outline, and a 4-connected one is a valid polygon (no ring touches itself).

    Parameters
    ----------
    mask : ndarray of bool (H, W)

    Returns
    -------
    outer : list of ndarray of int (n, 2)
        Corners ``(x, y)``, not closed (the first corner is not repeated), clockwise as seen on the screen.
    holes : list of ndarray of int (n, 2)
        Counterclockwise.
    """
    outer: list[Ring] = []
    holes: list[Ring] = []
    for ring in _rings(mask):
        (outer if _signed_area(ring) > 0 else holes).append(ring)
    return outer, holes


def polygons(mask: NDArray[np.bool_]) -> list[tuple[Ring, list[Ring]]]:
    """Outer outline and holes of each 4-connected part of a mask: valid polygons that together cover it."""
    from scipy import ndimage

    parts, _ = ndimage.label(mask)
    found = []
    for number, box in enumerate(ndimage.find_objects(parts), 1):
        shift = np.array([box[1].start, box[0].start])
        (outer,), holes = outlines(parts[box] == number)
        found.append((outer + shift, [hole + shift for hole in holes]))
    return found


def without_holes(mask: NDArray[np.bool_]) -> list[Ring]:
    """Outlines of parts that have no holes and together cover exactly a mask that may have some."""
    from scipy import ndimage

    whole = [mask]
    done: list[Ring] = []
    while whole:
        part = whole.pop()
        outer, holes = outlines(part)
        if not holes:
            done.extend(outer)
            continue
        # A hole that starts where the part is cut opens to the outside.
        row = int(holes[0][:, 1].min())
        for rows in (slice(0, row), slice(row, None)):
            half = np.zeros_like(part)
            half[rows] = part[rows]
            regions, count = ndimage.label(half, np.ones((3, 3)))
            whole.extend(regions == number for number in range(1, count + 1))
    return done


def _rings(mask: NDArray[np.bool_]) -> Iterator[Ring]:
    inside = np.pad(mask, 1)
    height, width = mask.shape[0] + 1, mask.shape[1] + 1
    # Which edges leave each corner, one bit for each direction.
    leaving = np.zeros((height, width), np.uint8)
    here = inside[1:-1, 1:-1]
    leaving[:-1, :-1] |= (here & ~inside[:-2, 1:-1]).astype(np.uint8) << _RIGHT
    leaving[:-1, 1:] |= (here & ~inside[1:-1, 2:]).astype(np.uint8) << _DOWN
    leaving[1:, 1:] |= (here & ~inside[2:, 1:-1]).astype(np.uint8) << _LEFT
    leaving[1:, :-1] |= (here & ~inside[1:-1, :-2]).astype(np.uint8) << _UP
    starts = np.flatnonzero(leaving & 1 << _RIGHT)
    edges = bytearray(leaving.tobytes())
    steps = (1, width, -1, -width)
    for start in starts.tolist():
        if not edges[start] & 1 << _RIGHT:
            continue
        corners = []
        place, direction = start, _RIGHT
        while True:
            place += steps[direction]
            left, right = (direction - 1) % 4, (direction + 1) % 4
            turned = left if edges[place] & 1 << left else direction
            if not edges[place] & 1 << turned:
                turned = right
            if turned != direction:
                corners.append(place)
                direction = turned
            edges[place] &= ~(1 << direction)
            if place == start and direction == _RIGHT:
                break
        yield np.stack(np.divmod(np.array(corners), width)[::-1], axis=1)


def _signed_area(ring: Ring) -> int:
    x, y = ring[:, 0], ring[:, 1]
    return int((x * np.roll(y, -1) - np.roll(x, -1) * y).sum()) // 2
