"""Slices as they were copied last, to be saved: a slice that has not changed since is not copied again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from napari_ovseg.annotation import SliceAnnotation
from napari_ovseg.annotation.annotation import Position
from napari_ovseg.categories import Labels, void_of


class Copies:
    """Stand for slices that are on the disk as they are: mostly views, so that no stack is held twice."""

    def __init__(self) -> None:
        self._last: dict[Position, SliceAnnotation] = {}

    def __contains__(self, position: Position) -> bool:
        return position in self._last

    def last(self, position: Position, known: SliceAnnotation | None) -> SliceAnnotation:
        """Return the last copy of a slice with what is known of it now besides its pixels, if anything is."""
        last = self._last[position]
        if known is None:
            return last
        return replace(known, masks=last.masks, human=last.human, pseudo_labels=last.pseudo_labels)

    def keep(self, position: Position, copied: SliceAnnotation, masks: Labels, rough: Labels) -> None:
        """Keep a copy of a slice, with views ``(H, W)`` of both layers in place of their pixels."""
        human = copied.human
        if (human == void_of(human)).all():
            human = np.broadcast_to(human.dtype.type(void_of(human)), human.shape)
        self._last[position] = replace(copied, masks=masks, human=human, pseudo_labels=rough)
