"""A labels layer comes in parts: building all that napari draws of one at once stalls the window."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QTimer

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.components.overlays import Overlay
    from napari.layers import Layer

# Drawn while a polygon or an encircling stroke is made; they take as long to build as all the rest.
_OF_TOOLS = ("polygon", "brush_stroke")


def add(viewer: ViewerModel, layer: Layer, place: int | None = None) -> None:
    """Add a labels layer now; what its tools draw is built in the next turns of the event loop.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    layer : napari.layers.Layer
    place : int, optional
        Its index among the layers; by default it is the topmost.
    """
    overlays = [layer._overlays[name] for name in _OF_TOOLS if name in layer._overlays]
    for overlay in overlays:
        overlay.visible = False
    viewer.layers.insert(len(viewer.layers) if place is None else place, layer)
    _build_next(viewer, layer, overlays)


def _build_next(viewer: ViewerModel, layer: Layer, overlays: list[Overlay]) -> None:
    if overlays:
        QTimer.singleShot(0, partial(_build, viewer, layer, overlays))


def _build(viewer: ViewerModel, layer: Layer, overlays: list[Overlay]) -> None:
    # napari would keep in mind a layer that has gone meanwhile
    if layer in viewer.layers:
        overlays[0].visible = True
        _build_next(viewer, layer, overlays[1:])


@cache
def prepare() -> None:
    """Compute what napari computes for the first labels layer of a process; may run in any thread.

    Only once there is a layer: napari builds its table of units with the first one, and while another thread
    builds it, a picture that is opened finds an empty table.
    """
    from napari.layers import Labels
    from napari.utils.colormaps import DirectLabelColormap
    from vispy.visuals.line.dash_atlas import DashAtlas

    DashAtlas()
    colours = {None: np.zeros(4, np.float32), 1: np.ones(4, np.float32)}
    Labels(np.zeros((2, 2), np.uint8), colormap=DirectLabelColormap(color_dict=colours))
