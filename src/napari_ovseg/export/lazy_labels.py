"""Labels that don't fit into memory: they stay on the disk, and are read in bands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

# rows of a band: those of a chunk of what `segment_large` writes
BAND = 1024


class LazyLabels:
    """Labels ``(H, W)`` in place of an array, as far as exports in parts need it.

    Parameters
    ----------
    stored : array-like
        ``(H, W)``, uint8 or uint16: anything with a shape, a dtype and slicing, such as a zarr array.
    lookup : np.ndarray, optional
        ``(65536,)``: what each value that is stored stands for, in the dtype of the labels.
    """

    ndim = 2

    def __init__(self, stored: Any, lookup: NDArray[np.unsignedinteger] | None = None) -> None:
        self._stored, self._lookup = stored, lookup
        self.shape: tuple[int, int] = (int(stored.shape[0]), int(stored.shape[1]))
        self.dtype = np.dtype(stored.dtype if lookup is None else lookup.dtype)

    def __getitem__(self, index: tuple[slice, slice]) -> NDArray[np.unsignedinteger]:
        values = np.asarray(self._stored[index])
        return values if self._lookup is None else self._lookup[values]

    def bands(self) -> Iterator[tuple[int, NDArray[np.unsignedinteger]]]:
        """Read all of them: the first row of each band, and its labels ``(BAND or fewer, W)``."""
        for top in range(0, self.shape[0], BAND):
            yield top, self[top : top + BAND, :]

    def meaning(self, lookup: NDArray[np.unsignedinteger]) -> LazyLabels:
        """Return them with other values, ``lookup (65536,)`` of those that these have."""
        return LazyLabels(self, lookup)

    def counted(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the values that there are, ascending, and how many pixels each has."""
        total = np.zeros(1 << 16, np.int64)
        for _, band in self.bands():
            total += np.bincount(band.ravel(), minlength=len(total))
        values = np.flatnonzero(total)
        return values, total[values]
