"""What a layer can be read as: slice by slice, with an axis of channels, or together with other layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg._napari.layers.picture_file import file_of
from napari_ovseg._napari.layers.source import LayerSource, channel_axes, shapes_of
from napari_ovseg._napari.layers.together import colour_of, group_of
from napari_ovseg._napari.panel.reading import PREVIEW, TOGETHER, Key, Reading
from napari_ovseg.errors import InputError, OvsegError
from napari_ovseg.pictures import CHANNEL, FileAxes, file_axes

if TYPE_CHECKING:
    from napari.components import Dims, ViewerModel
    from napari.layers import Image

# An axis so short, beside sides so much longer, is rather one of channels than of slices or of pixels.
_FEW = 5
_MUCH_LONGER = 8
_CHANNEL_LABELS = {CHANNEL, "ch", "channel", "channels"}
# A preview of more pixels takes longer than a glance is worth.
_MOST_PIXELS = 2**26


def readings_of(viewer: ViewerModel, image: Image | None) -> tuple[list[Reading], Key]:
    """Return all ways to read a picture, and the one that its file or its axes ask for."""
    if image is None:
        return [Reading(None, "slice by slice")], None
    group, axes = group_of(viewer, image), channel_axes(image)
    said = _said_of(image)
    called = _called(image, said)
    names = _names(image, axes, called, said)
    known = [axis for axis in axes if called[axis].lower() in _CHANNEL_LABELS] or list(names)
    first = known[0] if len(known) == 1 else None
    plain = "slice by slice" if image.ndim > 2 and not image.rgb else "this layer alone"
    found = [Reading(None, plain, _taken_as(viewer.dims, image, called if first is None else []))]
    for axis, count in axes.items():
        of_file = said is not None and said.letters[axis] == CHANNEL
        found.append(
            Reading(
                axis,
                f"channels: {called[axis]} (axis {axis})" if called[axis] else f"channels: axis {axis}",
                "",
                names.get(axis) or tuple(f"channel {place}" for place in range(count)),
                tuple(map(str, range(count))),
                (said.colours or None) if said is not None and of_file else None,
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
    return found, first


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


def preview_of(source: LayerSource) -> NDArray[np.uint8] | None:
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


def _taken_as(dims: Dims, image: Image, called: Sequence[str]) -> str:
    """What a picture is taken for that is read slice by slice; with what its axes are called."""
    if image.rgb or image.ndim < 3:
        return ""
    strip = _strip(image, dims)
    if strip is not None:
        return f"A strip {shapes_of(image)[0][strip]} pixels wide: choose 'channels: axis {strip}'."
    shape, shown = shapes_of(image)[0], _shown(image, dims)
    lengths = [length for axis, length in enumerate(shape) if axis not in shown]
    said = f"A stack of {' x '.join(map(str, lengths))} slices."
    side = min(shape[axis] for axis in shown)
    few = [axis for axis, length in enumerate(shape) if 2 <= length <= _FEW and side >= _MUCH_LONGER * length]
    # a name says what an axis is, and so that it holds no channels
    few = [axis for axis in few if axis not in shown and called and not called[axis]]
    if len(few) == 1:
        said += f" If {'these' if image.ndim == 3 else f'those of axis {few[0]}'} are channels, choose "
        said += f"'channels: axis {few[0]}'."
    elif few:
        said += f" If {' or '.join(f'axis {axis}' for axis in few)} holds channels, choose that one above."
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


def _said_of(image: Image) -> FileAxes | None:
    """What the file of a layer says of its axes."""
    path = file_of(image)
    return None if path is None else _said_by(path, shapes_of(image)[0], str(image.unique_id))


@lru_cache(maxsize=128)
def _said_by(path: str, shape: tuple[int, ...], _layer: str) -> FileAxes | None:
    """Asked once for each layer: what its file becomes later is not what was opened."""
    return file_axes(path, shape) if Path(path).is_file() else None


def _called(image: Image, said: FileAxes | None) -> list[str]:
    """What each axis is called, by its layer or else by its file; "" where nobody has named it."""
    # napari calls one that nobody has named by its number
    own = ["" if label.lstrip("-").isdigit() else label for label in map(str, image.axis_labels)]
    return own if said is None else [one or letter for one, letter in zip(own, said.letters, strict=True)]


def _names(
    image: Image, axes: Mapping[int, int], called: Sequence[str], said: FileAxes | None
) -> dict[int, tuple[str, ...]]:
    """The names of channels, by their axis: the one that is called so, else each that is as long."""
    found = _names_in(image.metadata) or (() if said is None else said.names)
    same = [axis for axis, count in axes.items() if count == len(found)]
    named = [axis for axis in same if called[axis].lower() in _CHANNEL_LABELS]
    return dict.fromkeys(named or [axis for axis in same if not called[axis]], found)


def _names_in(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of channels as readers leave them in a layer's metadata."""
    listed = metadata.get("channel_names")
    omero = metadata.get("omero")
    if listed is None and isinstance(omero, Mapping) and isinstance(omero.get("channels"), list):
        listed = [one.get("label", "") for one in omero["channels"] if isinstance(one, Mapping)]
    return tuple(map(str, listed)) if isinstance(listed, list | tuple) else ()
