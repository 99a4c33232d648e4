"""The size of a pixel that a file tells, where it is one of the thing in the picture."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import isfinite
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from napari_ovseg.units import unit_of_length

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage, TiffPageSeries

Size = tuple[tuple[float, float], str] | tuple[None, None]

MICROMETER = "micrometer"
_MICROMETERS = {2: 25_400.0, 3: 10_000.0}
# Photo programs and scanners write how large a picture is to be printed, and the densest print has a dot
# in 10 micrometers (2,540 dpi); microscopes have finer pixels.
_COARSEST = 10.0


def of_tiff(tiff: TiffFile, series: TiffPageSeries) -> Size:
    """Height and width of a stored pixel, and their unit; (None, None) where the file doesn't tell.

    What is looked at, in this order: OME-XML, what Zeiss and Aperio write, the unit of ImageJ, and the
    resolution tags.
    """
    readings: tuple[Callable[[TiffFile, TiffPageSeries], Size], ...] = (_of_ome, _of_vendor, _of_imagej)
    for reading in readings:
        try:
            found = reading(tiff, series)
        # It is said by the file in many ways, and a picture is worth reading without it.
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, ElementTree.ParseError):
            continue
        if found[0] is not None:
            return found
    return _of_tags(series.keyframe)


def of_dots(density: Any) -> Size:
    """Size from dots per inch along width and height, where it is believable as one of a microscope."""
    try:
        across, down = (25_400 / float(dots) for dots in density)
    except (TypeError, ValueError, ZeroDivisionError):
        return None, None
    return _fine(down, across)


def _fine(height: float, width: float) -> Size:
    return _length(height, width, MICROMETER) if max(height, width) < _COARSEST else (None, None)


def _length(height: Any, width: Any, unit: str | None, other: str | None = None) -> Size:
    """Check a size; a height in another unit becomes one in the unit of the width."""
    known, of_height = unit_of_length(unit), unit_of_length(unit if other is None else other)
    if known is None or of_height is None:
        return None, None
    height, width = float(height) * (of_height[2] / known[2]), float(width)
    sound = all(isfinite(side) and side > 0 for side in (height, width))
    return ((height, width), known[0]) if sound else (None, None)


def _of_ome(tiff: TiffFile, series: TiffPageSeries) -> Size:
    if not tiff.ome_metadata:
        return None, None
    root = ElementTree.fromstring(tiff.ome_metadata)
    every = [one for one in root.iter() if one.tag.rpartition("}")[2] == "Pixels"]
    sides = dict(zip(series.axes, series.shape, strict=True))
    wanted = (str(sides.get("X", 1)), str(sides.get("Y", 1)))
    same = [one for one in every if (one.get("SizeX"), one.get("SizeY")) == wanted]
    said = (same or every)[0].attrib
    return _length(
        said["PhysicalSizeY"],
        said["PhysicalSizeX"],
        said.get("PhysicalSizeXUnit", "µm"),
        said.get("PhysicalSizeYUnit", "µm"),
    )


def _of_vendor(tiff: TiffFile, series: TiffPageSeries) -> Size:
    """Zeiss LSM and electron microscopes, and Aperio's whole slides."""
    if tiff.is_lsm and tiff.lsm_metadata:
        return _length(tiff.lsm_metadata["VoxelSizeY"] * 1e6, tiff.lsm_metadata["VoxelSizeX"] * 1e6, "µm")
    if tiff.is_sem and tiff.sem_metadata:
        _, side, unit = tiff.sem_metadata["ap_image_pixel_size"]
        return _length(side, side, unit)
    if tiff.is_svs:
        said = re.search(r"\|\s*MPP\s*=\s*([\d.]+)", series.keyframe.description)
        return (None, None) if said is None else _length(said[1], said[1], "µm")
    return None, None


def _of_imagej(tiff: TiffFile, series: TiffPageSeries) -> Size:
    """ImageJ's own unit, which the resolution tags count in where they have no absolute one."""
    page = series.keyframe
    said = re.search(r"^unit=(.*)$", page.description, re.MULTILINE) if tiff.is_imagej else None
    if said is None or page.tags.valueof("ResolutionUnit", 1) in _MICROMETERS:
        return None, None
    unit = said[1].strip().replace("\\u00B5", "µ").replace("\\u00b5", "µ")
    width, height = (_step(page, name) for name in ("XResolution", "YResolution"))
    return _length(height, width, unit)


def _of_tags(page: TiffPage) -> Size:
    try:
        length = _MICROMETERS[int(page.tags.valueof("ResolutionUnit", 2))]
        width, height = (length * _step(page, name) for name in ("XResolution", "YResolution"))
    except (ValueError, TypeError, KeyError, ZeroDivisionError):
        return None, None
    return _fine(height, width)


def _step(page: TiffPage, name: str) -> float:
    """How long a pixel is in the unit of the tags."""
    pixels, units = page.tags.valueof(name)
    return float(units / pixels)
