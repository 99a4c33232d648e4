"""Where the pixels of a picture come from: any part of it, as fine as is needed and no finer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from napari_ovseg.images import to_rgb

Box = tuple[float, float, float, float]
"""``(top, left, bottom, right)`` of a part, as fractions of the picture: the same at every level."""
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)


@runtime_checkable
class PictureSource(Protocol):
    """A picture that is read in parts; values mean the same in each of them.

    Whoever has a picture that does not fit in memory gives `pipeline.segment` one of these.

    Attributes
    ----------
    size : tuple of int
        Rows and columns at full detail, ``(H, W)``.
    """

    @property
    def size(self) -> tuple[int, int]: ...  # noqa: D102

    def read(self, box: Box = WHOLE, *, side: int) -> NDArray[np.float32]:
        """Read a part of the picture.

        Parameters
        ----------
        box : tuple of float
            Which part.
        side : int
            The level of detail: how many pixels the longer side of the entire picture has there at most.
            It is never finer than the picture itself.

        Returns
        -------
        np.ndarray
            ``(h, w, 3)`` in [0, 1]: every pixel that the box touches, one at least.
        """


class PictureInMemory:
    """An array as a `PictureSource`; the level that was read last is kept.

    Parameters
    ----------
    picture : np.ndarray
        ``(H, W, 3)``, float32 in [0, 1], as `images.to_rgb` gives it.
    """

    def __init__(self, picture: NDArray[np.float32]) -> None:
        self.size = (picture.shape[0], picture.shape[1])
        self._picture = picture
        self._level = (max(self.size), picture)

    def read(self, box: Box = WHOLE, *, side: int) -> NDArray[np.float32]:
        """Read a part: `PictureSource.read`."""
        side = min(side, max(self.size))
        # one value, so that threads that share a picture can't mix two levels
        kept, level = self._level
        if kept != side:
            level = reduce(self._picture, side)
            self._level = (side, level)
        return level[touched(box, level.shape[0], level.shape[1])]


def source_of(image: Any) -> PictureSource:
    """Return a picture source as it is, and anything else that `images.to_rgb` reads as one in memory.

    Raises
    ------
    InputError
        When the picture can't be used.
    """
    return image if isinstance(image, PictureSource) else PictureInMemory(to_rgb(image))


def touched(box: Box, height: int, width: int) -> tuple[slice, slice]:
    """Return rows and columns of a level of ``height x width`` pixels that a box touches, one at least."""
    top, left, bottom, right = box
    row, column = int(top * height), int(left * width)
    return (
        slice(row, max(row + 1, math.ceil(bottom * height))),
        slice(column, max(column + 1, math.ceil(right * width))),
    )


def box_of(rows: slice, columns: slice, size: tuple[int, int]) -> Box:
    """Return the box that touches just these pixels of a level of ``size (H, W)``."""
    height, width = size
    # a quarter of a pixel inside, so that rounding doesn't add a row
    return (
        (rows.start + 0.25) / height,
        (columns.start + 0.25) / width,
        (rows.stop - 0.25) / height,
        (columns.stop - 0.25) / width,
    )


def shrunk(size: Sequence[float], side: float) -> tuple[int, int]:
    """Return the size ``(h, w)``, both 1 at least, of what is shrunk to a long side of ``side`` at most."""
    shrink = min(1.0, side / max(size))
    rows, columns = (max(1, round(length * shrink)) for length in size)
    return rows, columns


def reduce(picture: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Reduce a picture ``(H, W, 3)``, by averaging, to a long side of ``side`` pixels at most."""
    size = shrunk(picture.shape[:2], side)
    if size == picture.shape[:2]:
        return picture
    planes = F.interpolate(torch.from_numpy(picture).permute(2, 0, 1)[None], size, mode="area")[0]
    reduced: NDArray[np.float32] = planes.permute(1, 2, 0).contiguous().numpy()
    return reduced
