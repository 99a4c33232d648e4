"""Any array or file becomes one RGB picture: float32 (H, W, 3) in [0, 1]."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.channel_colours import added_up, colour_ramp
from napari_ovseg.errors import InputError
from napari_ovseg.pictures import read_picture
from napari_ovseg.stretching import read_values, shown, stretch, usual_limits


def to_rgb(
    image: Any,
    *,
    rgb: bool | None = None,
    channel_axis: int | None = None,
    channels: int | Sequence[int] | None = None,
    colours: Sequence[Any] | None = None,
    contrast_limits: tuple[float, float] | Sequence[tuple[float, float] | None] | None = None,
) -> NDArray[np.float32]:
    """Turn one picture of any kind into RGB; of lazy arrays only what is needed is read.

    Scaling: 8-bit colour is divided by 255, and colour in floats that lie in [0, 1] is kept. All else (grey,
    also when stored as RGB, 16-bit, signed, other floats) is stretched from its 0.1 to its 99.9 percentile,
    jointly over the colours of an RGB picture and one by one for chosen channels. `contrast_limits` replaces
    all of this. Alpha is composited over black, which is how napari shows it.

    Parameters
    ----------
    image : array (H, W), (H, W, 3), (H, W, 4), or 3-D with `channel_axis`
        Numpy, dask, zarr or anything else with a shape, a dtype and slicing; boolean, integer or float.
    rgb : bool, optional
        Whether the last axis holds colours. By default it does when its length is 3 or 4, the dtype is
        uint8, uint16 or float, and no `channel_axis` is given.
    channel_axis : int, optional
        The axis of a multichannel picture that holds its channels.
    channels : int or sequence of ints, optional
        Which channels to show: one as grey, two as red and green, three as red, green and blue. By default
        all, when there are at most three. More than three need `colours`.
    colours : sequence, optional
        One colour for each of the chosen channels, which are added up as light is, clipped at white: "red",
        "green", "blue", "cyan", "magenta", "yellow", "gray", "#rrggbb", three numbers in [0, 1], or an array
        (N, 3), the way from dark to bright. Any number of channels may be shown so, by default all.
    contrast_limits : (float, float) or sequence of them, optional
        The values shown as black and as white; with `colours`, also a pair for each of the chosen channels,
        or None for those that are to be stretched.

    Returns
    -------
    ndarray of float32 (H, W, 3) in [0, 1]

    Raises
    ------
    InputError
        When the picture can't be used, with what to do about it.
    """
    shape, dtype = _shape_and_dtype(image)
    if channel_axis is not None and rgb:
        raise InputError("A picture has either colours or channels: give rgb=True or channel_axis, not both.")
    if channel_axis is None and (channels is not None or colours is not None):
        raise InputError("To choose channels, say which axis holds them: channel_axis=0, for example.")
    if colours is not None and channel_axis is not None:
        picture = _in_colours(image, shape, channel_axis, channels, colours, contrast_limits)
        _refuse_constant(picture, None)
        return picture
    limits = None if contrast_limits is None else _checked_limits(contrast_limits)
    if channel_axis is not None:
        picture = _from_channels(image, shape, channel_axis, channels, limits)
    else:
        coloured = holds_colours(shape, dtype, rgb)
        _check_size(shape[:2])
        values = read_values(image)
        picture = shown(values, dtype, usual_limits(values, dtype, coloured) if limits is None else limits)
    _refuse_constant(picture, limits)
    return picture


def read_image(path: str | Path) -> NDArray[Any]:
    """Read the pixels of a picture file, as `pictures.read_picture` does."""
    return read_picture(path).pixels


def _shape_and_dtype(image: Any) -> tuple[tuple[int, ...], np.dtype[Any]]:
    try:
        shape, dtype = tuple(operator.index(side) for side in image.shape), np.dtype(image.dtype)
    except (AttributeError, TypeError, ValueError) as error:
        raise InputError(
            f"The picture must be one array with a known shape, and this is {type(image).__name__}: "
            "read a file with napari_ovseg.images.read_image, or use numpy.asarray."
        ) from error
    if dtype.kind not in "buif":
        raise InputError(f"A picture of {dtype} values can't be shown: convert it to integers or floats.")
    if 0 in shape:
        raise InputError(f"The picture of shape {shape} has 0 in a dimension: choose one that holds pixels.")
    if len(shape) < 2:
        raise InputError(f"The picture of shape {shape} is not two-dimensional: give rows and columns.")
    return shape, dtype


def _check_size(sides: tuple[int, ...]) -> None:
    if min(sides) < 2:
        raise InputError(f"A picture of {sides[0]} x {sides[1]} pixels is too small: give at least 2 x 2.")


def _checked_limits(limits: Any) -> tuple[float, float]:
    try:
        low, high = (float(limit) for limit in limits)
    except (TypeError, ValueError):
        low = high = math.nan
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise InputError(f"Contrast limits {limits} must be two numbers, the lower first.")
    return low, high


def holds_colours(shape: tuple[int, ...], dtype: np.dtype[Any], rgb: bool | None) -> bool:
    """Whether the last axis of an array holds colours, see `to_rgb`; `InputError` where it is no picture."""
    could_be = len(shape) == 3 and shape[-1] in (3, 4)
    if rgb and not could_be:
        raise InputError(
            f"A colour picture has the shape (rows, columns, 3 or 4), not {shape}: set rgb=False."
        )
    usual = dtype.kind == "f" or dtype in (np.uint8, np.uint16)
    colours = could_be and (usual if rgb is None else rgb)
    if len(shape) != 2 and not colours:
        hint = ", rgb=True if its last axis holds colours," if could_be else ""
        raise InputError(
            f"The picture of shape {shape} has {len(shape)} axes: choose one slice, such as image[0]{hint} "
            "or channel_axis if one axis holds channels; or open it in the window (napari-ovseg open), where "
            "sliders and channels choose."
        )
    return colours


def _from_channels(
    image: Any,
    shape: tuple[int, ...],
    axis: int,
    channels: int | Sequence[int] | None,
    limits: tuple[float, float] | None,
) -> NDArray[np.float32]:
    axis = _checked_axis(shape, axis)
    planes = [
        stretch(read_values(image, _plane(axis, channel)), limits)
        for channel in _chosen_channels(shape[axis], channels)
    ]
    if len(planes) == 1:
        planes *= 3
    elif len(planes) == 2:
        planes.append(np.zeros_like(planes[0]))
    return np.stack(planes, axis=-1)


def _in_colours(
    image: Any,
    shape: tuple[int, ...],
    axis: int,
    channels: int | Sequence[int] | None,
    colours: Sequence[Any],
    limits: Any,
) -> NDArray[np.float32]:
    """Channels of any number, added up in colours."""
    axis = _checked_axis(shape, axis)
    chosen = _chosen_channels(shape[axis], channels, most=shape[axis])
    ramps = [colour_ramp(colour) for colour in colours]
    if len(ramps) != len(chosen):
        raise InputError(f"{len(ramps)} colours are given for {len(chosen)} channels: give one for each.")
    of_each = limits is not None and any(pair is None or np.ndim(pair) for pair in limits)
    each = list(limits) if of_each else [limits] * len(chosen)
    if len(each) != len(chosen):
        raise InputError(
            f"{len(each)} contrast limits are given for {len(chosen)} channels: give one pair each."
        )
    planes = (
        stretch(read_values(image, _plane(axis, channel)), None if pair is None else _checked_limits(pair))
        for channel, pair in zip(chosen, each, strict=True)
    )
    return added_up(planes, ramps)


def _checked_axis(shape: tuple[int, ...], axis: int) -> int:
    if len(shape) != 3:
        raise InputError(f"A multichannel picture has 3 axes, not {len(shape)}: choose one slice first.")
    if not -3 <= axis < 3:
        raise InputError(f"There is no axis {axis} in a picture of shape {shape}: use 0, 1 or 2.")
    axis %= 3
    _check_size(shape[:axis] + shape[axis + 1 :])
    return axis


def _plane(axis: int, channel: int) -> tuple[Any, ...]:
    index: list[Any] = [slice(None)] * 3
    index[axis] = channel
    return tuple(index)


def _chosen_channels(count: int, channels: int | Sequence[int] | None, most: int = 3) -> list[int]:
    if channels is None:
        if count > most:
            raise InputError(
                f"The picture has {count} channels: choose up to three, as in channels=[0, 2], or give "
                "colours."
            )
        return list(range(count))
    try:
        chosen = [operator.index(channel) for channel in np.atleast_1d(np.asarray(channels)).tolist()]
    except TypeError as error:
        raise InputError(f"Channels {channels} must be whole numbers, as in channels=[0, 2].") from error
    if not 1 <= len(chosen) <= most:
        up_to = "one, two or three, or give a colour for each" if most == 3 else f"up to {most}"
        raise InputError(f"{len(chosen)} channels are chosen: choose {up_to}.")
    for channel in chosen:
        if not -count <= channel < count:
            raise InputError(f"There is no channel {channel}: the picture has {count}, counted from 0.")
    return [channel % count for channel in chosen]


def _refuse_constant(picture: NDArray[np.float32], limits: tuple[float, float] | None) -> None:
    if (picture == picture[:1, :1]).all():
        if limits is not None:
            raise InputError(
                "Within these contrast limits the picture is all one value: widen them, or choose a picture "
                "or slice that shows something."
            )
        raise InputError("The picture is all one value: choose a picture or slice that shows something.")
