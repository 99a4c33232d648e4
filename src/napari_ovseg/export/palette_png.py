"""Labels as PNG: the pixel values are the ids, a palette makes them visible."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from napari_ovseg.categories import labels_dtype
from napari_ovseg.colours import VOID, category_colours
from napari_ovseg.errors import InputError
from napari_ovseg.export.atomic import write_atomically


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
    dtype = labels_dtype(count)
    labels = np.asarray(labels)
    if labels.ndim != 2 or labels.dtype.kind not in "ui":
        raise InputError(f"Labels are whole numbers in two dimensions, not {labels.dtype} {labels.shape}.")
    if labels.size and not 0 <= labels.min() <= labels.max() <= np.iinfo(dtype).max:
        raise InputError(f"Labels from {labels.min()} to {labels.max()} don't fit {count} categories.")
    picture = Image.fromarray(labels.astype(dtype))
    if dtype == np.uint8:
        picture.putpalette(_palette(count).tobytes())
    write_atomically(path, partial(picture.save, format="PNG"))


def _palette(count: int) -> NDArray[np.uint8]:
    # Labels that nobody named are grey, so that they are seen.
    palette = np.full((256, 3), 128, np.uint8)
    palette[: count + 1] = category_colours(count)
    palette[255] = VOID
    return palette
