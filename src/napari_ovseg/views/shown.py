"""A picture as a look shows it, read in parts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.views.looks import Rendering, render
from napari_ovseg.views.source import WHOLE, Box, PictureSource, shrunk, touched

# a level of this many pixels is rendered at once and kept: a window alone needs a margin of its own width
_MOST_KEPT = 4096 * 4096


class Shown:
    """A `PictureSource` in a look: the same in every window, whichever part is read.

    Parameters
    ----------
    source : PictureSource
        The picture as it is.
    rendering : Rendering
        From `looks.fit` of the whole picture.
    """

    def __init__(self, source: PictureSource, rendering: Rendering) -> None:
        self.size = source.size
        self._source, self._rendering = source, rendering
        self._level: tuple[int, NDArray[np.float32]] | None = None

    def read(self, box: Box = WHOLE, *, side: int) -> NDArray[np.float32]:
        """Read a part: `PictureSource.read`."""
        side = min(side, max(self.size))
        height, width = shrunk(self.size, side)
        rendering = self._rendering.at(side / max(self.size))
        if height * width > _MOST_KEPT:
            return self._window(box, side, rendering)
        if self._level is None or self._level[0] != side:
            self._level = (side, render(self._source.read(side=side), rendering))
        rows, columns = touched(box, height, width)
        return self._level[1][rows, columns]

    def _window(self, box: Box, side: int, rendering: Rendering) -> NDArray[np.float32]:
        """Render a part with the pixels around it that have a say in it, and cut these off."""
        height, width = shrunk(self.size, side)
        rows, columns = touched(box, height, width)
        margin = rendering.margin
        top, left = max(0, rows.start - margin), max(0, columns.start - margin)
        bottom, right = min(height, rows.stop + margin), min(width, columns.stop + margin)
        # a quarter of a pixel inside, so that rounding doesn't add a row
        around = (
            (top + 0.25) / height,
            (left + 0.25) / width,
            (bottom - 0.25) / height,
            (right - 0.25) / width,
        )
        shown = render(self._source.read(around, side=side), rendering)
        return shown[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
