"""The loop of correction: follows what is painted, does what the table asks for, and runs updates."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_ovseg._napari.annotating import table_edits
from napari_ovseg._napari.annotating.shown_slice import ShownSlice
from napari_ovseg._napari.annotating.slice_in_view import position_in_view
from napari_ovseg._napari.annotating.stroke_notes import stroke_note
from napari_ovseg._napari.annotating.table_requests import TableRequests
from napari_ovseg._napari.annotating.uncertain_places import UncertainPlaces
from napari_ovseg._napari.background import single_shot
from napari_ovseg._napari.jobs.engine import Engine
from napari_ovseg._napari.jobs.runner import Runner
from napari_ovseg._napari.jobs.update_requests import UpdateRequests
from napari_ovseg._napari.jobs.updates import Updates
from napari_ovseg._napari.layers.annotated import Annotated
from napari_ovseg._napari.outside import Outside
from napari_ovseg.annotation.labelled_pictures import slice_called

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_ovseg._napari.panel.category_table import CategoryTable
    from napari_ovseg._napari.panel.correct_controls import CorrectControls
    from napari_ovseg.annotation.annotation import Position
    from napari_ovseg.labelled import NamedLabel

# Long enough not to count pixels during a brush stroke.
_SETTLE_MS = 300
# What is painted without a pause is looked at, and saved, after this time all the same.
_MOST_UNSETTLED_S = 1.0


class Annotator(QObject):
    """Keeps table, layers and updates of the picture under annotation in step.

    Signals
    -------
    changed()
        There is something to save.
    names_changed(labels)
        The table has other names; these are the categories that it had.
    find_requested()
        Categories were added that the model has not looked for.
    said(message)
    refused(message)
        Why what was asked for can't be done.
    failed(message)
        Why an update has failed.
    accepted()
        What was asked for last could be done: an earlier refusal is of no interest any more.
    """

    changed = Signal()
    names_changed = Signal(object)
    find_requested = Signal()
    said = Signal(str)
    refused = Signal(str)
    failed = Signal(str)
    accepted = Signal()

    def __init__(
        self,
        viewer: ViewerModel,
        table: CategoryTable,
        controls: CorrectControls,
        runner: Runner,
        engine: Engine | None = None,
    ) -> None:
        super().__init__()
        self.viewer, self.table, self.controls = viewer, table, controls
        self.current: Annotated | None = None
        self.requests = TableRequests(viewer, table, lambda: self.current)
        self._runner = runner
        self.updates = Updates(runner, engine)
        self._settle = single_shot(self, self._settled)
        self._settle.setInterval(_SETTLE_MS)
        self._unsettled_since = 0.0
        self._labels: tuple[NamedLabel, ...] = ()
        self._told_unseen = False
        self.update_requests = UpdateRequests(
            self.updates, runner, lambda: (self.current, self.position), controls.live.isChecked, controls
        )
        self._places = UncertainPlaces(viewer, self)
        self._shown = ShownSlice(viewer, table, controls)
        self._connect()

    def _connect(self) -> None:
        requests, controls = self.requests, self.controls
        requests.edited.connect(self._edited)
        requests.accepted.connect(self.accepted)
        requests.refused.connect(self.refused)
        requests.find_requested.connect(self.find_requested)
        controls.next_uncertain.clicked.connect(lambda: self.go_to_next_uncertain_place())
        controls.confidence.toggled.connect(self._show_confidence)
        controls.done.toggled.connect(self._set_done)
        self.updates.said.connect(
            lambda message, failed: (self.failed if failed else self.said).emit(message)
        )
        self.update_requests.said.connect(self.said)
        self.update_requests.refused.connect(self.refused)
        self.update_requests.started.connect(self.refresh_controls)
        self.updates.shown.connect(self._settle.start)
        outside = Outside(self)
        outside.hear(self.viewer.dims.events.current_step, self._slice_changed)
        # last, when all work is saved
        outside.at_end(self.leave)
        outside.at_end(self._shown.confidence.remove)
        outside.at_end(self._places.outline.remove)

    def show(self, annotated: Annotated) -> None:
        """Follow the layers of a picture from now on."""
        self._unfollow()
        self._places.turn_to(annotated)
        self.current, self._labels = annotated, annotated.table.labels
        self.updates.turn_to(annotated)
        for tracked in (annotated.masks, annotated.pseudo_labels):
            for event in _pixel_events(tracked.layer):
                event.connect(self._touched)
            tracked.layer.events.paint.connect(self._tell_of_stroke)
        for event in _brush_events(annotated.masks.layer):
            event.connect(self._show_brush)
        annotated.on_table_moved = self._table_moved
        annotated.on_told = self.said.emit
        self._fill()
        self.changed.emit()

    def forget(self, layer: Any) -> None:
        """Leave the picture if the masks that the table shows were removed."""
        if self.current is not None and layer is self.current.masks.layer:
            self.leave()

    def leave(self) -> None:
        """Follow no picture any more."""
        self._unfollow()
        self.table.empty()
        self.refresh_controls()

    @property
    def position(self) -> Position | None:
        """The slice in view, None where the slider is off the picture."""
        return None if self.current is None else position_in_view(self.current, self.viewer)

    def go_to_next_uncertain_place(self) -> None:
        """Move the view to the largest place that is unsure and was not visited yet."""
        if self.current is not None and self.position is not None:
            piece = self.current.pieces.get(self.position)
            what = "slice" if self.current.masks.placement.stack_axes else "picture"
            if piece is None or piece.confidence is None:
                self.refused.emit(f"The model has not looked at this {what} yet: press Run first.")
                return
            place = self._places.visit_next(self.current, self.position)
            self.said.emit(place or f"Nothing unsure is left in this {what} that you have not seen.")

    def _edited(self) -> None:
        self.updates.forget()
        self._fill()
        self._tell_names()
        self.changed.emit()

    def _tell_names(self) -> None:
        before = self._labels
        if self.current is not None:
            self._labels = self.current.table.labels
            self.names_changed.emit(before)

    def _table_moved(self) -> None:
        self.updates.forget()
        # the event that told of the undo is still being handled
        QTimer.singleShot(0, self._fill)
        QTimer.singleShot(0, self._tell_names)

    def _show_confidence(self, wanted: bool) -> None:
        if self.current is not None and self.position is not None:
            self._shown.confidence.show(self.current, self.position, wanted)

    def _set_done(self, done: bool) -> None:
        at = self.position
        if self.current is not None and at in self.current.pieces:
            piece = self.current.pieces[at]
            if piece.done != done:
                self.accepted.emit()
                self.current.pieces[at] = replace(piece, done=done)
                self.current.worth_saving = True
                self.changed.emit()

    def _unfollow(self) -> None:
        if self.current is not None:
            for tracked in (self.current.masks, self.current.pseudo_labels):
                for event in _pixel_events(tracked.layer):
                    event.disconnect(self._touched)
                tracked.layer.events.paint.disconnect(self._tell_of_stroke)
            for event in _brush_events(self.current.masks.layer):
                event.disconnect(self._show_brush)
            self.current.on_table_moved = lambda: None
            self.current.on_told = lambda message: None
        self.current = None
        self.updates.turn_to(None)
        self._settle.stop()
        self.update_requests.rest()

    def _touched(self, event: Any = None) -> None:
        if self.current is not None:
            # a script may have written into the slice in view
            anew = set() if self.position is None else {self.position}
            if getattr(event, "type", "") == "data":
                # a whole stack was put in the place of the pixels, and no history tells of what
                anew = {*self.current.masks.positions, *self.current.pseudo_labels.positions}
                self.current.unsaved |= set(self.current.masks.positions)
            for tracked in (self.current.masks, self.current.pseudo_labels):
                tracked.look_anew(anew)
            if not self._settle.isActive():
                self._unsettled_since = time.monotonic()
            # a person who paints on and on is not to lose it all
            if time.monotonic() - self._unsettled_since < _MOST_UNSETTLED_S:
                self._settle.start()

    def settle(self) -> None:
        """Look at what was painted and found last at once, and not after a moment."""
        self.updates.show_found()
        if self._settle.isActive():
            self._settle.stop()
            self._settled()

    def _settled(self) -> None:
        if self.current is None:
            return
        at = self.position
        if at is not None and table_edits.name_painted(self.current, at):
            self._tell_names()
            self._fill()
        there = self._shown.follow(self.current, at)
        if there:
            names = ", ".join(f"'{name}'" for name in there)
            self.said.emit(f"{names}: the model took it to be absent, and now it is in the masks.")
        self.refresh_controls()
        self.changed.emit()
        self.update_requests.update_soon()

    def _slice_changed(self, _event: Any = None) -> None:
        if self.current is not None and self.current.masks.placement.stack_axes:
            self._fill()
            self._tell_unseen()

    def _tell_unseen(self) -> None:
        """Say that a slice was never run, and take that back at one that was."""
        at, current = self.position, self.current
        unseen = current is not None and at is not None and not current.worked_on(at)
        if unseen and at is not None and not self._runner.busy:
            which = slice_called(at).capitalize()
            self.said.emit(f"{which} was never run: press Run, or paint. An export leaves it out.")
        elif self._told_unseen and not unseen:
            self.said.emit("")
        self._told_unseen = unseen

    def _fill(self) -> None:
        if self.current is not None:
            self._shown.fill(self.current, self.position)
            self.refresh_controls()

    def refresh_controls(self) -> None:
        """Enable what makes sense now."""
        self.controls.offer(corrections=self.current is not None, running=self._runner.busy)

    def _show_brush(self, _event: Any = None) -> None:
        if self.current is not None:
            self._shown.show_brush(self.current)

    def _tell_of_stroke(self, event: Any) -> None:
        """Say what becomes of a stroke on a done slice, or on what is locked."""
        current = self.current
        if current is not None:
            on_masks = event.source is current.masks.layer
            tracked = current.masks if on_masks else current.pseudo_labels
            note = stroke_note(current, tracked, event.value)
            self.accepted.emit()
            self._places.outline.hide()
            if note:
                self.said.emit(note)


def _pixel_events(layer: Any) -> tuple[Any, ...]:
    return (layer.events.paint, layer.events.set_data, layer.events.data)


def _brush_events(layer: Any) -> tuple[Any, ...]:
    return (layer.events.selected_label, layer.events.show_selected_label)
