"""What is measured of each thing: what scikit-image's `regionprops_table` finds with one look at a pixel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.units import unit_of_length

# Rows are taken together as long as they hold fewer pixels, so that memory is bounded whatever the picture.
_PIXELS_AT_A_TIME = 1 << 21
# In the names of columns, which many programs want in plain letters.
_SYMBOLS = {"µm": "um", "Å": "angstrom"}
_COLOURS = ("red", "green", "blue")
Table = dict[str, NDArray[Any]]
Column = NDArray[np.float64]


@dataclass(frozen=True)
class Pixel:
    """Height and width of a pixel, and the unit in the names of columns."""

    height: float
    width: float
    unit: str


def pixel_in(size: tuple[float, float] | None, unit: str | None) -> Pixel | None:
    """The size of a pixel where it is a length, else None."""
    known = unit_of_length(unit)
    if size is None or known is None:
        return None
    return Pixel(*size, _SYMBOLS.get(known[1], known[1]))


def measure(
    regions: NDArray[np.integer],
    ids: NDArray[np.integer],
    names: Mapping[int, str],
    *,
    pixel: Pixel | None = None,
    picture: NDArray[Any] | None = None,
) -> Table:
    """Measure each thing.

    Parameters
    ----------
    regions : ndarray of int (H, W)
        0 nothing, 1 to N the things, each of which has pixels.
    ids : ndarray of int (N,)
        The category of each.
    names : mapping
        The name of each category.
    pixel : Pixel, optional
        Adds columns in its unit. Where pixels are not square, eccentricity and orientation are those of the
        thing itself, and the perimeter is in pixels only.
    picture : ndarray (H, W) or (H, W, C), optional
        Adds the mean of each channel; alpha is no channel.

    Returns
    -------
    dict of str to ndarray (N,)
        ``id``, ``category_id``, ``category``, ``area_px``; ``centroid_row``, ``centroid_column``, where the
        centre of the first pixel is 0, 0; ``bbox_top``, ``bbox_left``, ``bbox_bottom``, ``bbox_right``, row
        and column after the last; ``touches_edge`` of the picture; ``perimeter_px``; ``major_axis_px`` and
        ``minor_axis_px`` of the ellipse with the same second moments; ``eccentricity``; ``orientation_deg``
        from the rows' axis to the major one, -90 to 90, 0 for round things; and ``mean_...``. In a unit:
        ``area_um2``, ``centroid_y_um``, ``centroid_x_um`` and so on.
    """
    count = len(ids)
    boxes = _boxes(regions, count)
    channels = {} if picture is None else _channels(picture)
    area, row, column, moments, totals = _sums(regions, boxes["bbox_top"], boxes["bbox_left"], channels)
    table: Table = {
        "id": np.arange(1, count + 1),
        "category_id": np.asarray(ids, np.int64),
        "category": np.array([names[int(number)] for number in ids], object).reshape(-1),
        "area_px": area.astype(np.int64),
    }
    if pixel is not None:
        table[f"area_{pixel.unit}2"] = area * pixel.height * pixel.width
    table |= {"centroid_row": row, "centroid_column": column}
    if pixel is not None:
        table[f"centroid_y_{pixel.unit}"] = row * pixel.height
        table[f"centroid_x_{pixel.unit}"] = column * pixel.width
    table |= boxes
    table |= _perimeters(_perimeter(regions, count), pixel)
    table |= _ellipses(moments, pixel)
    return table | {f"mean_{name}": total / area for name, total in totals.items()}


def in_finer_pixels(table: Table, factors: tuple[float, float], pixel: Pixel | None) -> Table:
    """Bring a table to the pixels of the full picture, where things were found on a coarser level of it.

    Parameters
    ----------
    table : dict
        From `measure`.
    factors : (float, float)
        Rows and columns of the full picture that one pixel covers.
    pixel : Pixel, optional
        With which it was measured, of the coarser level.
    """
    down, across = factors
    if down == across == 1:
        return table
    along = np.sqrt(down * across)
    for name, factor in {
        "perimeter": along,
        "major_axis": along,
        "minor_axis": along,
        "area": down * across,
    }.items():
        table[f"{name}_px"] = table[f"{name}_px"] * factor
    for name, factor in (("row", down), ("column", across)):
        table[f"centroid_{name}"] = (table[f"centroid_{name}"] + 0.5) * factor - 0.5
    if pixel is not None:
        table[f"centroid_y_{pixel.unit}"] = table["centroid_row"] * pixel.height / down
        table[f"centroid_x_{pixel.unit}"] = table["centroid_column"] * pixel.width / across
    ends = {"top": down, "left": across, "bottom": down, "right": across}
    return table | {
        f"bbox_{end}": np.rint(table[f"bbox_{end}"] * f).astype(np.int64) for end, f in ends.items()
    }


def _sums(
    regions: NDArray[np.integer],
    top: NDArray[np.int64],
    left: NDArray[np.int64],
    channels: Mapping[str, NDArray[Any]],
) -> tuple[Column, Column, Column, tuple[Column, Column, Column], dict[str, Column]]:
    """Area, centroid, second central moments (rows, columns, mixed) and sums of the channels, in one pass."""
    count = len(top)
    kinds = ("area", "row", "column", "down", "across", "mixed")
    total = {kind: np.zeros(count) for kind in (*kinds, *channels)}
    for first, last in _strips(regions.shape):
        rows, columns = np.nonzero(regions[first:last])
        number = regions[first:last][rows, columns] - 1
        rows += first
        # from the corner of the thing: sums of squares stay exact
        r, c = (rows - top[number]).astype(float), (columns - left[number]).astype(float)
        values = zip(kinds, (None, r, c, r * r, c * c, r * c), strict=True)
        for kind, value in values:
            total[kind] += np.bincount(number, value, count)
        for name, channel in channels.items():
            total[name] += np.bincount(number, channel[rows, columns].astype(float), count)
    area = total["area"]
    r, c, down, across, mixed = (total[kind] / area for kind in kinds[1:])
    central = (np.maximum(down - r * r, 0), np.maximum(across - c * c, 0), mixed - r * c)
    return area, r + top, c + left, central, {name: total[name] for name in channels}


def _strips(shape: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    step = max(1, _PIXELS_AT_A_TIME // max(shape[1], 1))
    for top in range(0, shape[0], step):
        yield top, min(top + step, shape[0])


def _boxes(regions: NDArray[np.integer], count: int) -> Table:
    from scipy import ndimage

    found = ndimage.find_objects(regions, count)
    ends = np.array(
        [(rows.start, columns.start, rows.stop, columns.stop) for rows, columns in found], np.int64
    ).reshape(-1, 4)
    edges = np.array([0, 0, *regions.shape])
    names = ("bbox_top", "bbox_left", "bbox_bottom", "bbox_right")
    return {**dict(zip(names, ends.T, strict=True)), "touches_edge": (ends == edges).any(1)}


def _perimeters(perimeter: Column, pixel: Pixel | None) -> Table:
    table: Table = {"perimeter_px": perimeter}
    if pixel is not None and np.isclose(pixel.height, pixel.width, rtol=1e-6):
        table[f"perimeter_{pixel.unit}"] = perimeter * pixel.height
    return table


def _perimeter(regions: NDArray[np.integer], count: int) -> Column:
    """The length of a line through the centres of border pixels, after Benkrid and Crookes (2000)."""
    worth = np.zeros(50)
    worth[[5, 7, 15, 17, 25, 27]] = 1
    worth[[21, 33]] = np.sqrt(2)
    worth[[13, 23]] = (1 + np.sqrt(2)) / 2
    total = np.zeros(count + 1)
    for top, bottom in _strips(regions.shape):
        # two rows more on each side: whether a neighbour is on the border depends on its own neighbours
        first, last = max(top - 2, 0), min(bottom + 2, regions.shape[0])
        block = np.pad(regions[first:last], 2)
        border = block != 0
        inner = np.ones(block.shape, bool)
        for shift in ((0, 1), (0, -1), (1, 0), (-1, 0)):
            inner &= np.roll(block, shift, (0, 1)) == block
        border &= ~inner
        code = np.ones(block.shape, np.uint8)
        for down in (-1, 0, 1):
            for across in (-1, 0, 1):
                if down or across:
                    shift = (down, across)
                    alike = np.roll(border, shift, (0, 1)) & (np.roll(block, shift, (0, 1)) == block)
                    code += np.where(alike, np.uint8(10 if down and across else 2), np.uint8(0))
        own = slice(top - first + 2, bottom - first + 2)
        chosen = border[own]
        total += np.bincount(block[own][chosen], worth[code[own][chosen]], count + 1)
    return total[1:]


def _ellipses(moments: tuple[Column, Column, Column], pixel: Pixel | None) -> Table:
    down, across, mixed = moments
    table: Table = {}
    major, minor = _axes(down, across, mixed)
    table |= {"major_axis_px": major, "minor_axis_px": minor}
    if pixel is not None:
        height, width = pixel.height, pixel.width
        down, across, mixed = down * height**2, across * width**2, mixed * height * width
        major, minor = _axes(down, across, mixed)
        table |= {f"major_axis_{pixel.unit}": major, f"minor_axis_{pixel.unit}": minor}
    ratio = np.divide(minor, major, out=np.ones_like(major), where=major > 0)
    table["eccentricity"] = np.sqrt(1 - ratio**2)
    angle = 0.5 * np.arctan2(2 * mixed, down - across)
    # round things have no direction
    table["orientation_deg"] = np.degrees(np.where(np.isclose(down, across) & np.isclose(mixed, 0), 0, angle))
    return table


def _axes(down: Column, across: Column, mixed: Column) -> tuple[Column, Column]:
    """Lengths of the major and the minor axis."""
    middle, half = (down + across) / 2, np.hypot((down - across) / 2, mixed)
    return 4 * np.sqrt(middle + half), 4 * np.sqrt(np.maximum(middle - half, 0))


def _channels(picture: NDArray[Any]) -> dict[str, NDArray[Any]]:
    if picture.ndim == 2:
        return {"intensity": picture}
    if picture.shape[-1] in (3, 4):
        return {name: picture[..., place] for place, name in enumerate(_COLOURS)}
    return {f"channel_{place + 1}": picture[..., place] for place in range(picture.shape[-1])}
