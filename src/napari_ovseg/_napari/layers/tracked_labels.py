"""Where a stroke becomes a human pixel: a labels layer that tells it from what the machine wrote.

A pixel that is not what the machine wrote last is a person's; so is one that a stroke went over and left as
it was, see `agreements`. Undo and redo bring back either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg._napari.layers.agreements import Agreements
from napari_ovseg._napari.layers.baselines import Baselines
from napari_ovseg._napari.layers.steps import Agreement, Step, atoms_of, is_in, no_pixels
from napari_ovseg._napari.layers.strokes import Painted, listen, painted_in
from napari_ovseg._napari.layers.touches import Touches
from napari_ovseg.annotation.annotation import Position
from napari_ovseg.annotation.corrections import Baseline, PackedBaseline
from napari_ovseg.categories import Labels, count_ids, void_of

if TYPE_CHECKING:
    from napari.layers import Labels as LabelsLayer

    from napari_ovseg._napari.layers.placement import Placement


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
    written : set of tuple of int
        The slices that the machine has written.
    on_moved : callable
        ``on_moved(step)``, called when undo or redo has moved over a step or an agreement.
    """

    def __init__(self, layer: LabelsLayer, placement: Placement) -> None:
        self.layer = layer
        self.placement = placement
        self.on_moved: Callable[[Step | Agreement], object] = lambda step: None
        self._baselines = Baselines()
        self._steps: list[Step | Agreement] = []
        self._touches = Touches(layer, placement)
        self._agreements = Agreements(layer, placement, self._steps, self._baseline_to_change, self._touches)
        self._counts: dict[Position, tuple[tuple[int, int], NDArray[np.intp]]] = {}
        self._writing = False
        self.written: set[Position] = set()
        # at once: a stroke after an undo wipes out its trace
        for event in (layer.events.paint, layer.events.set_data):
            event.connect(self.follow_history)
        listen(layer, self._before_stroke, self._agreements.hear, self._agreements.is_said)

    @property
    def positions(self) -> list[Position]:
        """The slices that have been written or touched."""
        return sorted(self._baselines.positions)

    def take_touched(self) -> set[Position]:
        """The slices that were painted, written, undone or redone since this was last asked."""
        self._note_touched()
        return self._touches.take()

    def version(self, position: Position) -> tuple[int, int]:
        """What changes whenever the human pixels of a slice may have, see `Touches`."""
        self.follow_history()
        return self._touches.version(position)

    def look_anew(self, positions: Iterable[Position]) -> None:
        """Something may have been put into slices that no history tells of."""
        self._touches.look_anew(positions)

    def labels(self, position: Position) -> Labels:
        """The pixels of a slice as they are now, ``(H, W)``, a view."""
        return np.asarray(self.layer.data[replace(self.placement, position=position).index])

    def counts(self, position: Position) -> NDArray[np.intp]:
        """How many pixels of a slice each id has, from 0 to void; counted anew only once it was touched."""
        version = self.version(position)
        if position not in self._counts or self._counts[position][0] != version:
            self._counts[position] = version, count_ids(self.labels(position))
        return self._counts[position][1]

    def changed(self, position: Position) -> NDArray[np.bool_]:
        """Where a person has painted on a slice since the machine wrote it last, ``(H, W)``."""
        self.follow_history()
        return self._baseline(position).changed(self.labels(position))

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
        self._baselines.set(position, Baseline.of(written, human))
        self.written.add(position)
        self._touches.look_anew([position])

    def write(self, slices: Mapping[Position, tuple[Labels, Labels | None]], *, always: bool = False) -> Step:
        """Write new labels, each with the human pixels they hold or None, as one item of the undo history.

        Where no pixel changes there is no such item, unless there is `always` to be one.
        """
        self.follow_history()
        self.written |= set(slices)
        self._touches.look_anew(slices)
        before = {position: self._packed(position) for position in slices}
        known = atoms_of(self.layer._undo_history)
        with self._no_stroke(), _sliced(self.layer), self.layer.block_history():
            if always:
                self.layer._save_history(no_pixels(self.layer.data))
            for position, (labels, _) in slices.items():
                self._set(position, labels)
        atoms = [atom for key, atom in atoms_of(self.layer._undo_history).items() if key not in known]
        for position, (labels, human) in slices.items():
            new = Baseline.of(labels, human)
            if not atoms:
                # no pixel changed, so there is nothing to undo, and strokes can still be undone one by one
                new = self._baseline(position).with_human(labels, new.human)
            self._baselines.set(position, new.packed())
        step = Step(atoms, before, {position: self._packed(position) for position in slices})
        if atoms:
            self._steps.append(step)
        return step

    def note(self, note: Any) -> None:
        """Make something else that a person did an item of the undo history."""
        self.follow_history()
        step = Step([no_pixels(self.layer.data)], {}, {}, note)
        self._steps.append(step)
        with self._no_stroke():
            self.layer._save_history(step.atoms[0])

    def painted_in(self, item: Iterable[Any]) -> Iterator[Painted]:
        """What a person painted by the latest item of the undo history, in parts."""
        if self._writing:
            return
        yield from painted_in(item, self.placement)
        atoms = atoms_of([item])
        for step in self._steps:
            if isinstance(step, Agreement) and is_in(step, atoms):
                for position, indices, _ in step.pixels:
                    same = self.labels(position).reshape(-1)[indices]
                    yield Painted([position], same, same[:0])

    @contextmanager
    def _no_stroke(self) -> Iterator[None]:
        """What becomes an item of the undo history meanwhile is no person's stroke."""
        self._writing = True
        try:
            yield
        finally:
            self._writing = False

    def take_back(self, step: Step) -> None:
        """Undo a step for good, if nothing came after it."""
        self.follow_history()
        history = self.layer._undo_history
        if step.atoms and not (history and is_in(step, atoms_of([history[-1]]))):
            return
        if step.atoms:
            self._steps.remove(step)
            self.layer.undo()
            # redo would bring back the machine's pixels as a person's
            self.layer._redo_history.pop()
        # what changed no pixel is in no history, and something else may have come after it
        same = [at for at, one in step.after.items() if step.atoms or self._packed(at) == one]
        self._restore({at: step.before[at] for at in same})

    def follow_history(self, _event: Any = None) -> None:
        """Move to the baselines that undo and redo have brought back, and call `on_moved` for each step."""
        self._note_touched()
        applied, undone = atoms_of(self.layer._undo_history), atoms_of(self.layer._redo_history)
        staged = atoms_of([self.layer._staged_history])
        for step in reversed(self._steps):
            if isinstance(step, Agreement):
                if not step.seen and is_in(step, applied):
                    step.seen, step.alone = True, len(self.layer._undo_history[-1]) == 1
                if not step.seen and not is_in(step, staged):
                    self._agreements.withdraw(step)
        back = [step for step in reversed(self._steps) if not step.undone and is_in(step, undone)]
        again = [step for step in self._steps if step.undone and is_in(step, applied)]
        for step in (*back, *again):
            step.undone = not step.undone
            if isinstance(step, Step):
                self._restore(step.before if step.undone else step.after)
            elif step.undone:
                self._agreements.withdraw(step)
            else:
                self._agreements.renew(step)
        # what is in none was forgotten, or undone and then painted over
        known = applied | undone | staged
        self._steps[:] = [step for step in self._steps if is_in(step, known)]
        for step in (*back, *again):
            self.on_moved(step)

    def _before_stroke(self) -> None:
        # what was undone on a hidden layer goes with the stroke, and nothing else tells of it
        if self.layer._redo_history:
            self.follow_history()

    def _note_touched(self) -> None:
        """Note the slices that the latest stroke, write, undo or redo has changed, in view or not."""
        self._touches.follow()
        for position in self._touches.new:
            if position not in self._baselines:
                self._baseline(position)

    def _restore(self, baselines: Mapping[Position, PackedBaseline]) -> None:
        self._touches.look_anew(baselines)
        for position, packed in baselines.items():
            self._baselines.set(position, packed)

    def _baseline(self, position: Position) -> Baseline:
        """The baseline of a slice; of one that nobody has written, zeros."""
        return self._baselines.of(position, partial(self._zeros, position))

    def _baseline_to_change(self, position: Position) -> Baseline:
        return self._baselines.to_change(position, partial(self._zeros, position))

    def _packed(self, position: Position) -> PackedBaseline:
        if position not in self._baselines:
            self._baseline(position)
        return self._baselines.packed(position)

    def _zeros(self, position: Position) -> Labels:
        return np.zeros_like(self.labels(position))

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
