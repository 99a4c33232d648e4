"""Updates of the picture under annotation: run in the background, shown when no stroke is painted."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_ovseg._napari.jobs.engine import Engine
from napari_ovseg._napari.jobs.events import (
    CANCELLED,
    Failed,
    Finished,
    Progressed,
    with_what_is_kept,
)
from napari_ovseg._napari.jobs.preparing import Preparing
from napari_ovseg._napari.jobs.runner import Runner
from napari_ovseg._napari.jobs.time_left import TimeLeft, spoken
from napari_ovseg._napari.jobs.update import SliceUpdate, Updated, UpdateRequest, update_steps
from napari_ovseg._napari.layers.annotated import Annotated
from napari_ovseg.annotation.annotation import SliceAnnotation
from napari_ovseg.annotation.news import is_news, learnt_from
from napari_ovseg.annotation.reconcile import met
from napari_ovseg.categories import Labels, count_ids, ids_in, void_of
from napari_ovseg.errors import InputError
from napari_ovseg.labelled import NamedLabel, slices_called

if TYPE_CHECKING:
    from napari_ovseg._napari.layers.source import LayerSource
    from napari_ovseg.annotation.annotation import Position

# What an update has learnt of a slice is large; that of the latest few is kept.
_MOST_LEARNERS = 4
# A category that gains or loses this share of the picture by one update is worth a second look.
_MUCH = 0.1


class Updates(QObject):
    """Runs updates, one at a time; all slices of one are shown together, as one undo step.

    Signals
    -------
    shown()
        Masks have changed.
    said(message, is_error)
    progressed(stage, done, total, time_left)
    told(str)
        What is got ready in the background, "" when nothing is.
    """

    shown = Signal()
    said = Signal(str, bool)
    progressed = Signal(str, object, object, str)
    told = Signal(str)

    def __init__(self, runner: Runner, engine: Engine | None = None) -> None:
        super().__init__()
        self._runner, self._engine = runner, engine
        self._annotated: Annotated | None = None
        self._number = 0
        self._slices: list[Position] = []
        self._shown = 0
        self._time_left = TimeLeft()
        self._found: list[Updated] = []
        self._learners: dict[Position, Any] = {}
        self._preparing = Preparing(self, engine)
        self._preparing.told.connect(self.told)
        self._preparing.done.connect(self._prepared)
        runner.happened.connect(self._on_event)
        runner.started.connect(self._on_started)

    def turn_to(self, annotated: Annotated | None) -> None:
        """Update this picture from now on."""
        if annotated is not self._annotated:
            self.show_found()
            self._annotated = annotated
            self.forget()

    def forget(self) -> None:
        """Learn anew, since there are other categories or another result."""
        self._learners = {}
        self._preparing.stop()

    def stop_preparing(self) -> None:
        """Learn nothing in the background any more."""
        self._preparing.stop()

    def prepare(self, at: Position) -> None:
        """Learn a slice in the background, since its first update is likely to be asked for soon."""
        annotated = self._annotated
        if annotated is None or self._runner.busy or at in self._learners or at not in annotated.sources:
            return
        piece = annotated.pieces.get(at)
        if piece is not None and piece.state is not None and not piece.done:
            self._preparing.start(self._slice_update(annotated, at))

    def _prepared(self, source: LayerSource, learner: Any) -> None:
        at = source.placement.position
        if self._annotated is not None and self._annotated.sources.get(at) is source:
            self.remember(at, learner)

    def _on_started(self, number: int) -> None:
        """A run finds everything anew; an update waits for what it needs."""
        if number != self._number:
            self._preparing.stop()

    def remember(self, position: Position, learner: Any) -> None:
        """Keep what was learnt of a slice for its next update; None: nothing, as its result is another."""
        others = [(at, known) for at, known in self._learners.items() if at != position]
        self._learners = dict(others[1 - _MOST_LEARNERS :])
        if learner is not None:
            self._learners[position] = learner

    def has_news(self, position: Position) -> bool:
        """Whether a person has painted since the last update of a slice."""
        annotated = self._annotated
        if annotated is None or position not in annotated.pieces:
            return False
        return is_news(annotated.digest(position), annotated.pieces[position].record)

    def with_news(self) -> list[Position]:
        """The slices in which a person has painted since their last update, and which can be updated."""
        annotated = self._annotated
        ready = [] if annotated is None else _updatable(annotated, sorted(annotated.pieces))
        return [at for at in ready if self.has_news(at)]

    def can_update(self, position: Position) -> bool:
        """Whether a slice was run, and is not done."""
        return self._annotated is not None and bool(_updatable(self._annotated, [position]))

    def start(self, positions: list[Position]) -> None:
        """Update slices, or raise InputError that says why not."""
        annotated = self._annotated
        if self._runner.busy or annotated is None:
            return
        slices = tuple(self._slice_update(annotated, at) for at in _ready(annotated, positions))
        if all(wanted.preparing is None for wanted in slices):
            # of another slice, for which nobody waits
            self._preparing.stop()
        request = UpdateRequest(self._runner.next_number(), slices, annotated.table.locked)
        self._number, self._shown = request.number, 0
        self._slices = [wanted.source.placement.position for wanted in slices]
        self._time_left.start(str(annotated.image.unique_id), len(slices))
        self._time_left.begin_slices()
        self._runner.start(request.number, partial(update_steps, request, self._engine))

    def stop(self) -> str:
        """End the update, and say what of it stays."""
        self._runner.stop()
        self.show_found()
        return with_what_is_kept(CANCELLED, self._shown, len(self._slices))

    def _slice_update(self, annotated: Annotated, at: Position) -> SliceUpdate:
        return SliceUpdate(
            annotated.sources[at],
            annotated.slice(at),
            known=annotated.table.ids,
            learner=self._learners.get(at),
            preparing=self._preparing.of(annotated.sources[at]),
        )

    def _on_event(self, event: Any) -> None:
        if event.number != self._number:
            return
        if isinstance(event, Updated):
            self._found.append(event)
            self._time_left.finish_slice()
        elif isinstance(event, Progressed):
            left = self._time_left.left(event.stage, event.done, event.total)
            self.progressed.emit(event.told(self._slices), event.done, event.total, spoken(left))
        elif isinstance(event, Finished):
            self.show_found()
        elif isinstance(event, Failed):
            self.show_found()
            self.said.emit(
                with_what_is_kept(event.message, self._shown, len(self._slices)), event.error is not None
            )

    def show_found(self) -> None:
        """Show the slices that are finished so far, as one undo step."""
        found, self._found = self._found, []
        annotated = self._annotated
        if annotated is None:
            return
        pieces = {event.source.placement.position: self._met(annotated, event) for event in found}
        ready = {at: piece for at, piece in pieces.items() if piece is not None}
        if not ready:
            return
        before = np.concatenate([annotated.masks.labels(at) for at in ready])
        annotated.write_masks(ready)
        self._shown += len(ready)
        self.shown.emit()
        after = np.concatenate([piece.masks for piece in ready.values()])
        self.said.emit(_what_moved(before, after, annotated.table.labels, list(ready)), False)

    def _met(self, annotated: Annotated, event: Updated) -> SliceAnnotation | None:
        """A slice as found, with what the person did to it meanwhile; None where that rules it out."""
        at = event.source.placement.position
        if annotated.sources.get(at) is not event.source:
            return None
        now = annotated.slice(at)
        if now.done:
            return None
        if not ids_in(event.piece.masks) <= {0, void_of(now.masks), *annotated.table.ids}:
            self.said.emit("Categories were merged or deleted meanwhile: update again.", False)
            return None
        self.remember(at, event.learner)
        # strokes that came while the update was running are kept too, and so is what was locked
        masks = met(event.piece, now, annotated.table.locked).masks
        record = now.record | learnt_from(event.piece.human)
        return replace(now, masks=masks, confidence=event.piece.confidence, record=record)


def _what_moved(
    before: Labels, after: Labels, labels: tuple[NamedLabel, ...], positions: list[Position]
) -> str:
    """What an update did to slices below each other, in numbers, and whether that may be a mistake."""
    changed = before != after
    count = int(changed.sum())
    updated = "Updated" if positions == [()] else f"Updated {slices_called(positions)}"
    if not count:
        return f"{updated}: no pixel changed."
    parts = len({*np.unique(before[changed]).tolist(), *np.unique(after[changed]).tolist()})
    said = f"{updated}: {count:,} {'pixel' if count == 1 else 'pixels'} changed in {parts} categories."
    counts = count_ids(before) / before.size, count_ids(after) / after.size
    shares = {label.name: (counts[0][label.id], counts[1][label.id]) for label in labels}
    moved = [f"'{name}' {a:.0%} -> {b:.0%}" for name, (a, b) in shares.items() if abs(b - a) >= _MUCH]
    if moved:
        said += f" That is much of the picture: {', '.join(moved)}. Ctrl+Z takes it back."
    return said


def _updatable(annotated: Annotated, positions: list[Position]) -> list[Position]:
    """Which of these slices were run, and are not done."""
    seen = [(at, annotated.pieces[at]) for at in positions if at in annotated.pieces]
    return [
        at for at, piece in seen if not piece.done and piece.state is not None and at in annotated.sources
    ]


def _ready(annotated: Annotated, positions: list[Position]) -> list[Position]:
    """The slices of these that can be updated; raises InputError when there are none."""
    seen = [at for at in positions if at in annotated.pieces]
    open_ = [at for at in seen if not annotated.pieces[at].done]
    ready = _updatable(annotated, positions)
    what = "slice" if annotated.masks.placement.stack_axes else "picture"
    if not ready and seen and not open_:
        raise InputError(f"This {what} is set to done: untick 'done' to update it.")
    if not ready:
        raise InputError(f"The model has not looked at this {what} yet: press Run first.")
    return ready
