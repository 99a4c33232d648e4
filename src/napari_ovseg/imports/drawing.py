"""Outlines and masks drawn into labels: the memory it takes is that of the picture, whatever a file says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.imports.skipped import Unusable
from napari_ovseg.pictures.limits import has_room

# A stated size is believed up to here, as many pixels as a scanned slide has, where there is memory for it.
MOST_PIXELS = 2**30
# What a pixel takes while things are drawn: labels of 16 bits, areas, what is shared, and a mask.
_BYTES_A_PIXEL = 8
# An outline may reach out of its picture, as where a slide was cut into tiles, but no picture is this large.
_FARTHEST = 10_000_000
# How many crossings of outlines with rows are looked at in one go.
_AT_ONCE = 2_000_000

Ring = NDArray[np.float64]
Corner = tuple[int, int]
Drawn = tuple[Corner, NDArray[np.bool_]]
_NO_PAIRS = "its coordinates are not pairs of numbers"


def refuse_unseen(shape: tuple[int, int]) -> None:
    """Raise `Unusable` where labels of a picture that nobody has seen don't fit into the memory."""
    if not has_room(_BYTES_A_PIXEL * shape[0] * shape[1]):
        raise Unusable(f"there is no memory for {shape[0]} x {shape[1]} pixels: put the picture beside it")


def ring_of(said: Any) -> Ring:
    """Return an outline from the coordinates in a file.

    Parameters
    ----------
    said : object
        Pairs ``[[x, y], ...]`` (more numbers each are allowed), or a flat list ``[x, y, x, y, ...]``.

    Returns
    -------
    ndarray of float64 (n, 2)
        Corners ``(x, y)``; pixel ``(row, column)`` covers ``column`` to ``column + 1``.

    Raises
    ------
    Unusable
        When that is no outline.
    """
    points = points_of(said)
    if len(points) < 3:
        raise Unusable("it has fewer than three corners")
    return points


def points_of(said: Any) -> Ring:
    """Return any number of points, as `ring_of` does for three and more."""
    try:
        points = np.asarray(said)
    except (ValueError, OverflowError, RecursionError):
        raise Unusable(_NO_PAIRS) from None
    if points.ndim == 1 and points.size % 2 == 0:
        points = points.reshape(-1, 2)
    if points.dtype.kind not in "iuf" or points.ndim != 2 or points.shape[1] < 2:
        raise Unusable(_NO_PAIRS)
    points = points[:, :2].astype(np.float64)
    if not np.isfinite(points).all():
        raise Unusable("a coordinate is not finite")
    if points.size and np.abs(points).max() > _FARTHEST:
        raise Unusable(f"a coordinate is further out than {_FARTHEST}")
    return points


def cover(polygons: Sequence[Sequence[Ring]], shape: tuple[int, int]) -> Drawn:
    """Return the pixels that at least one of several polygons covers, each an outline and its holes.

    Raises
    ------
    Unusable
        When that is no pixel of the picture.
    """
    if len(polygons) == 1:
        found = fill(polygons[0], shape)
        if found is not None:
            return found
    else:
        (top, left), (bottom, right) = _box([ring for rings in polygons for ring in rings], shape)
        whole = np.zeros((max(bottom - top, 0), max(right - left, 0)), np.bool_)
        for rings in polygons:
            part = fill(rings, shape)
            if part is not None:
                (row, column), mask = part
                height, width = mask.shape
                whole[row - top : row - top + height, column - left : column - left + width] |= mask
        if whole.any():
            return (top, left), whole
    raise Unusable("it covers no pixel of its picture")


def _box(rings: Sequence[Ring], shape: tuple[int, int]) -> tuple[Corner, Corner]:
    """The pixels that outlines may cover: the first row and column, and those after the last."""
    low = np.min([ring.min(axis=0) for ring in rings], axis=0)
    high = np.max([ring.max(axis=0) for ring in rings], axis=0)
    left, top = np.clip(np.floor(low), 0, shape[::-1]).astype(int).tolist()
    right, bottom = np.clip(np.ceil(high), 0, shape[::-1]).astype(int).tolist()
    return (top, left), (bottom, right)


def fill(rings: Sequence[Ring], shape: tuple[int, int]) -> Drawn | None:
    """Return the pixels whose centres lie inside outlines; where two outlines overlap is a hole.

    Parameters
    ----------
    rings : sequence of ndarray of float (n, 2)
        Corners ``(x, y)``, finite; the last joins the first. Parts outside the picture are cut off.
    shape : tuple of int
        Height and width of the picture.

    Returns
    -------
    corner : tuple of int
        Row and column where the box of the pixels starts.
    mask : ndarray of bool (h, w)
        None in place of both where no pixel lies inside.
    """
    corners = np.concatenate(rings)
    (top, left), (bottom, right) = _box([corners], shape)
    if left >= right or top >= bottom:
        return None
    flips = np.zeros((bottom - top, right - left + 1), np.uint8)
    corners = corners - [left, top]
    last = np.cumsum([len(ring) for ring in rings]) - 1
    following = np.arange(1, len(corners) + 1)
    following[last] = np.concatenate([[0], last[:-1] + 1])
    _flip(corners, corners[following], flips)
    mask = np.bitwise_xor.accumulate(flips & 1, axis=1)[:, :-1].astype(bool)
    return ((top, left), mask) if mask.any() else None


def _flip(starts: Ring, ends: Ring, flips: NDArray[np.uint8]) -> None:
    """Add one where a row passes an edge: where the sum from the left is odd is inside."""
    height, width = flips.shape[0], flips.shape[1] - 1
    (x0, y0), (x1, y1) = starts.T, ends.T
    first, last = np.sort(np.clip(np.ceil([y0 - 0.5, y1 - 0.5]), 0, height).astype(np.int64), axis=0)
    crossed = np.flatnonzero(last > first)
    ends_of_parts = np.flatnonzero(np.diff(np.cumsum((last - first)[crossed]) // _AT_ONCE)) + 1
    for part in np.split(crossed, ends_of_parts):
        rows = (last - first)[part]
        edge = np.repeat(part, rows)
        row = np.arange(rows.sum()) - np.repeat(np.cumsum(rows) - rows, rows) + first[edge]
        slope = (x1 - x0)[part] / (y1 - y0)[part]
        x = x0[edge] + (row + 0.5 - y0[edge]) * np.repeat(slope, rows)
        column = np.clip(np.ceil(x - 0.5), 0, width).astype(np.int64)
        np.add.at(flips.reshape(-1), row * (width + 1) + column, 1)


class Canvas:
    """Labels that things are drawn into: one category per pixel, the smaller thing above the larger one.

    Parameters
    ----------
    shape : tuple of int
        Height and width of the picture.
    dtype : data type
        Of the labels: uint8 or uint16.

    Attributes
    ----------
    labels : ndarray of uint (H, W)
        0 where nothing was drawn.
    """

    def __init__(self, shape: tuple[int, int], dtype: type[np.unsignedinteger[Any]]) -> None:
        self.labels: NDArray[np.unsignedinteger[Any]] = np.zeros(shape, dtype)
        self._areas: NDArray[np.unsignedinteger[Any]] = np.zeros(shape, np.uint32)
        self._shared: NDArray[np.bool_] = np.zeros(shape, np.bool_)

    def draw(self, number: int, corner: Corner, mask: NDArray[np.bool_]) -> None:
        """Draw a thing: its id, and its mask (h, w) cut to the box that starts at `corner`."""
        box = tuple(slice(at, at + length) for at, length in zip(corner, mask.shape, strict=True))
        labels, areas, shared = self.labels[box], self._areas[box], self._shared[box]
        area = np.count_nonzero(mask)
        shared |= mask & (labels != 0) & (labels != number)
        above = mask & ((areas == 0) | (areas >= area))
        labels[above], areas[above] = number, area

    @property
    def shared(self) -> int:
        """How many pixels belong to things of several categories."""
        return int(np.count_nonzero(self._shared))
