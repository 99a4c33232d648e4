"""A picture that stays where it is, in a file or a lazy array: only what is asked for is read."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.errors import InputError
from napari_ovseg.images import holds_colours
from napari_ovseg.stretching import MAX_SAMPLES, Limits, read_values, shown, usual_limits
from napari_ovseg.views.source import WHOLE, Box, shrunk, touched

# pixels of a level along a block that is read at once: 48 MB as float32
_BLOCK = 2048


class LazyPicture:
    """Levels of a picture as a `PictureSource`; what is black and white is decided once, for all of it.

    Each part is read from the coarsest level that is as fine as is asked for, and averaged down from there.
    Values are stretched as `images.to_rgb` does it for the whole picture: by a level of a million values at
    least, or where there is none by every n-th pixel. A picture that is one value all over is black.

    Parameters
    ----------
    levels : sequence of arrays
        The same picture, the finest first: ``(H, W)``, ``(H, W, 3)`` or ``(H, W, 4)``. Anything with a shape,
        a dtype and slicing: a numpy memmap, zarr, dask.
    limits : (float, float), optional
        The values that are shown as black and as white.

    Raises
    ------
    InputError
        When there is no level, or they are no pictures. What reads raises it for NaN and infinity.
    """

    def __init__(self, levels: Sequence[Any], limits: Limits | None = None) -> None:
        if not levels:
            raise InputError("There is no level of the picture: give one array at least.")
        shapes = [tuple(level.shape) for level in levels]
        self._dtype = np.dtype(levels[0].dtype)
        colours = [
            holds_colours(shape, np.dtype(level.dtype), None)
            for shape, level in zip(shapes, levels, strict=True)
        ]
        if len(set(colours)) > 1 or min(min(shape[:2]) for shape in shapes) < 1:
            raise InputError(f"Levels of the shapes {shapes} are not of one picture: give those of one.")
        self._levels = sorted(levels, key=lambda level: -level.shape[0] * level.shape[1])
        self.size: tuple[int, int] = tuple(self._levels[0].shape[:2])
        self._coloured, self._limits = colours[0], limits

    @cached_property
    def limits(self) -> Limits:
        """The values that are shown as black and as white; unless they are given, read from a sample."""
        return self._limits or usual_limits(self._sample(), self._dtype, self._coloured)

    def read(self, box: Box = WHOLE, *, side: int) -> NDArray[np.float32]:
        """Read a part: `PictureSource.read`."""
        height, width = shrunk(self.size, side)
        rows, columns = touched(box, height, width)
        level = next(
            one for one in reversed(self._levels) if one.shape[0] >= height and one.shape[1] >= width
        )
        found = np.empty((rows.stop - rows.start, columns.stop - columns.start, 3), np.float32)
        for some in _blocks(rows, height, level.shape[0]):
            for others in _blocks(columns, width, level.shape[1]):
                place = (
                    slice(some.start - rows.start, some.stop - rows.start),
                    slice(others.start - columns.start, others.stop - columns.start),
                )
                found[place] = self._averaged(level, (some, others), (height, width))
        return found

    def _averaged(self, level: Any, block: tuple[slice, slice], size: tuple[int, int]) -> NDArray[Any]:
        """A block of the picture in ``size (h, w)``: each pixel is the mean of those of a level in it."""
        down = _bins(block[0], size[0], level.shape[0])
        across = _bins(block[1], size[1], level.shape[1])
        part = tuple(slice(int(starts[0]), int(ends[-1])) for starts, ends in (down, across))
        picture = shown(read_values(level, part), self._dtype, self.limits)
        for axis, (starts, ends) in enumerate((down, across)):
            picture = _means(picture, starts - part[axis].start, ends - part[axis].start, axis)
        return picture

    def _sample(self) -> NDArray[Any]:
        """About a million values from all over the picture."""
        enough = [level for level in self._levels if math.prod(level.shape) >= MAX_SAMPLES]
        level = enough[-1] if enough else self._levels[0]
        step = max(1, math.isqrt(math.prod(level.shape) // MAX_SAMPLES))
        return read_values(level, (slice(None, None, step), slice(None, None, step)))


def _blocks(pixels: slice, length: int, stored: int) -> Iterator[slice]:
    """Split pixels of a picture ``length`` long, so that each part is of few of the ``stored`` ones."""
    step = max(1, _BLOCK * length // stored)
    return (slice(at, min(at + step, pixels.stop)) for at in range(pixels.start, pixels.stop, step))


def _bins(pixels: slice, length: int, stored: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the stored pixels begin and end that lie in each pixel, as area interpolation has them."""
    numbers = np.arange(pixels.start, pixels.stop, dtype=np.int64)
    return numbers * stored // length, -(-(numbers + 1) * stored // length)


def _means(
    picture: NDArray[Any], starts: NDArray[np.int64], ends: NDArray[np.int64], axis: int
) -> NDArray[Any]:
    """Means along an axis of bins that may share a pixel; the last ends where the picture does."""
    counts = ends - starts
    if (counts == 1).all():
        return picture
    # of each pair of places the first sum is a bin, and the second what lies between bins
    places = np.stack([starts, ends], 1).ravel()[:-1]
    sums = np.add.reduceat(picture, places, axis, np.float64)
    bins = sums[::2] if axis == 0 else sums[:, ::2]
    return bins / np.expand_dims(counts, tuple(other for other in range(picture.ndim) if other != axis))
