"""What the machine wrote last in each slice of a layer: packed, but for the few slices used last."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from napari_ovseg.annotation.corrections import Baseline, PackedBaseline

if TYPE_CHECKING:
    from napari_ovseg.annotation.annotation import Position
    from napari_ovseg.categories import Labels

# Unpacked, a slice takes three bytes a pixel; a stroke of a brush that is a ball goes over some of them.
_MOST_OPEN = 8


class Baselines:
    """The baselines of a stack; what is packed comes back bit by bit."""

    def __init__(self) -> None:
        self._packed: dict[Position, PackedBaseline] = {}
        # in the order of their use; one that is in both is the same in both
        self._open: dict[Position, Baseline] = {}

    def __contains__(self, position: Position) -> bool:
        return position in self._packed or position in self._open

    @property
    def positions(self) -> set[Position]:
        """The slices that have one."""
        return {*self._packed, *self._open}

    def of(self, position: Position, empty: Callable[[], Labels]) -> Baseline:
        """Return the baseline of a slice, not to be changed; of one that nobody has written, ``empty()``."""
        found = self._open.pop(position, None)
        if found is None and position in self._packed:
            found = self._packed[position].unpacked()
        elif found is None:
            found = Baseline.of(empty())
        self._open[position] = found
        self._close_one()
        return found

    def to_change(self, position: Position, empty: Callable[[], Labels]) -> Baseline:
        """Return the baseline of a slice, to be changed in place before any other is asked for."""
        found = self.of(position, empty)
        self._packed.pop(position, None)
        return found

    def set(self, position: Position, baseline: Baseline | PackedBaseline) -> None:
        """Have another baseline of a slice from now on."""
        self._open.pop(position, None)
        self._packed.pop(position, None)
        if isinstance(baseline, PackedBaseline):
            self._packed[position] = baseline
        else:
            self._open[position] = baseline

    def packed(self, position: Position) -> PackedBaseline:
        """Return the baseline of a slice that has one, packed."""
        if position not in self._packed:
            self._packed[position] = self._open[position].packed()
        return self._packed[position]

    def _close_one(self) -> None:
        """Pack the slice that was not used for longest: one at a time, as a stack takes a while."""
        if len(self._open) > _MOST_OPEN:
            first = next(iter(self._open))
            self.packed(first)
            del self._open[first]
