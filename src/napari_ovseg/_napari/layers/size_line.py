"""A line that is drawn across a thing, to say how large it is: a layer for as long as that takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject

from napari_ovseg._napari.background import single_shot
from napari_ovseg._napari.layers.labelled_layers import pixel_of_picture
from napari_ovseg._napari.outside import Outside
from napari_ovseg._napari.panel.size_row import SizeRow
from napari_ovseg.units import unit_of_length
from napari_ovseg.views.sizes import Length

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image, Shapes

NAME = "draw a line across one thing"
_COLOUR = "#ffd91a"
# on the screen, whatever the zoom
_WIDTH = 2.0
# a click is no line
_LEAST_PIXELS = 1.0


class SizeLine(QObject):
    """Lets a person draw a line when the row asks for it, and gives its length to the row.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    row : SizeRow
    image : callable
        ``image() -> Image or None``: the picture that is chosen.
    """

    def __init__(self, viewer: ViewerModel, row: SizeRow, image: Callable[[], Image | None]) -> None:
        super().__init__(row)
        self.viewer, self._row, self._image = viewer, row, image
        self.layer: Shapes | None = None
        self._before: Any = None
        # the layer can't go while it tells of its line
        self._soon = single_shot(self, self._measure)
        row.measuring.connect(self._want)
        outside = Outside(self)
        outside.hear(viewer.layers.events.removed, self._on_removed)
        outside.at_end(row.stop)

    def _want(self, wanted: bool) -> None:
        if not wanted:
            self._put_away()
        elif self._image() is None:
            self._row.stop()
        else:
            self._offer()

    def _offer(self) -> None:
        from napari.layers import Shapes

        image, self._before = self._image(), self.viewer.layers.selection.active
        assert image is not None
        pixel = float(np.min(np.abs(np.asarray(image.scale)[-2:])))
        self.layer = Shapes(
            ndim=image.ndim,
            name=NAME,
            scale=image.scale,
            translate=image.translate,
            units=image.units,
            axis_labels=image.axis_labels,
            edge_color=_COLOUR,
            edge_width=max(0.5, _WIDTH / max(self.viewer.camera.zoom * pixel, 1e-6)),
        )
        self.viewer.add_layer(self.layer)
        self.viewer.layers.selection.active = self.layer
        self.layer.mode = "add_line"
        self.layer.events.data.connect(self._on_data)

    def _on_data(self, event: Any) -> None:
        if str(getattr(event, "action", "")) == "added":
            self._soon.start(0)

    def _measure(self) -> None:
        """Take the length of the line, or wait for another where it is no line."""
        layer, image = self.layer, self._image()
        if layer is None or not layer.data:
            return
        if image is None:
            self._row.stop()
            return
        length = length_in(image, layer, np.asarray(layer.data[-1])[:2])
        if length is None:
            layer.selected_data = set(range(len(layer.data)))
            layer.remove_selected()
        else:
            self._row.take_measured(length)

    def _put_away(self) -> None:
        layer, self.layer = self.layer, None
        if layer is not None and layer in self.viewer.layers:
            layer.events.data.disconnect(self._on_data)
            self.viewer.layers.remove(layer)
            if self._before in self.viewer.layers:
                self.viewer.layers.selection.active = self._before
        self._before = None

    def _on_removed(self, event: Any) -> None:
        # by hand, or with all others
        if event.value is self.layer:
            self.layer = None
            self._row.stop()


def length_in(image: Image, layer: Shapes, ends: np.ndarray) -> Length | None:
    """Return how long a line is: in the unit of the picture's pixels where that is known, else in pixels.

    Parameters
    ----------
    image : napari.layers.Image
    layer : napari.layers.Shapes
        That the line is in.
    ends : np.ndarray
        ``(2, D)``, in coordinates of the layer.

    Returns
    -------
    Length or None
        None where it is shorter than a pixel.
    """
    world = [np.asarray(layer.data_to_world(end))[-image.ndim :] for end in ends]
    first, second = (np.asarray(image.world_to_data(end), float) for end in world)
    across = second - first
    if np.linalg.norm(across) < _LEAST_PIXELS:
        return None
    # a line lies in the two axes that are displayed
    rows, columns = sorted(np.argsort(np.abs(across))[-2:].tolist())
    size, unit = pixel_of_picture(image, (rows, columns))
    known = unit_of_length(unit)
    if size is None or known is None:
        return Length(float(np.round(np.linalg.norm(across), 1)))
    length = np.hypot(across[rows] * size[0], across[columns] * size[1])
    return Length(float(f"{length:.3g}"), known[0])
