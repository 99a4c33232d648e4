"""The orientation tag of EXIF and TIFF: how stored pixels are turned to be seen upright."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

ORIENTATION = 274
# From this value on, rows are stored as columns.
_TRANSPOSED = range(5, 9)


def upright(pixels: NDArray[Any], orientation: Any, rows: int = 0, columns: int = 1) -> NDArray[Any]:
    """Turn and mirror stored pixels as the tag says.

    Parameters
    ----------
    pixels : np.ndarray
        With any axes.
    orientation : int
        1 to 8; with anything else pixels stay as they are.
    rows, columns : int
        The axes of the picture.

    Returns
    -------
    np.ndarray
        A view or a contiguous copy.
    """
    if orientation not in range(2, 9):
        return pixels
    if orientation in _TRANSPOSED:
        pixels = np.swapaxes(pixels, rows, columns)
    if orientation in (3, 4, 7, 8):
        pixels = np.flip(pixels, rows)
    if orientation in (2, 3, 6, 7):
        pixels = np.flip(pixels, columns)
    return np.ascontiguousarray(pixels)


def upright_sides(sides: tuple[Any, Any], orientation: Any) -> tuple[Any, Any]:
    """Height and width, of a picture or of a pixel, as they are once it is upright."""
    return (sides[1], sides[0]) if orientation in _TRANSPOSED else sides
