"""From categories to things: connected regions, those that touch cut apart on request, specks left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.export.plan import Dataset, Item, Options

# How much deeper than the neck between them two cores must be, in pixels, to be two things. ImageJ's
# watershed has 0.5; rough outlines of masks make spurious cores of that depth.
_CORE_DEPTH = 0.75


@dataclass(frozen=True)
class Thing:
    """One connected region: its category, and its mask (h, w) cut to the box that starts at `corner`."""

    id: int
    corner: tuple[int, int]
    mask: NDArray[np.bool_]


def things_in(item: Item, dataset: Dataset, *, with_void: bool = False) -> Instances:
    """Return the things in a picture, noting what is left out; where `with_void`, void regions are things."""
    labels = item.picture.labels
    if not with_void:
        unsure = labels == np.iinfo(labels.dtype).max
        dataset.notes.count(
            "unsure pixels belong to no thing"
            if dataset.options.things
            else "unsure pixels were left out, because this format has no place for them",
            int(unsure.sum()),
            item.picture.name,
        )
        labels = np.where(unsure, 0, labels)
    things = instances_of(labels, dataset.options)
    least = dataset.options.smallest_area
    dataset.notes.count(
        f"regions of fewer than {least} pixels were left out", things.left_out, item.picture.name
    )
    return things


@dataclass(frozen=True)
class Instances:
    """The things in one picture.

    Attributes
    ----------
    regions : ndarray of int32 (H, W)
        0 nothing, 1 to N the things.
    ids : ndarray of int (N,)
        The category of each.
    left_out : int
        How many regions were smaller than asked for.
    """

    regions: NDArray[np.int32]
    ids: NDArray[np.int64]
    left_out: int

    def smallest(self) -> NDArray[np.unsignedinteger]:
        """The regions in 16 bits where they fit, which all programs read, else in 32."""
        return self.regions.astype(np.uint16 if len(self.ids) <= np.iinfo(np.uint16).max else np.uint32)

    def __iter__(self) -> Iterator[Thing]:
        from scipy import ndimage

        for number, (rows, columns) in enumerate(ndimage.find_objects(self.regions), 1):
            mask = self.regions[rows, columns] == number
            yield Thing(int(self.ids[number - 1]), (rows.start, columns.start), mask)


def instances_of(labels: NDArray[np.unsignedinteger], options: Options) -> Instances:
    """Split labels into connected regions of one label; different labels never join.

    Parameters
    ----------
    labels : ndarray of uint (H, W)
        0 is nothing.
    options : Options
        Connectivity, whether touching things are cut apart, and the smallest area.

    Returns
    -------
    Instances
        In the order of their first pixels, row by row.
    """
    from skimage.measure import label

    regions = label(labels, background=0, connectivity=1 if options.connectivity == 4 else 2)
    if options.split_touching and regions.any():
        regions = _cut_apart(regions)
    count = int(regions.max(initial=0))
    areas = np.bincount(regions.ravel(), minlength=count + 1)
    keep = areas >= options.smallest_area
    keep[0] = False
    numbers = np.zeros(count + 1, np.int32)
    first = np.full(count + 1, labels.size)
    np.minimum.at(first, regions.ravel(), np.arange(labels.size))
    kept = np.flatnonzero(keep)
    kept = kept[np.argsort(first[kept])]
    numbers[kept] = np.arange(1, kept.size + 1)
    ids = labels.ravel()[first[kept]].astype(np.int64)
    return Instances(numbers[regions], ids, count - kept.size)


def _cut_apart(regions: NDArray[np.int32]) -> NDArray[np.int32]:
    """Cut each region at its necks: a watershed on the distance to the region's edge."""
    from scipy import ndimage
    from skimage.measure import label
    from skimage.morphology import reconstruction
    from skimage.segmentation import watershed

    cut = np.zeros_like(regions)
    count = 0
    for number, box in enumerate(ndimage.find_objects(regions), 1):
        mask = np.pad(regions[box] == number, 1)
        depth = ndimage.distance_transform_edt(mask)
        if depth.max() > 2 * _CORE_DEPTH:
            lowered = reconstruction(np.maximum(depth - _CORE_DEPTH, 0), depth)
            cores = label((depth - lowered >= _CORE_DEPTH - 1e-9) & mask, connectivity=2)
            parts = watershed(-depth, cores, mask=mask, connectivity=2)
        else:
            parts = mask.astype(np.int32)
        parts = parts[1:-1, 1:-1]
        cut[box] += np.where(parts > 0, parts + count, 0).astype(cut.dtype)
        count += int(parts.max())
    return cut
