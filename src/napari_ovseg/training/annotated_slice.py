"""A slice of a picture's file as it was shown when it was annotated: its axes, channels and contrast."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.annotation.annotation import Position
from napari_ovseg.errors import InputError
from napari_ovseg.images import to_rgb
from napari_ovseg.pictures import Picture

INSTEAD = "save what was annotated as pictures, and annotate these."


def slice_as_shown(picture: Picture, position: Position, reading: object) -> NDArray[np.float32]:
    """Return a slice as the model saw it in the window.

    Parameters
    ----------
    picture : Picture
        The whole file.
    position : tuple of int
        Along the axes that are neither rows, columns, channels nor colours.
    reading : object
        ``record["read"]`` of the slice; where it says nothing, rows and columns are the last axes, and the
        contrast is the usual one.

    Returns
    -------
    np.ndarray
        ``(H, W, 3)``, float32 in [0, 1].

    Raises
    ------
    InputError
        When the file can't be read in this way.
    """
    how: Mapping[str, Any] = reading if isinstance(reading, Mapping) else {}
    if how.get("layers"):
        raise InputError(f"several layers were read as one picture: {INSTEAD}")
    pixels, count = picture.pixels, picture.pixels.ndim - picture.has_colours
    channel_axis = how.get("channel_axis")
    others = [axis for axis in range(count) if axis != channel_axis]
    axes = list(how.get("axes") or others[-2:])
    stack = [axis for axis in others if axis not in axes]
    if sorted(axes) != axes or not {*axes} <= {*others} or len(stack) != len(position):
        raise InputError(f"the file has other axes than what was annotated: {INSTEAD}")
    at = dict(zip(stack, position, strict=True))
    if any(place >= pixels.shape[axis] for axis, place in at.items()):
        raise InputError("the picture has fewer slices than were annotated.")
    index = tuple(at.get(axis, slice(None)) for axis in range(pixels.ndim))
    limits = how.get("contrast_limits")
    if channel_axis is None:
        return to_rgb(pixels[index], rgb=picture.has_colours, contrast_limits=limits)
    return to_rgb(
        pixels[index],
        channel_axis=sorted([*axes, channel_axis]).index(channel_axis),
        channels=how.get("channels"),
        colours=how.get("colours"),
        contrast_limits=limits,
    )
