"""What an annotation of COCO covers: run lengths and polygons, drawn in their own box.

Numbers are checked before memory is taken, and no more is taken than the picture has pixels. Pixels are those
of pycocotools, which believes what it is given: run lengths that are too short end in memory that nobody
wrote, and a polygon takes memory as far as it reaches.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.imports.drawing import Corner
from napari_ovseg.imports.named import whole
from napari_ovseg.imports.skipped import Unusable

Shape = tuple[int, int]
Drawn = tuple[Corner, NDArray[np.bool_]]

# A polygon may reach out of its picture, as where a slide was cut into tiles, but no picture is this large.
_FARTHEST = 10_000_000
# Polygons are drawn on a grid this much finer than pixels, and its middle line decides.
_FINER, _MIDDLE = 5, 2
# How many crossings of outlines with columns are looked at in one go.
_AT_ONCE = 1_000_000
# A run length is at most this many characters, of 5 bits each: more than any picture needs.
_LONGEST = 7
_NOTHING = "it covers no pixel of its picture"


def drawn(annotation: dict[str, Any], shape: Shape) -> Drawn:
    """Return what an annotation covers.

    Parameters
    ----------
    annotation : dict
        With ``segmentation``: run lengths (a list, or COCO's text), polygons, or one polygon as a flat list.
    shape : tuple of int
        Height and width of its picture.

    Returns
    -------
    corner : tuple of int
        Row and column where the box of its pixels starts.
    mask : ndarray of bool (h, w)
        In that box; what lies outside the picture is cut off.

    Raises
    ------
    Unusable
        When it covers nothing, or says nothing that can be read.
    """
    said = annotation.get("segmentation")
    if said is None or said == []:
        raise Unusable("it is a box without a mask" if annotation.get("bbox") else "it has no segmentation")
    if isinstance(said, dict):
        return _from_run_lengths(said, shape)
    if isinstance(said, list):
        return _from_polygons(said if isinstance(said[0], list) else [said], shape)
    raise Unusable(f"its segmentation is {_kind(said)}, not polygons or run lengths")


def _from_run_lengths(said: dict[str, Any], shape: Shape) -> Drawn:
    size, counts = said.get("size"), said.get("counts")
    if size is not None:
        sides = [whole(side) for side in size] if isinstance(size, list) else []
        if sides != list(shape):
            shown = f"of the size {' x '.join(map(str, sides))}" if len(sides) == 2 else "of no size"
            raise Unusable(f"its run lengths are {shown}, and its picture is {shape[0]} x {shape[1]}")
    if isinstance(counts, str):
        lengths = _unpacked(counts)
    elif isinstance(counts, list):
        lengths = _numbers(counts, "run length")
        if not (lengths == np.floor(lengths)).all():
            raise Unusable("a run length is not a whole number")
    else:
        raise Unusable(f"its run lengths are {_kind(counts)}, not a list or text")
    total = shape[0] * shape[1]
    if (lengths < 0).any():
        raise Unusable("a run length is negative")
    if (lengths > total).any() or int(lengths.sum()) != total:
        raise Unusable(f"its run lengths do not add up to the {total} pixels of its picture")
    return _runs(np.cumsum(lengths.astype(np.int64)), shape[0])


def _unpacked(text: str) -> NDArray[np.float64]:
    """Run lengths from text: 5 bits a character, from the fourth on as what was added to the last but one."""
    if not text.isascii():
        raise Unusable("its run lengths hold characters that mean nothing")
    values = np.frombuffer(text.encode("ascii"), np.uint8).astype(np.int64) - 48
    if values.size and (values.min() < 0 or values.max() > 63):
        raise Unusable("its run lengths hold characters that mean nothing")
    last = np.flatnonzero(values & 0x20 == 0)
    if not last.size or last[-1] != len(values) - 1:
        raise Unusable("its run lengths break off")
    first = np.concatenate([[0], last[:-1] + 1])
    if (last - first).max() >= _LONGEST:
        raise Unusable("a run length is too large")
    place = np.arange(len(values)) - np.repeat(first, last - first + 1)
    numbers = np.add.reduceat((values & 0x1F) << 5 * place, first)
    numbers -= np.where(values[last] & 0x10, np.int64(1) << 5 * (last - first + 1), 0)
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return numbers.astype(np.float64)


def _runs(edges: NDArray[np.int64], height: int) -> Drawn:
    """Draw runs down the columns; `edges` are where they start and end in turn."""
    pairs = len(edges) // 2
    starts, ends = edges[: 2 * pairs : 2], edges[1 : 2 * pairs : 2]
    there = ends > starts
    if not there.any():
        raise Unusable(_NOTHING)
    columns, rows = np.divmod(starts[there], height)
    last_columns, last_rows = np.divmod(ends[there] - 1, height)
    over = last_columns > columns
    left, right = int(columns[0]), int(last_columns[-1]) + 1
    top, bottom = (0, height) if over.any() else (int(rows.min()), int(last_rows.max()) + 1)
    columns, last_columns = columns - left, last_columns - left
    steps = np.zeros((right - left, bottom - top + 1), np.int8)
    np.add.at(steps, (columns, rows - top), 1)
    np.add.at(steps[:, 0], last_columns[over], 1)
    np.add.at(steps, (last_columns, last_rows - top + 1), -1)
    mask = np.cumsum(steps, axis=1, dtype=np.int8)[:, :-1] > 0
    if over.any():
        # The columns that a run fills from top to bottom.
        filled = np.zeros(right - left + 1, np.int64)
        np.add.at(filled, columns[over] + 1, 1)
        np.add.at(filled, last_columns[over], -1)
        mask[np.cumsum(filled)[:-1] > 0] = True
    return (top, left), mask.T


def _from_polygons(said: list[Any], shape: Shape) -> Drawn:
    polygons = [_points(polygon) for polygon in said]
    rings = [points for points in polygons if len(points) > 2]
    if not rings:
        raise Unusable("its polygon has fewer than three points")
    parts = [part for part in (_polygon(points, shape) for points in rings) if part is not None]
    if not parts:
        raise Unusable(_NOTHING)
    if len(parts) == 1:
        return parts[0]
    corners = np.array([corner for corner, _ in parts])
    top, left = corners.min(0).tolist()
    bottom, right = (corners + [mask.shape for _, mask in parts]).max(0).tolist()
    whole_mask = np.zeros((bottom - top, right - left), np.bool_)
    for (row, column), mask in parts:
        height, width = mask.shape
        whole_mask[row - top : row - top + height, column - left : column - left + width] |= mask
    return (top, left), whole_mask


def _points(said: Any) -> NDArray[np.float64]:
    """Corners ``(n, 2)`` as x, y."""
    if not isinstance(said, list):
        raise Unusable(f"its polygon holds {_kind(said)}, not a list of numbers")
    numbers = _numbers(said, "coordinate")
    if len(numbers) % 2:
        raise Unusable("its polygon has an odd number of coordinates")
    if len(numbers) and np.abs(numbers).max() > _FARTHEST:
        raise Unusable(f"a coordinate is further out than {_FARTHEST}")
    return numbers.reshape(-1, 2)


def _numbers(said: list[Any], what: str) -> NDArray[np.float64]:
    kinds = set(map(type, said)) - {int, float}
    if kinds:
        wrong = next(one for one in said if type(one) in kinds)
        raise Unusable(f"a {what} is {_kind(wrong)}, not a number")
    try:
        numbers = np.array(said, np.float64)
    except OverflowError:
        raise Unusable(f"a {what} is too large") from None
    if not np.isfinite(numbers).all():
        raise Unusable(f"a {what} is not finite")
    return numbers


def _kind(said: Any) -> str:
    names = {str: "text", list: "a list", dict: "an object", bool: "true or false", type(None): "null"}
    return names.get(type(said), "a number")


def _polygon(points: NDArray[np.float64], shape: Shape) -> Drawn | None:
    """Draw one polygon in its box; None where it covers no pixel."""
    height, width = shape
    (west, north), (east, south) = points.min(0).tolist(), points.max(0).tolist()
    left, right = max(math.floor(west) - 1, 0), min(math.ceil(east) + 1, width)
    top, bottom = max(math.floor(north) - 1, 0), min(math.ceil(south) + 1, height)
    if left >= right or top >= bottom:
        return None
    flips = np.zeros((right - left, bottom - top + 1), np.uint8)
    _flip(points, flips, left, top)
    mask = (np.bitwise_xor.accumulate(flips & 1, axis=1)[:, :-1]).astype(np.bool_).T
    return ((top, left), mask) if mask.any() else None


def _flip(points: NDArray[np.float64], flips: NDArray[np.uint8], left: int, top: int) -> None:
    """Add one where an outline passes the middle of a column: after an odd sum a column is inside."""
    start = np.trunc(_FINER * points + 0.5).astype(np.int64)
    end = np.concatenate([start[1:], start[:1]])
    low, high = np.minimum(start[:, 0], end[:, 0]), np.maximum(start[:, 0], end[:, 0])
    first = np.maximum(-((_MIDDLE - low) // _FINER), left)
    last = np.minimum((high - _MIDDLE - 1) // _FINER, left + len(flips) - 1)
    passed = np.flatnonzero(last >= first)
    counts = (last - first)[passed] + 1
    parts = [passed]
    if counts.sum() > _AT_ONCE:
        parts = np.split(passed, np.flatnonzero(np.diff(np.cumsum(counts) // _AT_ONCE)) + 1)
    for part in parts:
        number = last[part] - first[part] + 1
        edge = np.repeat(part, number)
        column = first[edge] + np.arange(len(edge)) - np.repeat(np.cumsum(number) - number, number)
        height = _passed_at(start[edge], end[edge], _FINER * column + _MIDDLE)
        row = -((_MIDDLE - height) // _FINER) - top
        np.add.at(flips, (column - left, np.minimum(np.maximum(row, 0), flips.shape[1] - 1)), 1)


def _passed_at(start: NDArray[np.int64], end: NDArray[np.int64], at: NDArray[np.int64]) -> NDArray[np.int64]:
    """How high edges pass from the fine column `at` to the next: the lower end of the step that does it.

    Edges are walked one fine step at a time along their longer side, from its lower end.
    """
    run, rise = (end - start).T
    steep = np.abs(run) < np.abs(rise)
    turned = np.where(steep, rise, run) < 0
    x, y = np.where(turned, end.T, start.T)
    slope = np.where(steep, run, rise) / np.where(steep, rise, run)
    before, after = (np.trunc(y + slope * (at - x + more) + 0.5) for more in (0, 1))
    height = np.minimum(before, after).astype(np.int64)
    over = np.flatnonzero(steep)
    if over.size:
        x, y, slope, at = x[over], y[over], slope[over], at[over]
        # Where the division is off by a rounding error, the step before or after is the one.
        steps = np.ceil((at + 0.5 - x) / slope) + np.array([[-1], [0], [1]])
        columns = np.trunc(x + slope * steps + 0.5)
        there = np.where(slope > 0, columns > at, columns <= at)
        height[over] = (steps[0] + there.argmax(0)).astype(np.int64) - 1 + y
    return height
