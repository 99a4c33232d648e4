"""Moves the view from one uncertain place to the next, outlines it, and says what is unsure there."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject

from napari_ovseg._napari.annotating.place_outline import PlaceOutline
from napari_ovseg._napari.panel.long_words import shortened
from napari_ovseg.annotation.uncertainty import Place, likeliest, uncertain_places
from napari_ovseg.categories import void_of

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_ovseg._napari.layers.annotated import Annotated
    from napari_ovseg.annotation.annotation import Position

# how much of the view a place fills; some surroundings are needed to judge it
_FILL = 0.4
# screen pixels that a pixel of the masks takes at most
_CLOSEST = 16
# pixels of the masks around a place that its outline leaves free, so that its rim is seen
_MARGIN = 2


class UncertainPlaces:
    """Remembers which places were visited."""

    def __init__(self, viewer: ViewerModel, parent: QObject) -> None:
        self.viewer = viewer
        self.outline = PlaceOutline(viewer, parent)
        self._of: Callable[[], Annotated | None] = lambda: None
        self._visited: dict[Position, NDArray[np.bool_]] = {}
        self._visits: dict[Position, int] = {}

    def turn_to(self, annotated: Annotated) -> None:
        """Begin anew for another picture."""
        self.outline.hide()
        if annotated is not self._of():
            # not held: it is to go with its layers
            self._of, self._visited, self._visits = weakref.ref(annotated), {}, {}

    def visit_next(self, annotated: Annotated, position: Position) -> str:
        """Move the view to the largest unsure place that was not visited, and outline it.

        Returns
        -------
        str
            Which of how many it is, and between what it is undecided; "" where there is none.
        """
        piece = annotated.pieces.get(position)
        if piece is None or piece.confidence is None:
            return ""
        human = annotated.human_pixels(position)
        visited = self._visited.setdefault(position, np.zeros(human.shape, bool))
        places = uncertain_places(piece.confidence, visited | (human != void_of(human)))
        if not places:
            self.outline.hide()
            return ""
        place = places[0]
        visited[place.box] |= place.mask
        number = self._visits[position] = self._visits.get(position, 0) + 1
        self._look_at(annotated, position, place)
        names = {0: "background"} | {label.id: shortened(label.name) for label in annotated.table.labels}
        found = likeliest(place, annotated.masks.labels(position), piece.state, names)
        return f"Place {number} of {number - 1 + len(places)}: {' or '.join(found) or 'no category'}?"

    def _look_at(self, annotated: Annotated, position: Position, place: Place) -> None:
        """Show a place from as near as it was looked at, or nearer, and never from farther away."""
        corners = self._in_world(annotated, position, place)
        if corners is None:
            return
        # since napari 0.9 they are no longer the viewer's own
        camera = getattr(self.viewer, "scene", self.viewer).camera
        grid = getattr(self.viewer, "canvas", self.viewer).grid
        low, high = corners.min(axis=0), corners.max(axis=0)
        before, angles = camera.zoom, camera.angles
        # the zoom at which everything is seen tells the size of the window
        self.viewer.reset_view()
        # napari loads much the first time that they are set
        if camera.angles != angles:
            camera.angles = angles
        sides = np.ptp(self.viewer.layers.extent.world, axis=0)[list(self.viewer.dims.displayed)]
        filling = camera.zoom * np.min(sides[-2:] / np.maximum(high - low, 1e-9))
        # a place of a few pixels is not blown up to fill the window
        masks = annotated.masks
        pixel = float(np.min(np.abs(np.asarray(masks.layer.scale)[list(masks.placement.axes)])))
        closer = min(max(_FILL * filling, camera.zoom), max(_CLOSEST / pixel, camera.zoom))
        centre = (low + high) / 2
        if before > filling:
            # not all of it can be seen, so that its middle may be none of it
            centre = self._middle_pixel(annotated, position, place)
        camera.center = tuple(centre)
        camera.zoom = max(before, closer)
        if self.viewer.dims.ndisplay == 2 and not grid.enabled:
            self.outline.show(corners)

    def _in_world(self, annotated: Annotated, position: Position, place: Place) -> NDArray[np.float64] | None:
        """The corners ``(4, 2)`` of the outline, along the axes displayed; None where it is not in view."""
        rows, columns = place.box
        top, bottom = rows.start - _MARGIN - 0.5, rows.stop + _MARGIN - 0.5
        left, right = columns.start - _MARGIN - 0.5, columns.stop + _MARGIN - 0.5
        pixels = ((top, left), (top, right), (bottom, right), (bottom, left))
        return self._seen(annotated, position, pixels)

    def _middle_pixel(self, annotated: Annotated, position: Position, place: Place) -> NDArray[np.float64]:
        pixels = place.sample().T
        nearest = pixels[np.argmin(((pixels - pixels.mean(axis=0)) ** 2).sum(axis=1))]
        pixel = (float(nearest[0]), float(nearest[1]))
        found = self._seen(annotated, position, (pixel,))
        assert found is not None
        return found[0]

    def _seen(
        self, annotated: Annotated, position: Position, pixels: tuple[tuple[float, float], ...]
    ) -> NDArray[np.float64] | None:
        """Pixels of a slice in the world coordinates of the last two axes displayed."""
        placement = replace(annotated.masks.placement, position=position)
        outside = self.viewer.dims.ndim - len(placement.index)
        axes = [axis - outside for axis in self.viewer.dims.displayed][-2:]
        if sorted(axes) != sorted(placement.axes):
            return None
        points = []
        for pixel in pixels:
            at = dict(zip(placement.axes, pixel, strict=True))
            point = [at.get(axis, part) for axis, part in enumerate(placement.index)]
            points.append(np.asarray(annotated.masks.layer.data_to_world(point))[axes])
        return np.asarray(points, float)
