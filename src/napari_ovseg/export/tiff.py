"""Labels as TIFF that ImageJ shows in colour, and as OME-TIFF; both keep the physical size of a pixel."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.colours import BACKGROUND, VOID
from napari_ovseg.export.about import ABOUT, about, about_text, legend, names_as_lines, on_one_line
from napari_ovseg.export.instances import things_in
from napari_ovseg.export.lazy_labels import LazyLabels
from napari_ovseg.export.palette_png import label_colours, palette_of
from napari_ovseg.export.plan import Dataset, Item, Notes, Planned
from napari_ovseg.export.tiled_tiff import write_tiled
from napari_ovseg.units import unit_of_length

# A TIFF palette has 16 bits a colour, ours 8.
TO_16_BIT = 257
SHADES = 256


def plan(dataset: Dataset) -> Iterator[Planned]:
    """One TIFF per picture: the pixel values are the ids, Image > Show Info lists the names."""
    for item in dataset.items:
        yield Planned(item.path("_masks.tif"), partial(_write, item, dataset), item.picture.name)


def plan_ome(dataset: Dataset) -> Iterator[Planned]:
    """One OME-TIFF per picture: the pixel values are the ids, the names are in its annotations."""
    for item in dataset.items:
        yield Planned(item.path("_masks.ome.tif"), partial(_write_ome, item, dataset), item.picture.name)


def _write(item: Item, dataset: Dataset, file: BinaryIO) -> None:
    import tifffile

    labels = item.picture.labels
    names = names_as_lines(dataset.categories)
    metadata, resolution = imagej_size(item, dataset.notes)
    metadata |= {
        "axes": "YX",
        "Info": f"{names}\n{ABOUT}: {about_text(about(item, dataset))}\n",
        # ImageJ shows it above the picture.
        "Labels": [legend(dataset.categories)],
    }
    colours = label_colours(dataset.categories)
    if labels.dtype == np.uint8:
        palette = palette_of(colours)
    else:
        step = values_a_shade(max(colours))
        palette = _shades(colours, step)
        metadata |= {"min": 0, "max": SHADES * step - 1}
    tifffile.imwrite(
        file,
        labels,
        imagej=True,
        colormap=palette.T.astype(np.uint16) * TO_16_BIT,
        metadata=metadata,
        **resolution,
    )


def values_a_shade(largest: int) -> int:
    """How many ids ImageJ has to show alike, of 16 bits: it has 256 shades, the last one for void."""
    return -(-(largest + 1) // (SHADES - 1))


def _shades(colours: dict[int, tuple[int, int, int]], step: int) -> NDArray[np.uint8]:
    """ImageJ's shades for ids of 16 bits: each has the colour of the first id that it stands for."""
    shades = palette_of({})
    for number in sorted(colours, reverse=True):
        shades[int(number / step + 0.5)] = colours[number]
    shades[0], shades[-1] = BACKGROUND, VOID
    return shades


def _write_ome(item: Item, dataset: Dataset, file: BinaryIO) -> None:
    import tifffile

    labels = item.picture.labels
    size, resolution = ome_size(item, dataset.notes)
    name = on_one_line(item.picture.name)
    metadata = size | {
        "axes": "YX",
        "Name": name,
        "Description": names_as_lines(dataset.categories),
        "Channel": {"Name": [legend(dataset.categories)]},
        "MapAnnotation": {str(one.id): on_one_line(one.name) for one in dataset.categories},
        "CommentAnnotation": {"Namespace": ABOUT, "Value": about_text(about(item, dataset))},
    }
    shown: dict[str, Any] = {"photometric": "minisblack"}
    # Of 16 bits a palette would have 65536 colours, which few programs read.
    if labels.dtype == np.uint8:
        palette = palette_of(label_colours(dataset.categories)).T.astype(np.uint16)
        shown = {"photometric": "palette", "colormap": palette * TO_16_BIT}
    if isinstance(labels, LazyLabels):
        write_tiled(file, labels, metadata, shown, resolution)
        return
    with tifffile.TiffWriter(file, ome=True) as tiff:
        tiff.write(labels, compression="zlib", metadata=metadata, **shown, **resolution)
        if dataset.options.things:
            things = things_in(item, dataset)
            metadata = size | {
                "axes": "YX",
                "Name": f"{name} things",
                "Channel": {"Name": ["things"]},
                # the category of each thing
                "MapAnnotation": {str(number): str(one) for number, one in enumerate(things.ids.tolist(), 1)},
            }
            tiff.write(
                things.smallest(),
                compression="zlib",
                photometric="minisblack",
                metadata=metadata,
                **resolution,
            )


def imagej_size(item: Item, notes: Notes) -> tuple[dict[str, Any], dict[str, Any]]:
    """The size of a pixel as ImageJ is told it: entries of its description, and arguments for tifffile."""
    size = _physical_size(item, notes)
    if size is None:
        return {}, {}
    height, width, name, _, _ = size
    # ImageJ knows no unit of resolution but the one that it is told by name.
    resolution = {"resolution": (1 / width, 1 / height), "resolutionunit": "NONE"}
    return {"unit": "um" if name == "micrometer" else name}, resolution


def ome_size(item: Item, notes: Notes) -> tuple[dict[str, Any], dict[str, Any]]:
    """The size of a pixel in OME-XML, and as arguments for tifffile."""
    size = _physical_size(item, notes)
    if size is None:
        return {}, {}
    height, width, _, symbol, metres = size
    metadata = {"PhysicalSizeY": height, "PhysicalSizeYUnit": symbol}
    metadata |= {"PhysicalSizeX": width, "PhysicalSizeXUnit": symbol}
    per_centimetre = (0.01 / (width * metres), 0.01 / (height * metres))
    return metadata, {"resolution": per_centimetre, "resolutionunit": "CENTIMETER"}


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
