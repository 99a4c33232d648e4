"""Labels as PNG: the pixel values are the ids, a palette makes them visible."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from napari_ovseg.atomic import write_atomically
from napari_ovseg.categories import labels_dtype
from napari_ovseg.colours import BACKGROUND, VOID, category_colours
from napari_ovseg.errors import InputError
from napari_ovseg.export.plan import Dataset, Item, Planned
from napari_ovseg.labelled import NamedLabel

_UNNAMED = (128, 128, 128)


def plan(dataset: Dataset) -> Iterator[Planned]:
    """One indexed PNG per picture, 16-bit grey past id 254; void is kept."""

    def write(item: Item, file: BinaryIO) -> None:
        palette = label_colours(dataset.categories)
        largest = max((category.id for category in dataset.categories), default=0)
        _indexed(item.picture.labels, largest, palette).save(file, format="PNG")

    for item in dataset.items:
        yield Planned(item.path("_masks.png"), partial(write, item), item.picture.name, key="masks")


def label_colours(categories: Iterable[NamedLabel]) -> dict[int, tuple[int, int, int]]:
    """The colour of each id that has a name."""
    return {category.id: category.colour for category in categories}


def write_labels(path: str | Path, labels: NDArray[np.integer], count: int) -> None:
    """Write labels as an indexed PNG, or as a 16-bit greyscale PNG past 254 categories.

    Parameters
    ----------
    path : str or Path
        The PNG file.
    labels : ndarray of int (H, W)
        0 background, 1 to `count` the categories, void as `categories.void_id(count)` says.
    count : int
        How many categories there are.

    Raises
    ------
    InputError
        When a label doesn't fit.
    OutputError
        When the file can't be written.
    """
    labels = np.asarray(labels)
    dtype = labels_dtype(count)
    if labels.ndim != 2 or labels.dtype.kind not in "ui":
        raise InputError(f"Labels are whole numbers in two dimensions, not {labels.dtype} {labels.shape}.")
    if labels.size and not 0 <= labels.min() <= labels.max() <= np.iinfo(dtype).max:
        raise InputError(f"Labels from {labels.min()} to {labels.max()} don't fit {count} categories.")
    colours = dict(enumerate(category_colours(count).tolist()))
    write_atomically(path, partial(_indexed(labels, count, colours).save, format="PNG"))


def _indexed(
    labels: NDArray[np.integer], largest: int, colours: Mapping[int, tuple[int, int, int]]
) -> Image.Image:
    dtype = labels_dtype(largest)
    picture = Image.fromarray(labels.astype(dtype))
    if dtype == np.uint8:
        picture.putpalette(palette_of(colours).tobytes())
    return picture


def palette_of(colours: Mapping[int, tuple[int, int, int]]) -> NDArray[np.uint8]:
    """A palette (256, 3) for labels of 8 bits: black background, white void, grey what has no name."""
    palette = np.full((256, 3), _UNNAMED, np.uint8)
    for number, colour in {0: BACKGROUND, **colours, 255: VOID}.items():
        palette[number] = colour
    return palette
