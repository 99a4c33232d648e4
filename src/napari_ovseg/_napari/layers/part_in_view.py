"""The part of a picture that is meant by "here": inside a drawn rectangle, or what is in view."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_ovseg._napari.layers.source import shapes_of
from napari_ovseg.annotation.pasted import Part
from napari_ovseg.errors import InputError

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

    from napari_ovseg._napari.layers.placement import Placement
    from napari_ovseg.views.source import Box

# pixels: in less a model sees nothing
LEAST_SIDE = 16


def part_meant(viewer: ViewerModel, image: Image, placement: Placement) -> Part:
    """Return rows and columns of what is read of a picture, where "here" is.

    That is the rectangle around the shape that is selected in the active layer of shapes, or around its last
    one; where another layer is active, it is what is in view.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    image : napari.layers.Image
    placement : Placement
        Of what is read of it.

    Raises
    ------
    InputError
        In 3D, and where there is nothing of the picture, or too little.
    """
    if viewer.dims.ndisplay != 2:
        raise InputError("A part of a picture can't be told in 3D: go back to 2D.")
    corners = _around_shape(viewer, image)
    drawn = corners is not None
    if corners is None:
        corners = _in_view(viewer, image)
    part = []
    for axis in placement.axes:
        low, high = (corners[:, axis] + 0.5) / placement.factors[axis]
        start, stop = max(0, int(np.floor(low))), min(placement.shape[axis], int(np.ceil(high)))
        part.append(slice(start, stop))
    tall, wide = (max(0, one.stop - one.start) for one in part)
    if min(tall, wide) < LEAST_SIDE:
        raise InputError(_too_little(tall, wide, image.name, drawn))
    return part[0], part[1]


def box_in_view(viewer: ViewerModel, image: Image) -> Box:
    """Return the part of a flat picture that the canvas shows: ``(top, left, bottom, right)`` in [0, 1].

    Where it shows nothing of it, that is all of it.
    """
    corners = _in_view(viewer, image)
    size = np.array(shapes_of(image)[0])
    low, high = np.clip((corners + 0.5) / size, 0, 1)
    if not (low < high).all():
        return (0.0, 0.0, 1.0, 1.0)
    return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def _too_little(tall: int, wide: int, picture: str, drawn: bool) -> str:
    """What to say where nothing of a picture is meant, or too little of it."""
    if not tall or not wide:
        if drawn:
            return f"The rectangle is outside '{picture}': draw it on the picture."
        return f"Nothing of '{picture}' is in view: move the picture into view."
    where, mend = (
        ("inside the rectangle", "Draw a larger one.")
        if drawn
        else ("in view", "Move the picture into view.")
    )
    return (
        f"{tall} x {wide} pixels of '{picture}' are {where}: at least {LEAST_SIDE} x {LEAST_SIDE} are "
        f"needed to see anything. {mend}"
    )


def _around_shape(viewer: ViewerModel, image: Image) -> NDArray[np.float64] | None:
    """The outermost coordinates of a shape in the picture's data, ``(2, ndim)``; None where none is meant."""
    from napari.layers import Shapes

    layer = viewer.layers.selection.active
    if not isinstance(layer, Shapes) or not len(layer.data):
        return None
    number = max(layer.selected_data, default=len(layer.data) - 1)
    places = np.array([image.world_to_data(layer.data_to_world(point)) for point in layer.data[number]])
    return np.stack([places.min(0), places.max(0)])


def _in_view(viewer: ViewerModel, image: Image) -> NDArray[np.float64]:
    """The first and the last pixel of the picture that the canvas shows, in its data, ``(2, ndim)``."""
    window = getattr(viewer, "window", None)
    if not image.multiscale or window is None:
        return np.asarray(image.corner_pixels, float)
    # of several levels napari says only which chunks it has read
    camera = getattr(viewer, "scene", viewer).camera
    half = np.array(window._qt_viewer.canvas.size) / (2 * camera.zoom)
    middle, axes = np.array(camera.center[-2:]), list(viewer.dims.displayed)
    places = []
    for sides in product((-1, 1), repeat=2):
        world = np.array(viewer.dims.point, float)
        world[axes] = middle + half * sides
        places.append(image.world_to_data(world))
    return np.stack([np.min(places, 0), np.max(places, 0)])
