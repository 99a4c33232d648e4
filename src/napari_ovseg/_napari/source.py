"""From an image layer to the array to segment, and back: where the result lies in its own coordinates.

Everything that touches the layer happens in :func:`source_of`, on the main thread; a :class:`Source` can then
be read in another thread, and reads no more than the slice in view.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_ovseg.errors import InputError

if TYPE_CHECKING:
    from napari.components import Dims
    from napari.layers import Image

# A labels layer larger than this is slow to paint on, and the masks have no more detail than the views had.
LONGEST_SIDE = 2048


@dataclass(frozen=True)
class Placement:
    """Where a picture plane lies in the data coordinates of its layer.

    Pixel ``p`` of the result has its centre at ``factors * (starts + p) + (factors - 1) / 2``: a pixel of a
    coarse level covers exactly the pixels it was made from, and a channel axis is covered from end to end.
    """

    axes: tuple[int, int]
    factors: tuple[float, ...]
    starts: tuple[int, ...]

    @property
    def ndim(self) -> int:
        return len(self.factors)

    @property
    def offset(self) -> np.ndarray:
        """Data coordinates of the centre of the result's first pixel, shape (ndim,)."""
        factors = np.asarray(self.factors)
        return factors * np.asarray(self.starts) + (factors - 1) / 2

    def embed(self, labels: np.ndarray) -> np.ndarray:
        """Give labels of shape (H, W) the layer's number of axes; all but the picture's two have length 1."""
        shape = [1] * self.ndim
        shape[self.axes[0]], shape[self.axes[1]] = labels.shape
        return np.array(labels).reshape(shape)


@dataclass(frozen=True)
class Source:
    """What to read from a layer, as plain data; :meth:`read` is safe outside the main thread."""

    name: str
    data: Any
    index: tuple[int | slice, ...]
    placement: Placement
    rgb: bool
    channel_axis: int | None
    channels: tuple[int, ...] | None
    contrast_limits: tuple[float, float] | None

    def read(self) -> np.ndarray:
        """The slice in view: (H, W), (H, W, 3 or 4) when rgb, or 3-D with channels on ``channel_axis``."""
        return np.asarray(self.data[self.index])

    def picture(self) -> np.ndarray:
        """The slice in view as the model sees it, float32 (H, W, 3) in [0, 1].

        Raises
        ------
        InputError
            When the values can't be made into a picture.
        """
        from napari_ovseg.images import to_rgb

        return to_rgb(
            self.read(),
            rgb=self.rgb,
            channel_axis=self.channel_axis,
            channels=self.channels,
            contrast_limits=self.contrast_limits,
        )


def source_of(
    layer: Image, dims: Dims, channel_axis: int | None = None, channels: tuple[int, ...] | None = None
) -> Source:
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

    Raises
    ------
    InputError
        When the layer has no pixels in view.
    """
    if 0 in _shapes(layer)[0]:
        raise InputError(f"'{layer.name}' has a dimension of length 0: choose a picture with pixels in it.")
    axes = _picture_axes(layer, dims, channel_axis)
    level = _level(layer, axes)
    shapes = _shapes(layer)
    factors = np.asarray(shapes[0], float) / np.asarray(shapes[level], float)
    index, starts = _slice_in_view(layer, dims, axes, channel_axis, factors, shapes[level])
    if channel_axis is not None:
        factors[channel_axis] = shapes[0][channel_axis]
    kept = [axis for axis, part in enumerate(index) if isinstance(part, slice)]
    return Source(
        name=layer.name,
        data=layer.data[level] if layer.multiscale else layer.data,
        index=index,
        placement=Placement(axes, tuple(factors.tolist()), starts),
        rgb=bool(layer.rgb),
        channel_axis=None if channel_axis is None else kept.index(channel_axis),
        channels=channels if channel_axis is not None else None,
        contrast_limits=_contrast_limits(layer, channel_axis),
    )


def channel_axes(layer: Image) -> list[int]:
    """Axes of a layer that could hold its channels: none of a 2-D or RGB layer, else the short ones."""
    if layer.rgb or layer.ndim < 3:
        return []
    return [axis for axis, size in enumerate(_shapes(layer)[0]) if 2 <= size <= 64]


def _shapes(layer: Image) -> list[tuple[int, ...]]:
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
    shapes = _shapes(layer)
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
) -> tuple[tuple[int | slice, ...], tuple[int, ...]]:
    """The index to read the level with, and the result's first pixel on that level."""
    point = np.asarray(layer.world_to_data(dims.point), float)
    index: list[int | slice] = [slice(None)] * layer.ndim
    starts = [0] * layer.ndim
    for axis in range(layer.ndim):
        if axis in axes or axis == channel_axis:
            continue
        position = int(np.floor((np.round(point[axis]) + 0.5) / factors[axis]))
        if not 0 <= position < shape[axis]:
            raise InputError(
                f"The slice in view lies outside '{layer.name}': move the slider of axis {axis} onto it."
            )
        index[axis] = starts[axis] = position
    return tuple(index), tuple(starts)


def _contrast_limits(layer: Image, channel_axis: int | None) -> tuple[float, float] | None:
    """The limits on the screen, so that what is seen is segmented; channels each have their own range."""
    if layer.rgb or channel_axis is not None:
        return None
    low, high = (float(limit) for limit in layer.contrast_limits)
    return (low, high) if np.isfinite([low, high]).all() and low < high else None
