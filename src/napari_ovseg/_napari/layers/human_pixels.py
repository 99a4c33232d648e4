"""Whose each pixel of a slice is, where a person may paint on two layers: the masks and the pseudo-labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from napari_ovseg._napari.layers.notes_of_steps import Taken
from napari_ovseg._napari.layers.tracked_labels import TrackedLabels
from napari_ovseg.annotation.annotation import Position
from napari_ovseg.annotation.news import digest_of
from napari_ovseg.categories import Labels, void_of


class HumanPixels:
    """The human pixels of two layers as one.

    Attributes
    ----------
    taken : dict of tuple of int to Taken
        Strokes on the pseudo-labels that the masks of a slice hold already.
    """

    def __init__(self, masks: TrackedLabels, pseudo_labels: TrackedLabels) -> None:
        self._masks, self._pseudo_labels = masks, pseudo_labels
        self.taken: dict[Position, Taken] = {}
        self._digests: dict[Position, tuple[Any, str]] = {}

    def of(self, position: Position) -> Labels:
        """Return whose id a person gave to each pixel, ``(H, W)``, in the dtype of the masks; void: none.

        Where both layers were painted since the last update, the masks count.
        """
        human = self._masks.human_pixels(position)
        rough = self._pseudo_labels.human_pixels(position)
        void, free = void_of(human), ~self._masks.changed(position)
        new, taken = rough != void, self.taken.get(position)
        if taken is not None:
            human[taken.alone & (rough == void) & free] = void
            new &= rough != taken.strokes
        np.copyto(human, rough, where=new & free)
        return human

    def digest(self, position: Position) -> str:
        """Return what tells the human pixels of a slice from others; taken anew only once it was touched."""
        state = self._state(position)
        if position not in self._digests or self._digests[position][0] != state:
            self._digests[position] = state, digest_of(self.of(position))
        return self._digests[position][1]

    def know(self, digests: Mapping[Position, str]) -> None:
        """Take these for the digests of slices as they are now."""
        self._digests |= {position: (self._state(position), digest) for position, digest in digests.items()}

    def _state(self, position: Position) -> tuple[Any, ...]:
        """What changes whenever the human pixels of a slice may have."""
        versions = [tracked.version(position) for tracked in (self._masks, self._pseudo_labels)]
        return (*versions, self.taken.get(position))

    def taken_by(self, position: Position, human: Labels) -> Taken | None:
        """Return which strokes on the pseudo-labels are in these human pixels, ``(H, W)``, of the masks."""
        strokes, known = self._pseudo_labels.human_pixels(position), self.taken.get(position)
        void = void_of(human)
        if (strokes == void).all():
            return None
        by_hand = self._masks.human_pixels(position)
        alone = by_hand == void
        if known is not None:
            alone |= known.alone & ~self._masks.changed(position)
        return Taken(strokes, alone & (strokes != void) & (strokes == human))

    def take(self, position: Position, taken: Taken | None) -> None:
        """The masks hold these strokes now, by an update, undo or redo; None for none."""
        self.taken.pop(position, None)
        if taken is not None:
            self.taken[position] = taken
