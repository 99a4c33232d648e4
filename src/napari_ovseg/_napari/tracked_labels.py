"""A labels layer that tells the pixels the machine wrote from those a person painted, undo included."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.annotation.annotation import Position
from napari_ovseg.annotation.corrections import Baseline, PackedBaseline
from napari_ovseg.categories import Labels, void_of

if TYPE_CHECKING:
    from napari.layers import Labels as LabelsLayer

    from napari_ovseg._napari.source import Placement


@dataclass(eq=False)
class Step:
    """One thing the machine wrote, as one item of the layer's undo history.

    Attributes
    ----------
    atoms : list
        The layer's own records of the change, by which it is found again in the histories; none when all
        pixels were so already.
    before, after : dict of tuple of int to PackedBaseline
        Of the slices that were written.
    note : object
        What the writer wants to know again when undo or redo moves over the step.
    undone : bool
    """

    atoms: list[Any]
    before: dict[Position, PackedBaseline]
    after: dict[Position, PackedBaseline]
    note: Any = None
    undone: bool = False

    def is_in(self, atoms: Mapping[int, Any]) -> bool:
        """Whether it is among atoms by their Python ids: they hold arrays, which can't be compared."""
        return bool(self.atoms) and id(self.atoms[0]) in atoms


class TrackedLabels:
    """The pixels of one results layer, slice by slice.

    Parameters
    ----------
    layer : napari.layers.Labels
        Of zeros: nothing has been written yet.
    placement : Placement
        Any of its slices.

    Attributes
    ----------
    on_moved : callable
        ``on_moved(step)``, called when undo or redo has moved over a step.
    """

    def __init__(self, layer: LabelsLayer, placement: Placement) -> None:
        self.layer = layer
        self.placement = placement
        self.on_moved: Callable[[Step], object] = lambda step: None
        self._baselines: dict[Position, Baseline] = {}
        self._steps: list[Step] = []
        self._touched: set[Position] = set()
        # at once: a stroke after an undo wipes out its trace
        for event in (layer.events.paint, layer.events.set_data):
            event.connect(self.follow_history)

    @property
    def positions(self) -> list[Position]:
        """The slices that have been written or touched."""
        return sorted(self._baselines)

    def take_touched(self) -> set[Position]:
        """The slices that were painted, written, undone or redone since this was last asked."""
        self._note_touched()
        touched, self._touched = self._touched, set()
        return touched

    def labels(self, position: Position) -> Labels:
        """The pixels of a slice as they are now, ``(H, W)``, a view."""
        return np.asarray(self.layer.data)[replace(self.placement, position=position).index]

    def changed(self, position: Position) -> NDArray[np.bool_]:
        """Where a slice is no longer what the machine wrote last, ``(H, W)``."""
        self.follow_history()
        changed: NDArray[np.bool_] = self.labels(position) != self._baseline(position).written
        return changed

    def human_pixels(self, position: Position) -> Labels:
        """Whose id a person gave to each pixel of a slice, ``(H, W)``, void where nobody did."""
        self.follow_history()
        return self._baseline(position).human_pixels(self.labels(position))

    def is_edited(self, position: Position) -> bool:
        """Whether any pixel of a slice is a person's, be it one that was handed back."""
        changed, human = self.changed(position), self._baseline(position).human
        return bool(changed.any() or (human != void_of(human)).any())

    def start(self, position: Position, written: Labels, human: Labels | None = None) -> None:
        """Fill a slice of a layer that was just made: nothing to undo."""
        self.labels(position)[...] = written
        self._baselines[position] = _baseline_of(written, human)

    def write(self, slices: Mapping[Position, tuple[Labels, Labels | None]]) -> Step:
        """Write new labels, each with the human pixels they hold or None, as one item of the undo history."""
        self.follow_history()
        before = {position: self._baseline(position) for position in slices}
        known = _atoms(self.layer._undo_history)
        with _sliced(self.layer), self.layer.block_history():
            for position, (labels, _) in slices.items():
                self._set(position, labels)
        atoms = [atom for key, atom in _atoms(self.layer._undo_history).items() if key not in known]
        for position, (labels, human) in slices.items():
            new = _baseline_of(labels, human)
            # where no pixel changed there is nothing to undo, and strokes can still be undone one by one
            self._baselines[position] = new if atoms else before[position].with_human(labels, new.human)
        step = Step(atoms, _packed(before), _packed({at: self._baselines[at] for at in slices}))
        if atoms:
            self._steps.append(step)
        return step

    def take_back(self, step: Step) -> None:
        """Undo a step for good, if nothing came after it."""
        self.follow_history()
        history = self.layer._undo_history
        if step.atoms and not (history and step.is_in(_atoms([history[-1]]))):
            return
        if step.atoms:
            self._steps.remove(step)
            self.layer.undo()
            # redo would bring back the machine's pixels as a person's
            self.layer._redo_history.pop()
        self._restore(step.before)

    def follow_history(self, _event: Any = None) -> None:
        """Move to the baselines that undo and redo have brought back, and call `on_moved` for each step."""
        self._note_touched()
        applied, undone = _atoms(self.layer._undo_history), _atoms(self.layer._redo_history)
        back = [step for step in reversed(self._steps) if not step.undone and step.is_in(undone)]
        again = [step for step in self._steps if step.undone and step.is_in(applied)]
        for step in (*back, *again):
            step.undone = not step.undone
            self._restore(step.before if step.undone else step.after)
        # what is in neither was forgotten, or undone and then painted over
        self._steps = [step for step in self._steps if step.is_in(applied) or step.is_in(undone)]
        for step in (*back, *again):
            self.on_moved(step)

    def _note_touched(self) -> None:
        """Note the slices that the latest stroke, write, undo or redo has changed, in view or not."""
        for history in (self.layer._undo_history, self.layer._redo_history):
            for atom in history[-1] if history else ():
                self._touched |= set(_positions_of(atom, self.placement))
        for position in self._touched:
            self._baseline(position)

    def _restore(self, baselines: Mapping[Position, PackedBaseline]) -> None:
        for position, packed in baselines.items():
            self._baselines[position] = packed.unpacked()

    def _baseline(self, position: Position) -> Baseline:
        """The baseline of a slice; of one that nobody has written, zeros."""
        if position not in self._baselines:
            self._baselines[position] = Baseline.untouched(np.zeros_like(self.labels(position)))
        return self._baselines[position]

    def _set(self, position: Position, labels: Labels) -> None:
        placement = replace(self.placement, position=position)
        rows, columns = np.nonzero(self.labels(position) != labels)
        if not rows.size:
            return
        where = dict(zip(placement.axes, (rows, columns), strict=True))
        indices = tuple(
            where.get(axis, np.full(rows.size, part)) for axis, part in enumerate(placement.index)
        )
        self.layer.data_setitem(indices, labels[rows, columns])


def is_being_painted(layer: Any) -> bool:
    """Whether the mouse is in the middle of a stroke on a layer: what is written now would belong to it."""
    return bool(getattr(layer, "_block_history", False) or getattr(layer, "_staged_history", None))


@contextmanager
def _sliced(layer: LabelsLayer) -> Iterator[None]:
    """Make sure that the layer holds the slice in view; one that is hidden stays at an earlier one."""
    # napari puts the brush away when a layer is shown, even if it was already.
    if layer.visible:
        yield
        return
    layer.visible = True
    try:
        yield
    finally:
        layer.visible = False


def _baseline_of(written: Labels, human: Labels | None) -> Baseline:
    base = Baseline.untouched(written.copy())
    return base if human is None else Baseline(base.written, human.copy())


def _packed(baselines: Mapping[Position, Baseline]) -> dict[Position, PackedBaseline]:
    return {position: baseline.packed() for position, baseline in baselines.items()}


def _atoms(history: Iterable[Iterable[Any]]) -> dict[int, Any]:
    """The records of a history by their Python ids."""
    return {id(atom): atom for item in history for atom in item}


def _positions_of(atom: Any, placement: Placement) -> Iterable[Position]:
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
