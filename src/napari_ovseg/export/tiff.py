"""Labels as TIFF that ImageJ shows in colour, and as OME-TIFF; both keep the physical size of a pixel."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO

import numpy as np

from napari_ovseg.export.palette_png import label_colours, palette_of
from napari_ovseg.export.plan import Dataset, Item, Notes, Planned
from napari_ovseg.units import unit_of_length


def plan(dataset: Dataset) -> Iterator[Planned]:
    """One TIFF per picture: the pixel values are the ids, Image > Show Info lists the names."""
    for item in dataset.items:
        yield Planned(item.path("_masks.tif"), partial(_write, item, dataset), item.picture.name)


def plan_ome(dataset: Dataset) -> Iterator[Planned]:
    """One OME-TIFF per picture: the pixel values are the ids, the names are in a map annotation."""
    for item in dataset.items:
        yield Planned(item.path("_masks.ome.tif"), partial(_write_ome, item, dataset), item.picture.name)


def _write(item: Item, dataset: Dataset, file: BinaryIO) -> None:
    import tifffile

    labels = item.picture.labels
    metadata: dict[str, Any] = {"Info": _names(dataset), "axes": "YX"}
    if labels.dtype == np.uint8:
        metadata["LUTs"] = [palette_of(label_colours(dataset.categories)).T]
    resolution: dict[str, Any] = {}
    size = _physical_size(item, dataset.notes)
    if size is not None:
        height, width, name, _, _ = size
        # ImageJ knows no unit of resolution but the one that it is told by name.
        resolution = {"resolution": (1 / width, 1 / height), "resolutionunit": "NONE"}
        metadata["unit"] = "um" if name == "micrometer" else name
    tifffile.imwrite(file, labels, imagej=True, metadata=metadata, **resolution)


def _write_ome(item: Item, dataset: Dataset, file: BinaryIO) -> None:
    import tifffile

    metadata: dict[str, Any] = {
        "axes": "YX",
        "Name": item.picture.name,
        "MapAnnotation": {str(category.id): category.name for category in dataset.categories},
    }
    resolution: dict[str, Any] = {}
    size = _physical_size(item, dataset.notes)
    if size is not None:
        height, width, _, symbol, metres = size
        metadata |= {"PhysicalSizeY": height, "PhysicalSizeYUnit": symbol}
        metadata |= {"PhysicalSizeX": width, "PhysicalSizeXUnit": symbol}
        per_centimetre = (0.01 / (width * metres), 0.01 / (height * metres))
        resolution = {"resolution": per_centimetre, "resolutionunit": "CENTIMETER"}
    tifffile.imwrite(
        file,
        item.picture.labels,
        ome=True,
        photometric="minisblack",
        compression="zlib",
        metadata=metadata,
        **resolution,
    )


def _names(dataset: Dataset) -> str:
    # ImageJ reads this as Latin-1: other letters are escaped.
    return json.dumps({str(category.id): category.name for category in dataset.categories})


def _physical_size(item: Item, notes: Notes) -> tuple[float, float, str, str, float] | None:
    size = item.picture.pixel_size
    if size is None:
        return None
    unit = unit_of_length(item.picture.unit)
    if unit is None:
        if item.picture.unit not in (None, "", "pixel", "pixels"):
            notes.say(
                f"The unit '{item.picture.unit}' is no length that TIFF knows: the pixel size was left out."
            )
        return None
    return (*size, *unit)
