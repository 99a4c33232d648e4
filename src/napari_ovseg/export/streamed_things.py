"""Things in labels that are read in bands: what crosses from one band into the next is one thing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.export.instances import Thing, instances_of, things_in
from napari_ovseg.export.lazy_labels import LazyLabels
from napari_ovseg.export.plan import Dataset, Item, Options


def each_thing(item: Item, dataset: Dataset, *, with_void: bool = False) -> Iterator[Thing]:
    """Return what `things_in` does; the things in labels on the disk come in the order in which they end."""
    labels = item.picture.labels
    if not isinstance(labels, LazyLabels):
        yield from things_in(item, dataset, with_void=with_void)
        return
    bands = _Bands(dataset.options)
    unsure = 0
    for top, band in labels.bands():
        void = band == np.iinfo(band.dtype).max
        if not with_void:
            unsure += int(void.sum())
            band = np.where(void, 0, band)
        yield from bands.next(top, band)
    yield from bands.last()
    least = dataset.options.smallest_area
    note, name = dataset.notes.count, item.picture.name
    note("unsure pixels were left out, because this format has no place for them", unsure, name)
    note(f"regions of fewer than {least} pixels were left out", bands.left_out, name)


@dataclass
class _Open:
    """A thing that may go on in the next band: its label, and its parts so far."""

    id: int
    parts: list[tuple[tuple[int, int], NDArray[np.bool_]]] = field(default_factory=list)


class _Bands:
    """Joins what touches across the border of two bands; holds only what the last row touches."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self.left_out = 0
        # of each column of the last row: its label, and which open thing has it
        self._labels: NDArray[np.unsignedinteger] | None = None
        self._owners: NDArray[np.int64] = np.zeros(0, np.int64)
        self._open: dict[int, _Open] = {}
        self._count = 0

    def next(self, top: int, band: NDArray[np.unsignedinteger]) -> Iterator[Thing]:
        """Take the next band, which begins at row ``top``, and return the things that have ended."""
        from scipy import ndimage
        from skimage.measure import label

        four = self._options.connectivity == 4
        regions = label(band, background=0, connectivity=1 if four else 2)
        # numbers that no open thing has
        regions = np.where(regions > 0, regions + self._count, 0)
        joined = self._joined(band[0], regions[0], 0 if four else 1)
        going_on = set(np.unique(regions[-1]).tolist()) - {0}
        begun, self._open = self._open, {}
        for number, box in enumerate(ndimage.find_objects(regions - self._count), 1):
            if box is None:
                continue
            key = number + self._count
            mask = regions[box] == key
            corner = (top + box[0].start, box[1].start)
            id = int(band[box][mask][0])
            if key in joined or key in going_on:
                begun[key] = _Open(id, [(corner, mask)])
            else:
                yield from self._ended(_Open(id, [(corner, mask)]))
        alive = {joined.get(key, key) for key in going_on}
        groups: dict[int, _Open] = {}
        for key, one in begun.items():
            group = groups.setdefault(joined.get(key, key), _Open(one.id))
            group.parts += one.parts
        for key, one in groups.items():
            if key in alive:
                self._open[key] = one
            else:
                yield from self._ended(one)
        self._count = max(self._count, int(regions.max(initial=0)))
        self._labels = band[-1]
        self._owners = np.array([joined.get(key, key) for key in regions[-1].tolist()], np.int64)

    def last(self) -> Iterator[Thing]:
        """Return the things that go on to the last row."""
        for one in self._open.values():
            yield from self._ended(one)
        self._open = {}

    def _joined(
        self, labels: NDArray[np.unsignedinteger], regions: NDArray[np.int64], reach: int
    ) -> dict[int, int]:
        """Which number stands for each region that touches a thing of the band before, and for that thing."""
        parents: dict[int, int] = {}

        def root(key: int) -> int:
            while parents.setdefault(key, key) != key:
                parents[key] = parents[parents[key]]
                key = parents[key]
            return key

        if self._labels is None:
            return {}
        width = len(labels)
        for shift in range(-reach, reach + 1):
            here = slice(max(0, shift), width + min(0, shift))
            there = slice(max(0, -shift), width + min(0, -shift))
            same = (labels[here] == self._labels[there]) & (labels[here] != 0)
            pairs = np.stack([regions[here][same], self._owners[there][same]], 1)
            for one, other in np.unique(pairs, axis=0).tolist():
                low, high = sorted((root(one), root(other)))
                parents[high] = low
        return {key: root(key) for key in list(parents)}

    def _ended(self, one: _Open) -> Iterator[Thing]:
        """Put the parts of a thing together; one that is too small is counted, and round ones cut apart."""
        (corner, mask), *more = one.parts
        if not more and not self._options.split_touching:
            if mask.sum() < self._options.smallest_area:
                self.left_out += 1
            else:
                yield Thing(one.id, corner, mask)
            return
        boxes = [(*at, at[0] + part.shape[0], at[1] + part.shape[1]) for at, part in one.parts]
        top, left = (min(box[side] for box in boxes) for side in (0, 1))
        bottom, right = (max(box[side] for box in boxes) for side in (2, 3))
        whole = np.zeros((bottom - top, right - left), np.uint8)
        for box, (_, part) in zip(boxes, one.parts, strict=True):
            whole[box[0] - top : box[2] - top, box[1] - left : box[3] - left] |= part.astype(np.uint8)
        found = instances_of(whole, self._options)
        self.left_out += found.left_out
        for thing in found:
            at = (thing.corner[0] + top, thing.corner[1] + left)
            yield replace(thing, id=one.id, corner=at)
