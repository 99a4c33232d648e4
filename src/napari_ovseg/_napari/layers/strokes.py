"""What brush, fill and polygon go over in a labels layer, also where no pixel changes by it.

napari tells of changed pixels only. All its tools end in three methods of the layer; each is wrapped here, so
that whatever calls them, be it a drag, the polygon or a script, is heard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from napari_ovseg._napari.layers.placement import Placement
    from napari_ovseg.annotation.annotation import Position
    from napari_ovseg.categories import Labels


@dataclass(frozen=True)
class Covered:
    """The pixels that a tool went over.

    Attributes
    ----------
    box : tuple of slice
        In the data of the layer, one slice per axis.
    mask : np.ndarray
        Bool, of the shape of the box.
    """

    box: tuple[slice, ...]
    mask: NDArray[np.bool_]

    def planes(
        self, placement: Placement
    ) -> Iterator[tuple[Position, tuple[slice, slice], NDArray[np.bool_]]]:
        """The slices it has pixels in: where in the stack, which rows and columns, and the mask there."""
        axes, stack, box = placement.axes, placement.stack_axes, self.box
        for offsets in np.ndindex(*(box[axis].stop - box[axis].start for axis in stack)):
            moved = dict(zip(stack, offsets, strict=True))
            index = tuple(slice(None) if axis in axes else moved.get(axis, 0) for axis in range(len(box)))
            position = tuple(box[axis].start + moved[axis] for axis in stack)
            yield position, (box[axes[0]], box[axes[1]]), self.mask[index]


@dataclass(frozen=True)
class Painted:
    """What a stroke has done, or a part of it.

    Attributes
    ----------
    positions : list of tuple of int
        The slices it is in.
    given, taken : np.ndarray
        1-D: the ids painted, one or one for each pixel, and those that were there before.
    """

    positions: list[Position]
    given: Labels
    taken: Labels


def listen(
    layer: Any,
    before: Callable[[], object],
    covered: Callable[[Covered, int], object],
    said: Callable[[tuple[int, ...]], bool],
) -> None:
    """Hear of all that is painted on a layer from now on.

    Parameters
    ----------
    layer : napari.layers.Labels
    before : callable
        Called before anything is painted.
    covered : callable
        ``covered(where, label)``, called after it, within the same undo step. Some of the pixels may have
        kept another label, as `preserve_labels` wants.
    said : callable
        ``said(pixel) -> bool``: whether a person has said already what this pixel is.
    """
    paint, fill, paint_polygon = layer.paint, layer.fill, layer.paint_polygon
    dragged: list[Any] = [None]

    def painting(coord: Any, new_label: int, refresh: bool = True) -> None:
        with _one_step(layer, before):
            paint(coord, new_label, refresh)
            _tell(_under_brush(layer, coord), new_label)

    def filling(coord: Any, new_label: int, refresh: bool = True) -> None:
        with _one_step(layer, before):
            at, staged = _pixel(layer, coord), layer._staged_history
            old = None if at is None else int(layer.data[at])
            # a drag fills at every place it comes by: a region that was filled is not looked for again
            known = dragged[0] is staged and at is not None and said(at)
            region = None if old != new_label or known else _alike(layer, at)
            known_atoms = len(staged)
            fill(coord, new_label, refresh)
            dragged[0] = staged
            _tell(region, new_label)
            for atom in staged[known_atoms:]:
                _tell(_changed_by(atom), new_label)

    def painting_polygon(points: Any, new_label: int) -> None:
        with _one_step(layer, before):
            paint_polygon(points, new_label)
            _tell(_in_polygon(layer, points), new_label)

    def _tell(where: Covered | None, label: int) -> None:
        if where is not None:
            covered(where, label)

    layer.paint, layer.fill, layer.paint_polygon = painting, filling, painting_polygon


@contextmanager
def _one_step(layer: Any, before: Callable[[], object]) -> Iterator[None]:
    """Group what is painted and what is noted of it, unless the mouse has begun a step already."""
    before()
    if layer._block_history:
        yield
    else:
        with layer.block_history():
            yield


def _pixel(layer: Any, coord: Any) -> tuple[int, ...] | None:
    at = tuple(int(np.round(c)) for c in coord)
    inside = all(0 <= c < length for c, length in zip(at, layer.data.shape, strict=True))
    return at if inside else None


def _boxed(layer: Any, coord: Any, axes: list[int], low: Any, high: Any, mask: Any) -> Covered:
    """A mask over some axes as one over all; the other axes stand where the tool does."""
    at = [int(np.round(c)) % length for c, length in zip(coord, layer.data.shape, strict=True)]
    box = [slice(place, place + 1) for place in at]
    for axis, begin, end in zip(axes, low, high, strict=True):
        box[axis] = slice(int(begin), int(end))
    others = tuple(axis for axis in range(len(box)) if axis not in axes)
    return Covered(tuple(box), np.expand_dims(mask, others))


def _under_brush(layer: Any, coord: Any) -> Covered | None:
    """The disc, or the ball, of napari's brush: round in the world, so that pixels may be of any shape."""
    shape, axes = layer._get_shape_and_dims_to_paint()
    centre = np.array([int(np.round(coord[axis])) for axis in axes])
    scale = np.abs(np.array([layer.scale[axis] for axis in axes], float))
    scale /= scale.min()
    radius = np.floor(layer.brush_size / 2) + 0.5
    reach = np.floor(radius / scale).astype(int)
    low, high = np.maximum(centre - reach, 0), np.minimum(centre + reach + 1, shape)
    if (low >= high).any():
        return None
    steps = np.ogrid[tuple(slice(begin, end) for begin, end in zip(low, high, strict=True))]
    squares: Any = sum(((step - c) * s) ** 2 for step, c, s in zip(steps, centre, scale, strict=True))
    return _boxed(layer, coord, axes, low, high, squares <= radius**2)


def _alike(layer: Any, at: Any) -> Covered:
    """What a fill would fill that has the label of a pixel: all of it, or what is connected."""
    from skimage.segmentation import flood

    shape, axes = layer._get_shape_and_dims_to_paint()
    axes = list(axes)
    plane = np.asarray(layer.data[tuple(slice(None) if a in axes else at[a] for a in range(len(at)))])
    seed = tuple(at[axis] for axis in axes)
    mask = flood(plane, seed, connectivity=1) if layer.contiguous else plane == plane[seed]
    return _boxed(layer, at, axes, np.zeros(len(axes)), shape, mask)


def _in_polygon(layer: Any, points: Any) -> Covered | None:
    """The pixels of a polygon and its outline, as napari draws it."""
    from PIL import Image, ImageDraw

    shape, axes = layer._get_shape_and_dims_to_paint()
    corners = np.array(points, dtype=int)
    plane = corners[:, axes]
    low, high = np.maximum(plane.min(0), 0), np.minimum(plane.max(0) + 1, shape)
    if (low >= high).any():
        return None
    drawn = Image.new("L", (int(high[1] - low[1]), int(high[0] - low[0])), 0)
    ImageDraw.Draw(drawn).polygon([tuple(map(int, p[::-1])) for p in plane - low], outline=1, fill=1)
    return _boxed(layer, corners[0], axes, low, high, np.array(drawn, bool))


def painted_in(item: Iterable[Any], placement: Placement) -> Iterator[Painted]:
    """What the records of an item of the layer's history have changed."""
    for atom in item:
        if getattr(atom, "slice_key", None) is not None:
            given, taken = atom.new_value, atom.old_values
        else:
            _, taken, given = atom
        if np.size(taken):
            yield Painted(list(positions_of(atom, placement)), np.atleast_1d(given), np.atleast_1d(taken))


def positions_of(atom: Any, placement: Placement) -> Iterable[Position]:
    """The slices that a record of the layer's history has pixels in."""
    where = getattr(atom, "slice_key", None) or atom[0]
    along: list[Iterable[int]] = []
    for axis in placement.stack_axes:
        part = where[axis]
        if isinstance(part, slice):
            along.append(range(*part.indices(placement.shape[axis])))
        else:
            along.append(np.unique(part).tolist())
    return product(*along)


def _changed_by(atom: Any) -> Covered | None:
    """The pixels of a record of the layer's history: a box and a mask, or, of older versions, indices."""
    box = getattr(atom, "slice_key", None)
    if box is not None:
        mask = atom.mask
        sides = tuple(part.stop - part.start for part in box)
        return Covered(box, np.ones(sides, bool) if mask is None else np.asarray(mask, bool))
    indices = [np.atleast_1d(part) for part in atom[0]]
    if not indices[0].size:
        return None
    low = [int(part.min()) for part in indices]
    box = tuple(slice(begin, int(part.max()) + 1) for begin, part in zip(low, indices, strict=True))
    mask = np.zeros([part.stop - part.start for part in box], bool)
    mask[tuple(part - begin for part, begin in zip(indices, low, strict=True))] = True
    return Covered(box, mask)
