"""The ids of categories in the pixels of labels: 0 background, 1 to C in typed order, void at the top."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.errors import InputError

MAX_CATEGORIES = 65534

# ids in pixels: uint8, or uint16 past 254 categories
Labels = NDArray[np.unsignedinteger[Any]]


def void_id(count: int) -> int:
    """Return the id of "not sure" pixels for `count` foreground categories: 255, or 65535 past 254."""
    return int(np.iinfo(labels_dtype(count)).max)


def labels_dtype(count: int) -> np.dtype[np.unsignedinteger]:
    """Return the dtype of labels with `count` foreground categories: uint8, or uint16 past 254."""
    if not 0 <= count <= MAX_CATEGORIES:
        raise InputError(f"{count} categories can't be stored: the most is {MAX_CATEGORIES}.")
    return np.dtype(np.uint8 if count <= 254 else np.uint16)


def void_of(labels: Labels) -> int:
    """Return the void id of labels: 255, or 65535 in 16 bit."""
    return int(np.iinfo(labels.dtype).max)


def count_ids(labels: Labels) -> NDArray[np.intp]:
    """Return how many pixels each id has, from 0 to void, in labels ``(H, W)``."""
    if labels.dtype == np.uint8:
        # numpy makes wide integers of them first, which takes four times as long
        from PIL import Image

        return np.array(Image.fromarray(labels).histogram(), np.intp)
    return np.bincount(labels.ravel(), minlength=void_of(labels) + 1)


def ids_in(labels: Labels) -> set[int]:
    """Return the ids that labels ``(H, W)`` hold, void among them."""
    return set(np.flatnonzero(count_ids(labels)).tolist())
