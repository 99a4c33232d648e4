"""Where a plane of a picture lies in its layer of results, and where that layer lies over the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Placement:
    """Where a picture plane lies in its results layer, and where that layer lies in the picture's own data.

    A results layer has the picture's axes at the level that was read: a stack's results are one stack. Pixel
    ``p`` has its centre at ``factors * p + (factors - 1) / 2`` in data coordinates: a pixel of a coarse level
    covers exactly the pixels it was made from, and a channel axis, of length 1, is covered from end to end.

    Attributes
    ----------
    axes : tuple of int
        Of rows and columns.
    factors : tuple of float
        Pixels of the layer's data that one pixel of the results covers, per axis.
    shape : tuple of int
        Of the results layer.
    stack_axes : tuple of int
        Those that are neither rows, columns nor channels.
    position : tuple of int
        The plane's place along the stack's axes; ``()`` without any.
    """

    axes: tuple[int, int]
    factors: tuple[float, ...]
    shape: tuple[int, ...]
    stack_axes: tuple[int, ...]
    position: tuple[int, ...]

    @property
    def index(self) -> tuple[int | slice, ...]:
        """Where the plane is in the results layer."""
        moved = dict(zip(self.stack_axes, self.position, strict=True))
        return tuple(
            slice(None) if axis in self.axes else moved.get(axis, 0) for axis in range(len(self.shape))
        )

    @property
    def channel_axis(self) -> int | None:
        """The axis that holds channels, of length 1 in the results."""
        others = set(range(len(self.shape))) - {*self.axes, *self.stack_axes}
        return next(iter(others), None)

    @property
    def offset(self) -> np.ndarray:
        """Data coordinates of the centre of the results layer's first pixel, shape (ndim,)."""
        return (np.asarray(self.factors) - 1) / 2

    def fits(self, other: Placement) -> bool:
        """Whether both planes belong into the same layer."""
        return (self.axes, self.factors, self.shape) == (other.axes, other.factors, other.shape)
