"""What a layer can be read as: slice by slice, with an axis of channels, or together with other layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg._napari.picture_file import file_of
from napari_ovseg._napari.reading import PREVIEW, TOGETHER, Key, Reading
from napari_ovseg._napari.source import Source, channel_axes, shapes_of
from napari_ovseg._napari.together import colour_of, group_of
from napari_ovseg.errors import InputError, OvsegError
from napari_ovseg.pictures import channel_names

if TYPE_CHECKING:
    from napari.components import Dims, ViewerModel
    from napari.layers import Image

# An axis so short, beside sides so much longer, is rather one of channels than of slices or of pixels.
_FEW = 5
_MUCH_LONGER = 8
_CHANNEL_LABELS = {"c", "ch", "channel", "channels"}
# A preview of more pixels takes longer than a glance is worth.
_MOST_PIXELS = 2**26


def readings_of(viewer: ViewerModel, image: Image | None) -> tuple[list[Reading], Key]:
    """Return all ways to read a picture, and the one that its file or its axes ask for."""
    if image is None:
        return [Reading(None, "slice by slice")], None
    group, axes = group_of(viewer, image), channel_axes(image)
    names = {axis: _names(image, axis, count) for axis, count in axes.items()}
    known = [axis for axis in axes if names[axis] or str(image.axis_labels[axis]).lower() in _CHANNEL_LABELS]
    plain = "slice by slice" if image.ndim > 2 and not image.rgb else "this layer alone"
    found = [Reading(None, plain, _taken_as(viewer.dims, image, bool(known)))]
    for axis, count in axes.items():
        called = names[axis] or tuple(f"channel {place}" for place in range(count))
        found.append(
            Reading(
                axis,
                _channels_along(axis, str(image.axis_labels[axis])),
                "",
                called,
                tuple(map(str, range(count))),
            )
        )
    if group:
        others = len(group) - 1
        found.append(
            Reading(
                TOGETHER,
                f"with {others} more layer{'s' * (others > 1)}, as channels",
                f"The work belongs to '{group[0].name}'.",
                tuple(layer.name for layer in group),
                tuple(str(layer.unique_id) for layer in group),
                tuple(colour_of(layer) for layer in group),
            )
        )
    return found, known[0] if len(known) == 1 else None


def refuse_strip(image: Image, dims: Dims) -> None:
    """Raise InputError where what is seen is a strip a few pixels wide, because channels come last."""
    axis = _strip(image, dims)
    if axis is not None:
        raise InputError(_of_strip(image, axis))


def show_beside_channels(viewer: ViewerModel, image: Image, axis: int) -> None:
    """Turn the sliders so that an axis of channels is neither rows nor columns."""
    dims = viewer.dims
    of_viewer = axis + dims.ndim - image.ndim
    if of_viewer in dims.displayed:
        dims.order = (of_viewer, *(one for one in dims.order if one != of_viewer))
        reset_view = getattr(viewer, "reset_view", None)
        if reset_view is not None:
            reset_view()


def preview_of(source: Source) -> NDArray[np.uint8] | None:
    """Return a small picture of what the model sees, (h, w, 3); None where that can't be had at once."""
    datas = [part.data for part in source.parts] or [source.data]
    plane = [source.placement.shape[axis] for axis in source.placement.axes]
    if not all(isinstance(data, np.ndarray) for data in datas) or np.prod(plane) > _MOST_PIXELS:
        return None
    step = max(1, -(-max(plane) // PREVIEW))
    index = tuple(
        slice(None, None, step) if axis in source.placement.axes else part
        for axis, part in enumerate(source.index)
    )
    try:
        picture = replace(source, index=index).picture()
    except OvsegError:
        return None
    return np.rint(picture * 255).astype(np.uint8)


def _taken_as(dims: Dims, image: Image, known: bool) -> str:
    """What a picture is taken for that is read slice by slice."""
    if image.rgb or image.ndim < 3:
        return ""
    strip = _strip(image, dims)
    if strip is not None:
        return f"A strip {shapes_of(image)[0][strip]} pixels wide: choose 'channels: axis {strip}'."
    shape, shown = shapes_of(image)[0], _shown(image, dims)
    lengths = [length for axis, length in enumerate(shape) if axis not in shown]
    said = f"A stack of {' x '.join(map(str, lengths))} slices."
    axis = next((axis for axis in range(image.ndim) if axis not in shown), None)
    few = axis is not None and 2 <= shape[axis] <= _FEW
    if few and not known and min(shape[side] for side in shown) >= _MUCH_LONGER * shape[axis or 0]:
        said += f" If these are channels, choose 'channels: axis {axis}'."
    return said


def _strip(image: Image, dims: Dims) -> int | None:
    """The axis that is shown as rows or columns, and probably holds channels."""
    if image.rgb or image.ndim < 3:
        return None
    shape, shown = shapes_of(image)[0], _shown(image, dims)
    short = [axis for axis in shown if 2 <= shape[axis] <= _FEW]
    others = [length for axis, length in enumerate(shape) if axis not in short]
    if len(short) != 1 or len(others) < 2 or sorted(others)[-2] < _MUCH_LONGER * shape[short[0]]:
        return None
    return short[0]


def _of_strip(image: Image, axis: int) -> str:
    count = shapes_of(image)[0][axis]
    return (
        f"'{image.name}' is shown as a strip {count} pixels wide: axis {axis} probably holds channels. "
        f"Choose 'channels: axis {axis}' under 'Read'."
    )


def _shown(image: Image, dims: Dims) -> list[int]:
    """The axes of a layer that are rows and columns on the screen."""
    outside = dims.ndim - image.ndim
    return [axis - outside for axis in dims.order if axis >= outside][-2:]


def _names(image: Image, axis: int, count: int) -> tuple[str, ...]:
    """The names of channels, where the layer or its file has as many as the axis is long."""
    path = file_of(image)
    found = _names_in(image.metadata)
    if len(found) != count and path is not None and Path(path).is_file():
        found = channel_names(path)
    # an axis of the same length that is not the first may be anything
    same = [one for one, length in channel_axes(image).items() if length == count]
    return found if len(found) == count and same[0] == axis else ()


def _names_in(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of channels as readers leave them in a layer's metadata."""
    listed = metadata.get("channel_names")
    omero = metadata.get("omero")
    if listed is None and isinstance(omero, Mapping) and isinstance(omero.get("channels"), list):
        listed = [one.get("label", "") for one in omero["channels"] if isinstance(one, Mapping)]
    return tuple(map(str, listed)) if isinstance(listed, list | tuple) else ()


def _channels_along(axis: int, label: str) -> str:
    """Name an axis of channels in a few letters; napari calls one that nobody has named by its number."""
    named = not label.lstrip("-").isdigit()
    return f"channels: {label} (axis {axis})" if named else f"channels: axis {axis}"
