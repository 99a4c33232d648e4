"""A picture as a look shows it, read in parts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.views.rendering import Rendering, render
from napari_ovseg.views.source import WHOLE, Box, PictureInMemory, PictureSource, box_of, shrunk, touched

# a picture of at most this many pixels is rendered at once, at full detail, and kept
_MOST_KEPT = 4096 * 4096


class Shown:
    """A `PictureSource` in a look: the same in every window, whichever part is read.

    A picture that can be kept is rendered at full detail, and shrunk then. Of a larger one the level is
    rendered, with a background as much narrower.

    Parameters
    ----------
    source : PictureSource
        The picture as it is.
    rendering : Rendering
        From `rendering.fit` of the whole picture.
    keep : bool
        Whether all of it may be rendered and kept, for many windows; else each is rendered alone.
    """

    def __init__(self, source: PictureSource, rendering: Rendering, *, keep: bool = True) -> None:
        self.size = source.size
        self._keep = keep and self.size[0] * self.size[1] <= _MOST_KEPT
        self._source, self._rendering = source, rendering
        self._whole: PictureInMemory | None = None

    def read(self, box: Box = WHOLE, *, side: int) -> NDArray[np.float32]:
        """Read a part: `PictureSource.read`."""
        if not self._keep:
            return self._window(box, min(side, max(self.size)))
        if self._whole is None:
            whole = self._source.read(side=max(self.size))
            self._whole = PictureInMemory(render(whole, self._rendering))
        return self._whole.read(box, side=side)

    def _window(self, box: Box, side: int) -> NDArray[np.float32]:
        """Render a part of a level with the pixels around it that have a say in it, and cut these off."""
        height, width = shrunk(self.size, side)
        rendering = self._rendering.at(side / max(self.size))
        rows, columns = touched(box, height, width)
        margin = rendering.margin
        top, left = max(0, rows.start - margin), max(0, columns.start - margin)
        bottom, right = min(height, rows.stop + margin), min(width, columns.stop + margin)
        around = box_of(slice(top, bottom), slice(left, right), (height, width))
        shown = render(self._source.read(around, side=side), rendering)
        return shown[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
