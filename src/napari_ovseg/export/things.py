"""Things as labels: one id per thing, as programs for cells take them, and a table of what each one is."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.colours import BACKGROUND, category_colours
from napari_ovseg.export.about import ABOUT, THINGS, about_text
from napari_ovseg.export.instances import Instances, things_in
from napari_ovseg.export.measures import Table, measure, pixel_in
from napari_ovseg.export.picture_pixels import picture_pixels
from napari_ovseg.export.plan import Dataset, Item, Planned
from napari_ovseg.export.tiff import SHADES, TO_16_BIT, imagej_size, values_a_shade
from napari_ovseg.file_names import as_text

# Spreadsheets run what begins so.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def plan(dataset: Dataset) -> Iterator[Planned]:
    """A TIFF and a CSV per picture: 16 bits up to 65535 things, else 32."""
    for item in dataset.items:
        table: list[bytes] = []
        name = item.picture.name
        yield Planned(item.path("_things.tif"), partial(_write_labels, item, dataset, table), name)
        yield Planned(item.path("_things.csv"), partial(_write_table, table), name)


def measured(things: Instances, item: Item, dataset: Dataset) -> Table:
    """Measure things, and the picture below them where its file is there."""
    pixels = picture_pixels(item)
    if pixels is None:
        dataset.notes.count(
            "pictures could not be read in the size of their labels: intensities were not measured",
            1,
            item.picture.name,
        )
    names = {category.id: category.name for category in dataset.categories}
    pixel = pixel_in(item.picture.pixel_size, item.picture.unit)
    return measure(things.regions, things.ids, names, pixel=pixel, picture=pixels)


def _write_labels(item: Item, dataset: Dataset, table: list[bytes], file: BinaryIO) -> None:
    import tifffile

    things = things_in(item, dataset)
    table.append(table_text(measured(things, item, dataset)).encode("utf-8"))
    labels, count = things.smallest(), len(things.ids)
    size, resolution = imagej_size(item, dataset.notes)
    step = values_a_shade(count)
    said = {
        "format": THINGS,
        "name": item.picture.name,
        "pixel_size": item.picture.pixel_size,
        "unit": item.picture.unit,
        "things": count,
    }
    metadata = {
        **size,
        "axes": "YX",
        "min": 0,
        "max": SHADES * step - 1,
        "Info": f"Each thing has a value of its own, 1 to {count}: see the table beside this file.\n"
        f"{ABOUT}: {about_text(said)}\n",
    }
    if labels.dtype == np.uint16:
        shades = colours_at_random(SHADES).T.astype(np.uint16) * TO_16_BIT
        tifffile.imwrite(file, labels, imagej=True, colormap=shades, metadata=metadata, **resolution)
    else:
        # ImageJ has no such files of its own, but opens them: as floats, which hold these numbers exactly.
        keys = ("unit", "min", "max")
        lines = ["ImageJ=1.54f", "images=1", *(f"{key}={metadata[key]}" for key in keys if key in metadata)]
        text = "\n".join(lines) + "\n"
        tifffile.imwrite(file, labels, description=text, metadata=None, **resolution)


def colours_at_random(count: int) -> NDArray[np.uint8]:
    """Colours ``(count, 3)`` that differ for near numbers, as neighbours have them; the first is black."""
    colours = category_colours(count - 1)[1:]
    return np.vstack([[BACKGROUND], np.random.default_rng(0).permutation(colours)]).astype(np.uint8)


def table_text(table: Table) -> str:
    """Write a table with commas, decimal points and line ends as RFC 4180 has them.

    Excel takes a file for UTF-8 only if it begins with a mark, which other programs stumble over: it is there
    where a name needs it. A name that a spreadsheet would run as a formula gets an apostrophe.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(table)
    for row in zip(*(column.tolist() for column in table.values()), strict=True):
        rows.writerow([_cell(value) for value in row])
    written = text.getvalue()
    return written if written.isascii() else f"\ufeff{written}"


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.7g}" if value == value else ""
    said = as_text(str(value)) if isinstance(value, str) else str(value)
    return f"'{said}" if said.startswith(_FORMULAS) and isinstance(value, str) else said


def _write_table(table: list[bytes], file: BinaryIO) -> None:
    file.write(table.pop())
