"""Suggesting names: asked for in the panel, found in the background, ticked, and added to the names box."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import ref

from qtpy.QtCore import QObject, Qt, Signal

from napari_ovseg._napari.jobs.engine import Engine
from napari_ovseg._napari.jobs.events import Failed, Finished, Progressed
from napari_ovseg._napari.jobs.run_request import RunRequests
from napari_ovseg._napari.jobs.runner import Runner
from napari_ovseg._napari.jobs.runs import report
from napari_ovseg._napari.jobs.suggest import Suggested, not_typed, suggest_steps
from napari_ovseg._napari.panel.form import Form
from napari_ovseg._napari.panel.suggest_dialog import SuggestDialog
from napari_ovseg.categories import Category
from napari_ovseg.errors import OvsegError
from napari_ovseg.models.registry import listed

if TYPE_CHECKING:
    from napari.layers import Image


class Suggesting(QObject):
    """One search for names at a time, in turn with runs and updates.

    Parameters
    ----------
    form : Form
        Its names box is what accepted names are added to.
    requests : RunRequests
    image : callable
        ``image() -> Image | None``: the picture that is chosen.
    runner : Runner
    engine : Engine, optional

    Signals
    -------
    started(model, device)
    progressed(stage, done, total, time_left)
    ended(message, is_error)
    """

    started = Signal(str, str)
    progressed = Signal(str, object, object, str)
    ended = Signal(str, bool)

    def __init__(
        self,
        form: Form,
        requests: RunRequests,
        image: Callable[[], Image | None],
        runner: Runner,
        engine: Engine | None = None,
    ) -> None:
        super().__init__()
        self._form, self._requests, self._image = form, requests, image
        self._runner, self._engine = runner, engine
        self._number = 0
        self.dialog: SuggestDialog | None = None
        form.suggest.clicked.connect(self.open)
        runner.happened.connect(self._on_event)
        runner.idle.connect(self._on_idle)

    def open(self) -> None:
        """Show the list, and fill it from the vocabulary that suits the model."""
        if self.dialog is None:
            card = listed(self._form.model_name())
            suggested = "everyday" if card is None else card.suggested
            self.dialog = dialog = SuggestDialog(suggested if isinstance(suggested, str) else "", self._form)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.asked.connect(self.start)
            dialog.cancelled.connect(self.stop)
            dialog.accepted_names.connect(self._add)
            dialog.finished.connect(lambda *_: self._closed(dialog))
            # a panel that is taken out of the window takes its dialog along, maybe after all else of it
            dialog.destroyed.connect(partial(_forget_where_alive, ref(self), dialog))
            dialog.show()
            self.start(dialog.vocabulary.currentData())
        else:
            self.dialog.raise_()

    def start(self, vocabulary: str) -> None:
        """Rank a vocabulary for the chosen picture, or say in one sentence why not."""
        dialog = self.dialog
        if dialog is None:
            return
        if self._runner.busy:
            dialog.show_message("Something else is running: wait for it or cancel it, then choose again.")
            return
        try:
            request = self._requests.gather_suggest(self._image(), vocabulary, self._runner.next_number())
        except OvsegError as error:
            dialog.show_message(str(error))
            return
        if request is None:
            dialog.show_message("The model was not used, since its licence was not accepted.")
            return
        dialog.show_message("")
        dialog.show_running(True)
        self._number = request.number
        self.started.emit(request.model, request.device)
        self._runner.start(request.number, partial(suggest_steps, request, self._engine))

    @property
    def searching(self) -> bool:
        """Whether a search is under way."""
        return bool(self._number)

    def stop(self) -> None:
        """Stop the search, if one is under way."""
        if self._number:
            self._end("Cancelled; no name was added.")
            self._runner.stop()

    def _on_event(self, event: Any) -> None:
        dialog = self.dialog
        if not self._number or event.number != self._number:
            return
        if isinstance(event, Progressed):
            self.progressed.emit(event.stage, event.done, event.total, "")
            if dialog is not None:
                dialog.show_progress(event.stage, event.done, event.total)
        elif isinstance(event, Suggested):
            if dialog is not None:
                dialog.show_suggestions(event.found.ranked)
                dialog.show_message(event.found.note)
        elif isinstance(event, Failed):
            self._end(event.message, error=True)
            if event.error is not None:
                report(event.error)
        elif isinstance(event, Finished):
            self._number = 0
            self.ended.emit("", False)

    def _end(self, message: str, error: bool = False) -> None:
        self._number = 0
        if self.dialog is not None:
            self.dialog.show_message(message)
        self.ended.emit(message, error)

    def _on_idle(self) -> None:
        # also where the panel's own Cancel ended the search
        self._number = 0
        if self.dialog is not None:
            self.dialog.show_running(False)

    def _closed(self, dialog: SuggestDialog) -> None:
        self._forget(dialog)
        self.stop()

    def _forget(self, dialog: SuggestDialog) -> None:
        # one that was closed is destroyed later, when another may be open
        if self.dialog is dialog:
            self.dialog = None

    def _add(self, ticked: list[Category]) -> None:
        """Add names below what is typed; nothing that is typed is changed."""
        names = self._form.names
        added = not_typed(names.toPlainText(), ticked)
        for category in added:
            names.appendPlainText(category.text)
        skipped = len(ticked) - len(added)
        said = f"Added {len(added)} to the names." if added else "Nothing was added."
        if skipped:
            said += f" {skipped} {'was' if skipped == 1 else 'were'} there already."
        if self.dialog is not None:
            self.dialog.show_message(said)


def _forget_where_alive(suggesting: ref[Suggesting], dialog: SuggestDialog, *_: object) -> None:
    alive = suggesting()
    if alive is not None:
        alive._forget(dialog)
