"""A line that is drawn across a thing, to say how large that is: no layer, and gone once it is drawn.

A layer of shapes would do, but vispy may crash when one is removed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from qtpy.QtCore import QObject

from napari_ovseg._napari.annotating.place_outline import PlaceOutline
from napari_ovseg._napari.layers.labelled_layers import pixel_of_picture
from napari_ovseg._napari.outside import Outside
from napari_ovseg._napari.panel.size_row import SizeRow
from napari_ovseg.units import unit_of_length
from napari_ovseg.views.sizes import Length

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

_IN_2D = "show it in 2D to measure"
# a click is no line
_LEAST_PIXELS = 1.0


class SizeLine(QObject):
    """Lets a person draw a line when the row asks for it, and gives its length to the row.

    Meanwhile the picture is selected, so that no tool of another layer acts, and the mouse doesn't move it.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    row : SizeRow
    image : callable
        ``image() -> Image or None``: the picture that is chosen.
    """

    def __init__(self, viewer: ViewerModel, row: SizeRow, image: Callable[[], Image | None]) -> None:
        super().__init__(row)
        self.viewer, self._row, self._chosen = viewer, row, image
        self._image: Image | None = None
        self._before: Any = None
        self._mode: Any = None
        self._outline = PlaceOutline(viewer, self)
        row.measuring.connect(self._want)
        outside = Outside(self)
        outside.hear(viewer.layers.selection.events.active, self._on_active)
        outside.hear(viewer.dims.events.ndisplay, self._on_ndisplay)
        outside.at_end(self._outline.remove)
        outside.at_end(row.stop)

    @property
    def drawing(self) -> bool:
        """Whether the next drag in the canvas draws a line."""
        return self._image is not None

    def _want(self, wanted: bool) -> None:
        image = self._chosen() if wanted else None
        if image is not None and self.viewer.dims.ndisplay == 3:
            self._row.refuse(_IN_2D)
            return
        if image is not None:
            self._begin(image)
            return
        self._end()
        self._row.stop()

    def _begin(self, image: Image) -> None:
        self._before = self.viewer.layers.selection.active
        self.viewer.layers.selection.active = image
        self._mode, image.mode = image.mode, "pan_zoom"
        image.mouse_pan, image.cursor = False, "crosshair"
        self._image = image
        self.viewer.mouse_drag_callbacks.append(self._drag)

    def _end(self) -> None:
        image, self._image = self._image, None
        if image is None:
            return
        self._outline.hide()
        self.viewer.mouse_drag_callbacks.remove(self._drag)
        image.mouse_pan, image.cursor = True, "standard"
        image.mode = self._mode
        if self._before in self.viewer.layers and self.viewer.layers.selection.active is image:
            self.viewer.layers.selection.active = self._before
        self._before = None

    def _on_active(self, _event: Any) -> None:
        # another layer's tool is wanted, or the picture was removed
        if self._image is not None and self.viewer.layers.selection.active is not self._image:
            self._row.stop()

    def _on_ndisplay(self, _event: Any) -> None:
        # from here on the mouse is anywhere along a ray, which says no length
        if self._image is not None and self.viewer.dims.ndisplay == 3:
            self._row.refuse(_IN_2D)

    def _drag(self, viewer: ViewerModel, event: Any) -> Generator[None, None, None]:
        """Follow the mouse from a press to the release, as napari asks of what hears of drags."""
        first = np.asarray(event.position, float)
        yield
        while event.type == "mouse_move":
            shown = list(viewer.dims.displayed)
            ends = np.stack([first, np.asarray(event.position, float)])[:, shown]
            if len(shown) == 2:
                self._outline.show(ends[[0, 1, 1, 0]])
            yield
        image = self._image
        self._outline.hide()
        length = None if image is None else length_in(image, first, event.position)
        if length is not None:
            self._row.take_measured(length)


def length_in(image: Image, first: ArrayLike, second: ArrayLike) -> Length | None:
    """Return how long a line is: in the unit of the picture's pixels where that is known, else in pixels.

    Parameters
    ----------
    image : napari.layers.Image
    first, second : array-like
        Its ends, in world coordinates of the viewer.

    Returns
    -------
    Length or None
        None where it is shorter than a pixel.
    """
    ends = (np.asarray(image.world_to_data(np.asarray(end)[-image.ndim :]), float) for end in (first, second))
    across = np.subtract(*ends)
    if np.linalg.norm(across) < _LEAST_PIXELS:
        return None
    # a line lies in the two axes that are displayed
    rows, columns = sorted(np.argsort(np.abs(across), kind="stable")[-2:].tolist())
    size, unit = pixel_of_picture(image, (rows, columns))
    known = unit_of_length(unit)
    if size is None or known is None:
        return Length(float(np.round(np.linalg.norm(across), 1)))
    length = np.hypot(across[rows] * size[0], across[columns] * size[1])
    return Length(float(f"{length:.3g}"), known[0])
