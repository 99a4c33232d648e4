"""What is said and asked about work that is not saved, also of panels that were closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from qtpy.QtCore import QObject, Signal

from napari_ovseg._napari.layers.annotated import Annotated
from napari_ovseg._napari.panel.long_words import shortened
from napari_ovseg._napari.saving.autosave import Autosave
from napari_ovseg._napari.saving.closing import Answer, NotSavedDialog, UnsavedDialog, WhenNotSaved

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_ovseg._napari.panel.save_row import SaveRow


class UnsavedWork(QObject):
    """Says in the panel which work waits to be saved, and asks what to do about it.

    Parameters
    ----------
    autosave : Autosave
    row : SaveRow
    current : callable
        ``current() -> Annotated | None``: the work in view.
    parent : QObject

    Attributes
    ----------
    asked_for : bool
        Whether a person has asked to save, and waits to hear that it is done.

    Signals
    -------
    said(message, is_error)
    """

    said = Signal(str, bool)

    def __init__(
        self, autosave: Autosave, row: SaveRow, current: Callable[[], Annotated | None], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._autosave, self._row, self._current = autosave, row, current
        self.asked_for = False
        autosave.waiting.connect(self.show)

    def show(self) -> None:
        """Say which work waits to be saved, and that it is, once a person has asked for it."""
        self._row.show_waiting(self._pictures(), here=self._current() in self._autosave.waits)
        if self.asked_for and not self._autosave.unsaved:
            self.asked_for = False
            self.said.emit("All work in this window is saved.", False)

    def _pictures(self) -> list[str]:
        """The pictures of which work waits to be saved."""
        names = []
        for work in self._autosave.waits:
            earlier = "" if work.is_of(work.image) else " (an earlier picture)"
            names.append(f"'{shortened(work.image.name)}'{earlier}")
        return names

    def ask(self, why: str) -> Answer:
        """Ask what to do about work that can't be saved."""
        dialog = UnsavedDialog(why, self._row.window())
        dialog.exec()
        answer = dialog.answer()
        if answer == "elsewhere":
            self._row.choose_folder()
        return answer

    def ask_to_save(self) -> WhenNotSaved:
        """Ask whether to save what waits for it."""
        dialog = NotSavedDialog(self._pictures(), self._row.window())
        dialog.exec()
        return dialog.answer()

    def tell_of_closed(self) -> None:
        """Say what a panel that is closed leaves unsaved, where nothing is saved by itself."""
        from napari.utils.notifications import show_info

        if self._autosave.waits:
            show_info(
                f"The work on {' and '.join(self._pictures())} is not saved yet. It is kept: open the panel "
                "again and press Save, or close the window, which asks."
            )


# of closed panels
_left: WeakKeyDictionary[ViewerModel, list[tuple[QObject, Autosave]]] = WeakKeyDictionary()


def leave(viewer: ViewerModel, session: QObject, autosave: Autosave) -> None:
    """Let the session of a closed panel live on, and try to save what it could not."""
    _left.setdefault(viewer, []).append((session, autosave))


def go_on_with(viewer: ViewerModel) -> None:
    """Let a new session save what those of closed panels could not."""
    for _session, autosave in _left.pop(viewer, []):
        autosave.stop()
