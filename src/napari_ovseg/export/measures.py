"""What is measured of each thing, by scikit-image's `regionprops_table`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.units import unit_of_length

# In the names of columns, which many programs want in plain letters.
_SYMBOLS = {"µm": "um", "Å": "angstrom"}
_COLOURS = ("red", "green", "blue")
_ELLIPSE = ("axis_major_length", "axis_minor_length", "eccentricity", "orientation")
_PLACES = {
    "centroid_row": "centroid-0",
    "centroid_column": "centroid-1",
    "bbox_top": "bbox-0",
    "bbox_left": "bbox-1",
    "bbox_bottom": "bbox-2",
    "bbox_right": "bbox-3",
}
Table = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Pixel:
    """Height and width of a pixel, and the unit in the names of columns."""

    height: float
    width: float
    unit: str

    @property
    def square(self) -> bool:
        """Whether it is as high as wide."""
        return bool(np.isclose(self.height, self.width, rtol=1e-6))


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
    from skimage.measure import regionprops_table

    channels = {} if picture is None else _channels(picture)
    found = regionprops_table(
        regions,
        intensity_image=np.stack(list(channels.values()), axis=-1) if channels else None,
        properties=("area", "centroid", "bbox", "perimeter", *_ELLIPSE, *["intensity_mean"] * bool(channels)),
    )
    table: Table = {
        "id": np.arange(1, len(ids) + 1),
        "category_id": np.asarray(ids, np.int64),
        "category": np.array([names[int(number)] for number in ids], object).reshape(-1),
        "area_px": found["area"].astype(np.int64),
        **{ours: found[theirs] for ours, theirs in _PLACES.items()},
    }
    ends = np.stack([table[name] for name in ("bbox_top", "bbox_left", "bbox_bottom", "bbox_right")], axis=-1)
    table["touches_edge"] = (ends == [0, 0, *regions.shape]).any(1)
    table |= {"perimeter_px": found["perimeter"]}
    table |= {"major_axis_px": found["axis_major_length"], "minor_axis_px": found["axis_minor_length"]}
    shape = {name: found[name] for name in _ELLIPSE}
    if pixel is not None:
        if not pixel.square:
            shape = regionprops_table(regions, properties=_ELLIPSE, spacing=(pixel.height, pixel.width))
        table |= _in_unit(table, shape, pixel)
    # round things have no direction
    angle = np.where(np.isclose(shape["eccentricity"], 0), 0, shape["orientation"])
    table |= {"eccentricity": shape["eccentricity"], "orientation_deg": np.degrees(angle)}
    return table | {f"mean_{name}": found[f"intensity_mean-{place}"] for place, name in enumerate(channels)}


def _in_unit(table: Table, shape: Table, pixel: Pixel) -> Table:
    """The columns that are lengths and areas; a perimeter of pixels that are not square isn't known."""
    unit, factor = pixel.unit, pixel.height if pixel.square else 1
    lengths: Table = {
        f"area_{unit}2": table["area_px"] * pixel.height * pixel.width,
        f"centroid_y_{unit}": table["centroid_row"] * pixel.height,
        f"centroid_x_{unit}": table["centroid_column"] * pixel.width,
        f"major_axis_{unit}": shape["axis_major_length"] * factor,
        f"minor_axis_{unit}": shape["axis_minor_length"] * factor,
    }
    return lengths | ({f"perimeter_{unit}": table["perimeter_px"] * pixel.height} if pixel.square else {})


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


def _channels(picture: NDArray[Any]) -> dict[str, NDArray[Any]]:
    if picture.ndim == 2:
        return {"intensity": picture}
    if picture.shape[-1] in (3, 4):
        return {name: picture[..., place] for place, name in enumerate(_COLOURS)}
    return {f"channel_{place + 1}": picture[..., place] for place in range(picture.shape[-1])}
