"""Moves the view from one uncertain place to the next."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.annotation.uncertainty import next_uncertain_place
from napari_ovseg.categories import void_of

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_ovseg._napari.annotated import Annotated
    from napari_ovseg.annotation.annotation import Position

# how much of the view a place fills; some surroundings are needed to judge it
_FILL = 0.4
# screen pixels that a pixel of the masks takes at most
_CLOSEST = 16


class UncertainPlaces:
    """Remembers which places were visited."""

    def __init__(self, viewer: ViewerModel) -> None:
        self.viewer = viewer
        self._visited: dict[Position, NDArray[np.bool_]] = {}

    def forget(self) -> None:
        """Begin anew, for another picture."""
        self._visited = {}

    def visit_next(self, annotated: Annotated, position: Position) -> bool:
        """Move the view to the largest unsure place that was not visited; tells whether there was one."""
        piece = annotated.pieces.get(position)
        if piece is None or piece.confidence is None:
            return False
        human = annotated.human_pixels(position)
        visited = self._visited.setdefault(position, np.zeros(human.shape, bool))
        place = next_uncertain_place(piece.confidence, visited | (human != void_of(human)))
        if place is None:
            return False
        visited |= place
        self._look_at(annotated, position, place)
        return True

    def _look_at(self, annotated: Annotated, position: Position, place: NDArray[np.bool_]) -> None:
        placement = replace(annotated.masks.placement, position=position)
        rows, columns = np.nonzero(place)
        corners = []
        for row, column in ((rows.min(), columns.min()), (rows.max() + 1, columns.max() + 1)):
            at = dict(zip(placement.axes, (row - 0.5, column - 0.5), strict=True))
            point = [at.get(axis, part) for axis, part in enumerate(placement.index)]
            corners.append(np.asarray(annotated.masks.layer.data_to_world(point)))
        shown = list(self.viewer.dims.displayed)
        outside = self.viewer.dims.ndim - len(corners[0])
        axes = [axis - outside for axis in shown if axis >= outside]
        low, high = np.minimum(*corners)[axes], np.maximum(*corners)[axes]
        # the zoom at which everything is seen tells the size of the window
        self.viewer.reset_view()
        extent = self.viewer.layers.extent.world
        sides = np.ptp(extent, axis=0)[shown]
        closer = _FILL * np.min(sides[-2:] / np.maximum(high - low, 1e-9)[-2:])
        # a place of a few pixels is not blown up to fill the window
        pixel = float(np.min(np.abs(np.asarray(annotated.masks.layer.scale)[list(placement.axes)])))
        zoom = self.viewer.camera.zoom
        self.viewer.camera.center = tuple((low + high) / 2)
        self.viewer.camera.zoom = min(zoom * max(closer, 1.0), max(_CLOSEST / pixel, zoom))
