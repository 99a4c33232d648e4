"""From an image layer to the array to segment; where the result goes says its :class:`Placement`.

Everything that touches the layer happens in :func:`source_of`, on the main thread; a :class:`LayerSource` can
then be read in another thread, and reads no more than the slice in view.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_ovseg._napari.layers.layer_parts import Part, as_recorded, numbers, recorded_colours
from napari_ovseg._napari.layers.placement import Placement
from napari_ovseg.annotation.pasted import Part as Part2D
from napari_ovseg.channel_colours import usual_colours
from napari_ovseg.errors import InputError

if TYPE_CHECKING:
    from napari.components import Dims
    from napari.layers import Image

# A labels layer larger than this is slow to paint on, and the masks have no more detail than the views had.
LONGEST_SIDE = 2048


@dataclass(frozen=True)
class LayerSource:
    """What to read from a layer, as plain data; :meth:`read` is safe outside the main thread.

    Of several layers that are read as one picture, see `together`, it is that of the first, with all `parts`.
    """

    name: str
    data: Any
    index: tuple[int | slice, ...]
    placement: Placement
    rgb: bool
    channel_axis: int | None
    channels: tuple[int, ...] | None
    contrast_limits: tuple[float, float] | None
    parts: tuple[Part, ...] = ()
    colours: tuple[str, ...] | None = None

    @property
    def reading(self) -> dict[str, Any]:
        """How the picture is read, for the record; what JSON can hold."""
        reading: dict[str, Any] = {
            "axes": list(self.placement.axes),
            "channel_axis": self.placement.channel_axis,
            "channels": None if self.channels is None else list(self.channels),
            "contrast_limits": None if self.contrast_limits is None else list(self.contrast_limits),
        }
        if self.colours is not None:
            reading["colours"] = list(self.colours)
        if self.parts:
            reading["layers"] = [part.reading for part in self.parts]
        return reading

    def read_as(self, reading: Any) -> LayerSource:
        """Plan to read the same axes with the channels and the contrast of a record, if it has them."""
        if not isinstance(reading, Mapping) or reading.get("channel_axis") != self.placement.channel_axis:
            return self
        if self.parts:
            return replace(self, parts=as_recorded(self.parts, reading.get("layers")))
        channels, limits = (numbers(reading.get(key)) for key in ("channels", "contrast_limits"))
        if self.channel_axis is not None and channels:
            colours = recorded_colours(reading.get("colours"), len(channels))
            return replace(self, channels=tuple(int(channel) for channel in channels), colours=colours)
        if self.contrast_limits is not None and limits is not None and len(limits) == 2:
            return replace(self, contrast_limits=(limits[0], limits[1]))
        return self

    def read(self) -> np.ndarray:
        """The slice in view: (H, W), (H, W, 3 or 4) when rgb, or 3-D with channels on ``channel_axis``.

        Of several layers (H, W, C).
        """
        if self.parts:
            return np.stack([np.asarray(part.data[self.index]) for part in self.parts], axis=-1)
        return np.asarray(self.data[self.index])

    def picture(self) -> np.ndarray:
        """The slice in view as the model sees it, float32 (H, W, 3) in [0, 1].

        Raises
        ------
        InputError
            When the values can't be made into a picture.
        """
        from napari_ovseg.images import to_rgb

        if self.parts:
            return to_rgb(
                self.read(),
                channel_axis=-1,
                colours=[part.ramp for part in self.parts],
                contrast_limits=[part.contrast_limits for part in self.parts],
            )
        several = self.channels is not None and len(self.channels) > 3
        usual = usual_colours(len(self.channels)) if several and self.channels else None
        return to_rgb(
            self.read(),
            rgb=self.rgb,
            channel_axis=self.channel_axis,
            channels=self.channels,
            colours=usual if self.colours is None else self.colours,
            contrast_limits=self.contrast_limits,
        )


def part_of(source: LayerSource, part: Part2D) -> np.ndarray:
    """A part of a slice as the model sees it: `LayerSource.picture` there, and nothing else is read.

    Of channels, each of which has its own range, all of the slice is read.

    Parameters
    ----------
    source : LayerSource
    part : tuple of slice
        Rows and columns.

    Raises
    ------
    InputError
        When the values can't be made into a picture.
    """
    if source.parts or source.channel_axis is not None:
        return source.picture()[part]
    from napari_ovseg.views.lazy_picture import LazyPicture
    from napari_ovseg.views.source import box_of

    whole = all(one == slice(None) for one in source.index)
    # a zarr array would be read by this
    plane = source.data if whole else source.data[source.index]
    picture = LazyPicture([plane], source.contrast_limits)
    return picture.read(box_of(*part, picture.size), side=max(picture.size))


def source_of(
    layer: Image,
    dims: Dims,
    channel_axis: int | None = None,
    channels: tuple[int, ...] | None = None,
    colours: tuple[str, ...] | None = None,
) -> LayerSource:
    """Plan what to read for the slice in view.

    Parameters
    ----------
    layer : napari.layers.Image
        Any image layer; `layer.rgb` is trusted, shapes are not guessed at.
    dims : napari.components.Dims
        The viewer's sliders: which axes are in view, and where the others stand.
    channel_axis : int, optional
        Axis of the layer that holds channels, none by default.
    channels : tuple of int, optional
        Which channels become red, green and blue, in that order.
    colours : tuple of str, optional
        Of each of these channels, "#rrggbb", in place of red, green and blue.

    Raises
    ------
    InputError
        When the layer has no pixels in view.
    """
    if 0 in shapes_of(layer)[0]:
        raise InputError(f"'{layer.name}' has a dimension of length 0: choose a picture with pixels in it.")
    axes = _picture_axes(layer, dims, channel_axis)
    level = _level(layer, axes)
    shapes = shapes_of(layer)
    factors = np.asarray(shapes[0], float) / np.asarray(shapes[level], float)
    index = _slice_in_view(layer, dims, axes, channel_axis, factors, shapes[level])
    if channel_axis is not None:
        factors[channel_axis] = shapes[0][channel_axis]
    kept = [axis for axis, part in enumerate(index) if isinstance(part, slice)]
    size = [1 if axis == channel_axis else length for axis, length in enumerate(shapes[level])]
    stack_axes = tuple(axis for axis, part in enumerate(index) if isinstance(part, int))
    position = tuple(part for part in index if isinstance(part, int))
    placement = Placement(axes, tuple(factors.tolist()), tuple(size), stack_axes, position)
    return LayerSource(
        name=layer.name,
        data=layer.data[level] if layer.multiscale else layer.data,
        index=index,
        placement=placement,
        rgb=bool(layer.rgb),
        channel_axis=None if channel_axis is None else kept.index(channel_axis),
        channels=channels if channel_axis is not None else None,
        contrast_limits=limits_of(layer, channel_axis),
        colours=colours if channel_axis is not None else None,
    )


def stack_lengths(layer: Image, dims: Dims, channel_axis: int | None = None) -> tuple[int, ...]:
    """How many slices a picture has along each axis of its stack; empty for a flat one."""
    try:
        placement = source_of(layer, dims, channel_axis).placement
    except InputError:
        return ()
    return tuple(placement.shape[axis] for axis in placement.stack_axes)


def source_at(source: LayerSource, position: tuple[int, ...]) -> LayerSource:
    """Plan to read another slice of the same stack."""
    placement = replace(source.placement, position=position)
    moved = dict(zip(placement.stack_axes, position, strict=True))
    index = tuple(moved.get(axis, part) for axis, part in enumerate(source.index))
    return replace(source, index=index, placement=placement)


def channel_axes(layer: Image) -> dict[int, int]:
    """Axes of a layer that could hold its channels, and how many: the short ones, none of 2-D or RGB."""
    if layer.rgb or layer.ndim < 3:
        return {}
    return {axis: size for axis, size in enumerate(shapes_of(layer)[0]) if 2 <= size <= 64}


def shapes_of(layer: Image) -> list[tuple[int, ...]]:
    """The shape of each level of a layer, without the axis of its colours, finest first."""
    levels = layer.data if layer.multiscale else [layer.data]
    return [tuple(int(n) for n in level.shape[: layer.ndim]) for level in levels]


def _picture_axes(layer: Image, dims: Dims, channel_axis: int | None) -> tuple[int, int]:
    outside = dims.ndim - layer.ndim
    order = [axis - outside for axis in dims.order if axis >= outside and axis - outside != channel_axis]
    if len(order) < 2:
        raise InputError(
            f"'{layer.name}' has only one axis besides its channels: choose another axis as channels."
        )
    rows, columns = sorted(order[-2:])
    return rows, columns


def _level(layer: Image, axes: tuple[int, int]) -> int:
    """The finest level whose longer side is bounded, else the coarsest."""
    shapes = shapes_of(layer)
    for level, shape in enumerate(shapes):
        if layer.multiscale and max(shape[axis] for axis in axes) <= LONGEST_SIDE:
            return level
    return len(shapes) - 1


def _slice_in_view(
    layer: Image,
    dims: Dims,
    axes: tuple[int, int],
    channel_axis: int | None,
    factors: np.ndarray,
    shape: tuple[int, ...],
) -> tuple[int | slice, ...]:
    """The index to read the level with."""
    point = np.asarray(layer.world_to_data(dims.point), float)
    index: list[int | slice] = [slice(None)] * layer.ndim
    for axis in range(layer.ndim):
        if axis in axes or axis == channel_axis:
            continue
        position = int(np.floor((np.round(point[axis]) + 0.5) / factors[axis]))
        if not 0 <= position < shape[axis]:
            raise InputError(
                f"The slice in view lies outside '{layer.name}': move the slider of axis {axis} onto it."
            )
        index[axis] = position
    return tuple(index)


def limits_of(layer: Image, channel_axis: int | None = None) -> tuple[float, float] | None:
    """The limits on the screen, so that what is seen is segmented; channels each have their own range."""
    if layer.rgb or channel_axis is not None:
        return None
    low, high = (float(limit) for limit in layer.contrast_limits)
    return (low, high) if np.isfinite([low, high]).all() and low < high else None
