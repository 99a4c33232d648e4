"""Updates of the picture under annotation: run in the background, shown when no stroke is painted."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_ovseg._napari.annotated import Annotated
from napari_ovseg._napari.events import CANCELLED, Failed, Progressed, with_what_is_kept
from napari_ovseg._napari.run import Engine
from napari_ovseg._napari.runner import Runner
from napari_ovseg._napari.update import SliceUpdate, Updated, UpdateRequest, update_steps
from napari_ovseg.annotation.neighbours import nearest
from napari_ovseg.annotation.reconcile import met
from napari_ovseg.categories import void_of
from napari_ovseg.errors import InputError

if TYPE_CHECKING:
    from napari_ovseg.annotation.annotation import Position

# What an update has learnt of a slice is large; that of the latest few is kept.
_MOST_LEARNERS = 4


class Updates(QObject):
    """Runs updates, one at a time.

    Signals
    -------
    shown()
        Masks have changed.
    said(message, is_error)
    progressed(stage, done, total)
    """

    shown = Signal()
    said = Signal(str, bool)
    progressed = Signal(str, object, object)

    def __init__(self, runner: Runner, engine: Engine | None = None) -> None:
        super().__init__()
        self._runner, self._engine = runner, engine
        self._annotated: Annotated | None = None
        self._number = 0
        self._slices = self._shown = 0
        self._learners: dict[Position, Any] = {}
        self._learnt: dict[Position, np.ndarray] = {}
        runner.happened.connect(self._on_event)

    def turn_to(self, annotated: Annotated | None) -> None:
        """Update this picture from now on."""
        if annotated is not self._annotated:
            self._annotated = annotated
            self._learnt = {}
            self.forget()

    def forget(self) -> None:
        """Learn anew, since there are other categories or another result."""
        self._learners = {}

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
        learnt, human = self._learnt.get(position), annotated.human_pixels(position)
        return bool((human != (void_of(human) if learnt is None else learnt)).any())

    def start(self, positions: list[Position], *, guided: bool) -> None:
        """Update slices, or raise InputError that says why not."""
        annotated = self._annotated
        if self._runner.busy or annotated is None:
            return
        slices = tuple(self._slice_update(annotated, at, guided) for at in _ready(annotated, positions))
        request = UpdateRequest(self._runner.next_number(), slices, annotated.table.locked)
        self._number, self._slices, self._shown = request.number, len(slices), 0
        self._runner.start(request.number, partial(update_steps, request, self._engine))

    def stop(self) -> str:
        """End the update, and say what of it stays."""
        self._runner.stop()
        return with_what_is_kept(CANCELLED, self._shown, self._slices)

    def _slice_update(self, annotated: Annotated, at: Position, guided: bool) -> SliceUpdate:
        neighbours: list[Position] = []
        if guided:
            corrected = [p for p in annotated.sources if p != at and annotated.has_corrections(p)]
            neighbours = nearest(at, corrected)
        return SliceUpdate(
            annotated.sources[at],
            annotated.slice(at),
            known=annotated.table.ids,
            neighbours=tuple((annotated.sources[p], annotated.human_pixels(p)) for p in neighbours),
            learner=self._learners.get(at),
        )

    def _on_event(self, event: Any) -> None:
        if event.number != self._number:
            return
        if isinstance(event, Updated):
            self._show(event)
        elif isinstance(event, Progressed):
            self.progressed.emit(event.told(self._slices), event.done, event.total)
        elif isinstance(event, Failed):
            self.said.emit(
                with_what_is_kept(event.message, self._shown, self._slices), event.error is not None
            )

    def _show(self, event: Updated) -> None:
        annotated, at = self._annotated, event.source.placement.position
        if annotated is None or annotated.sources.get(at) is not event.source:
            return
        now = annotated.slice(at)
        if now.done:
            return
        if not set(np.unique(event.piece.masks).tolist()) <= {0, void_of(now.masks), *annotated.table.ids}:
            self.said.emit("Categories were merged or deleted meanwhile: update again.", False)
            return
        self.remember(at, event.learner)
        self._learnt[at] = event.piece.human
        # strokes that came while the update was running are kept too, and so is what was locked
        masks = met(event.piece, now, annotated.table.locked).masks
        annotated.write_masks({at: replace(now, masks=masks, confidence=event.piece.confidence)})
        self._shown += 1
        self.shown.emit()


def _ready(annotated: Annotated, positions: list[Position]) -> list[Position]:
    """The slices of these that can be updated; raises InputError when there are none."""
    seen = [at for at in positions if at in annotated.pieces]
    open_ = [at for at in seen if not annotated.pieces[at].done]
    ready = [at for at in open_ if annotated.pieces[at].state is not None and at in annotated.sources]
    what = "slice" if annotated.masks.placement.stack_axes else "picture"
    if not ready and seen and not open_:
        raise InputError(f"This {what} is set to done: untick 'done' to update it.")
    if not ready:
        raise InputError(f"The model has not looked at this {what} yet: press Run first.")
    return ready
