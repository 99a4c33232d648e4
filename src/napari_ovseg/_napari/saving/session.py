"""Which picture is being worked on: its layers if they are there, saved work if there is some, and saving."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_ovseg._napari.background import single_shot
from napari_ovseg._napari.layers.annotated import Annotated
from napari_ovseg._napari.layers.restore import restore
from napari_ovseg._napari.layers.shown import picture_key
from napari_ovseg._napari.outside import Outside
from napari_ovseg._napari.panel.resume import Resumed, ResumeOffer
from napari_ovseg._napari.saving.autosave import Autosave, Snapshot
from napari_ovseg._napari.saving.closing import Closing
from napari_ovseg._napari.saving.first_save import FirstSave
from napari_ovseg._napari.saving.latest import LatestWork, annotated_of
from napari_ovseg._napari.saving.on_disk import on_disk
from napari_ovseg._napari.saving.save_places import SavePlaces
from napari_ovseg._napari.saving.saved_choices import show_axes
from napari_ovseg._napari.saving.unsaved import UnsavedWork, go_on_with, leave
from napari_ovseg.annotation.annotation import Position
from napari_ovseg.errors import OvsegError

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

    from napari_ovseg._napari.annotating.annotator import Annotator
    from napari_ovseg._napari.layers.source import LayerSource
    from napari_ovseg._napari.panel.save_row import SaveRow

# A network drive that does not answer must not keep the window open for ever.
_MOST_SECONDS_TO_WAIT = 10.0
# So long a picture has to stay in its layer before saved work on it is looked for.
_CALM_MS = 300


class Session(QObject):
    """Turns the annotator to the picture that is chosen, offers to resume saved work, and saves.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    annotator : Annotator
    offer : ResumeOffer
    row : SaveRow
    source : callable
        ``source(image) -> LayerSource``: how the picture is read now; may raise InputError.

    Signals
    -------
    said(message, is_error)
    resuming(choices)
        Saved work is about to be shown, that was made with these settings, see `choices.choices_of`.
    resumed()
    """

    said = Signal(str, bool)
    resuming = Signal(dict)
    resumed = Signal()

    def __init__(
        self,
        viewer: ViewerModel,
        annotator: Annotator,
        offer: ResumeOffer,
        row: SaveRow,
        source: Callable[[Image], LayerSource],
    ) -> None:
        super().__init__(row)
        self.viewer, self.annotator, self.offer, self.row = viewer, annotator, offer, row
        self._source = source
        self._image: Image | None = None
        known = on_disk(viewer)
        self.places = SavePlaces(offer, row, self, known.found)
        self._written: Annotated | None = None
        self._latest = LatestWork(self.places, known)
        self.autosave = Autosave(
            self._snapshot,
            lambda: annotator.current,
            lambda annotated: self.places.of(annotated.image, annotated.key),
            self.said.emit,
            self,
            known,
        )
        go_on_with(viewer)
        self.unsaved = UnsavedWork(self.autosave, row, lambda: annotator.current, self)
        unsaved = self.unsaved
        self.closing = Closing(self.autosave, self._settle, unsaved.ask, unsaved.ask_to_save, self)
        self._calm = single_shot(self, self._look_up_shown)
        self._connect()
        window = getattr(viewer, "window", None)
        if window is not None:
            self.closing.watch(window._qt_window)

    def _connect(self) -> None:
        autosave, row = self.autosave, self.row
        self.places.said.connect(self.said)
        self.places.looked_up.connect(self._looked)
        self.places.moved.connect(self._folder_chosen)
        self.offer.accepted.connect(self._resume)
        self.annotator.changed.connect(self._changed)
        autosave.saved.connect(row.show_saved)
        autosave.saved.connect(self.places.keep_in_mind)
        first = FirstSave(row, lambda: self.places.elsewhere, lambda: autosave.by_itself)
        autosave.saved.connect(first.tell)
        autosave.problem.connect(row.show_problem)
        self.unsaved.said.connect(self.said)
        row.save_requested.connect(self.save)
        # what was painted a moment ago goes out too; no need to wait for the disk
        row.export_requested.connect(self.annotator.settle)
        outside = Outside(self)
        outside.hear(self.viewer.layers.events.removing, self._before_removal)
        outside.hear(self.viewer.layers.events.removed, lambda event: self._forget(event.value))

    def turn_to(self, image: Image | None, model: str | None = None) -> None:
        """Work on this picture from now on."""
        if image is self._image:
            return
        self.flush()
        self._image = image
        self.offer.clear()
        self.row.show_saved(None)
        known = None if image is None else annotated_of(self.viewer, image)
        if known is not None:
            self.annotator.show(known)
        else:
            self.annotator.leave()
        self.unsaved.show()
        if image is not None and (known is None or known.key not in self.places.found):
            self.places.look_up(image, model)

    def leave(self, image: Image) -> None:
        """Save the work on the picture of a layer, of which the data are another picture's by now."""
        current = self.annotator.current
        if current is not None and current.image is image:
            self.annotator.settle()
            if current.worth_saving and current.key not in self.places.found:
                self.places.look_up(image)
            self.flush()

    def show_other(self, image: Image) -> None:
        """Go on with the other picture that a layer shows now: with its work, if that is in the viewer."""
        if image is not self._image:
            return
        self._image = None
        if annotated_of(self.viewer, image) is not None:
            self.turn_to(image)
            return
        self._image = image
        self.offer.clear()
        self.row.show_saved(None)
        self.annotator.leave()
        self.unsaved.show()
        # a camera may show the next one in a moment
        self._calm.start(_CALM_MS)

    def _look_up_shown(self) -> None:
        image = self._image
        if image is not None and picture_key(image) not in self.places.found:
            self.places.look_up(image)

    def flush(self) -> None:
        """Save what is not saved yet, also what was painted a moment ago."""
        self.annotator.settle()
        self.autosave.flush()

    def save(self) -> None:
        """Save what a person asks to save: all that is not saved, and the work in view whoever made it."""
        self.annotator.settle()
        current = self.annotator.current
        if current is not None:
            current.worth_saving = True
            self._latest.take(current)
            self._look_up_place_of(current)
            self.autosave.touch()
        if self.autosave.save():
            self.unsaved.asked_for = True
        else:
            self.said.emit("There is nothing to save yet: press Run, or paint.", False)

    def _before_removal(self, event: Any) -> None:
        """Save or copy work while its layers are still there."""
        current = self.annotator.current
        layer = event.source[event.index]
        own = current is not None and layer in (
            current.image,
            current.masks.layer,
            current.pseudo_labels.layer,
        )
        if own or self.autosave.by_itself:
            self.flush()

    def _forget(self, layer: Any) -> None:
        self.places.forget(layer)
        if self._latest.forget(layer):
            self._written = None

    def close(self) -> None:
        """Save all before the panel is gone, and ask what to do where that fails."""
        # what is still not saved is tried on, and asked for once more when the window is closed
        if not self.closing.close_panel():
            leave(self.viewer, self, self.autosave)
            self.unsaved.tell_of_closed()

    def _settle(self) -> None:
        self.annotator.settle()
        # work on a picture that was just opened belongs somewhere too
        if self.autosave.unsaved:
            if self.annotator.current is not None:
                self._look_up_place_of(self.annotator.current)
            self.offer.wait(_MOST_SECONDS_TO_WAIT)

    def _look_up_place_of(self, current: Annotated) -> None:
        if current.key not in self.places.found:
            self.places.look_up(current.image)

    def _looked(self, image: Image) -> None:
        current = self.annotator.current
        if current is not None and current.image is image:
            self._latest.take(current)
        if image is not self._image:
            return
        if annotated_of(self.viewer, image) is not None:
            self.offer.withdraw()
        else:
            self.places.look_up(image)

    def _resume(self, resumed: Resumed) -> None:
        image = self._image
        if image is None:
            return
        self.resuming.emit(resumed.found.choices)
        show_axes(self.viewer.dims, image, resumed.found.choices)
        try:
            source = self._source(image)
            annotated = restore(self.viewer, image, source, resumed.annotation, resumed.digests)
        except OvsegError as error:
            self.offer.offer_again(resumed.found, str(error))
            return
        annotated.worth_saving = True
        self.autosave.adopt(resumed.found.place, resumed.sidecar)
        self._latest.adopt(annotated)
        annotated.mark_saved()
        self.annotator.show(annotated)
        self.row.show_saved(resumed.sidecar.folder)
        self.resumed.emit()
        self.said.emit(f"Resumed the work on '{image.name}'.", False)

    def _changed(self) -> None:
        current = self.annotator.current
        if current is None:
            return
        self.offer.withdraw()
        # what only the machine made is made again in no time; no folder is cluttered with it
        if not current.worth_saving:
            at = self.annotator.position
            places = current.touched() | (set() if at is None else {at})
            current.worth_saving = any(map(current.has_corrections, places))
        if current.worth_saving:
            self._latest.take(current)
            # turning a page is no change that a person would have to save
            if self.autosave.by_itself or current.has_news:
                self.autosave.touch()

    def _snapshot(self, again: set[Position] | None) -> Snapshot | None:
        current = self.annotator.current
        if current is None or not current.worth_saving:
            return None
        # other layers: nothing that is on the disk is taken for what is here
        whole = again is None or current is not self._written
        current.unsaved |= again or set()
        annotation = current.snapshot(whole=whole)
        self._written = current
        changed = None if whole else current.unsaved
        current.mark_saved()
        return annotation, changed

    def _folder_chosen(self) -> None:
        image = self._image
        if image is not None and picture_key(image) not in self.places.found:
            self.places.look_up(image)
        if self.annotator.current is not None and self.annotator.current.worth_saving:
            self.autosave.touch()
