"""Which slices of a labels layer were painted, written, undone or redone, in view or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from napari_ovseg._napari.layers.strokes import positions_of

if TYPE_CHECKING:
    from napari.layers import Labels as LabelsLayer

    from napari_ovseg._napari.layers.placement import Placement
    from napari_ovseg.annotation.annotation import Position


class Touches:
    """Follows the histories of a layer; what goes into none of them is to be told."""

    def __init__(self, layer: LabelsLayer, placement: Placement) -> None:
        self._layer, self._placement = layer, placement
        self._new: set[Position] = set()
        self._count: Counter[Position] = Counter()
        # the latest items of undo and redo that were looked at
        self._seen: list[Any] = [None, None]

    def add(self, positions: Iterable[Position]) -> None:
        positions = list(positions)
        self._new.update(positions)
        self.look_anew(positions)

    def look_anew(self, positions: Iterable[Position]) -> None:
        """Change the `version` of slices that may have changed, without taking them for touched."""
        # a mapping would be taken for counts
        self._count.update(list(positions))

    def follow(self) -> None:
        """Note the slices that the latest stroke, write, undo or redo has changed."""
        for which, history in enumerate((self._layer._undo_history, self._layer._redo_history)):
            last = history[-1] if history else None
            if last is not self._seen[which]:
                self._seen[which] = last
                for atom in last or ():
                    self.add(positions_of(atom, self._placement))

    @property
    def new(self) -> set[Position]:
        """The slices that were touched since `take`."""
        return self._new

    def take(self) -> set[Position]:
        taken, self._new = self._new, set()
        return taken

    def version(self, position: Position) -> tuple[int, int]:
        """Return what changes whenever a slice is touched, also in the middle of a stroke."""
        return self._count[position], len(self._layer._staged_history)
