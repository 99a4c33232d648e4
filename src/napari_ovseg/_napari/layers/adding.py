"""A labels layer comes in parts: building all that napari draws of one at once stalls the window."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING
from weakref import ref

import numpy as np
from qtpy.QtCore import QTimer

if TYPE_CHECKING:
    from napari.components import ViewerModel
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
    names = [name for name in _OF_TOOLS if name in layer._overlays]
    for name in names:
        layer._overlays[name].visible = False
    viewer.layers.insert(len(viewer.layers) if place is None else place, layer)
    _build_next(viewer, ref(layer), names)


def _build_next(viewer: ViewerModel, layer: ref[Layer], names: list[str]) -> None:
    if names:
        # what waits keeps no layer in memory that has gone meanwhile
        QTimer.singleShot(0, partial(_build, viewer, layer, names))


def _build(viewer: ViewerModel, layer: ref[Layer], names: list[str]) -> None:
    there = layer()
    # napari would keep in mind one that is shown no more
    if there is not None and there in viewer.layers:
        there._overlays[names[0]].visible = True
        _build_next(viewer, layer, names[1:])


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
