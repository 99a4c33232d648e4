"""Saving when the window, the panel or the program ends, and asking what to do where that fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from qtpy.QtCore import QCoreApplication, QEvent, QObject, Signal
from qtpy.QtWidgets import QMessageBox, QWidget

from napari_ovseg._napari.autosave import Autosave

Answer = Literal["retry", "elsewhere", "close", "stay"]


class UnsavedDialog(QMessageBox):
    """Says why work is not saved, and offers to try again, to save elsewhere, or to lose it."""

    def __init__(self, why: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setIcon(QMessageBox.Icon.Warning)
        self.setWindowTitle("Your work is not saved")
        self.setText(f"Your work is not saved. {why}")
        self.retry = self.addButton("Try again", QMessageBox.ButtonRole.AcceptRole)
        self.elsewhere = self.addButton("Save to another folder...", QMessageBox.ButtonRole.ActionRole)
        self.close_anyway = self.addButton("Close and lose it", QMessageBox.ButtonRole.DestructiveRole)
        self.stay = self.addButton(QMessageBox.StandardButton.Cancel)
        self.setEscapeButton(self.stay)
        self.setDefaultButton(self.retry)

    def answer(self) -> Answer:
        """What was clicked; to stay, where the dialog was closed."""
        answers: dict[object, Answer] = {
            self.retry: "retry",
            self.elsewhere: "elsewhere",
            self.close_anyway: "close",
        }
        return answers.get(self.clickedButton(), "stay")


class Closing(QObject):
    """Saves everything before a watched window is closed, and keeps it open if a person wants so.

    Parameters
    ----------
    autosave : Autosave
    settle : callable
        Called first: the last moment to `touch`.
    ask : callable
        ``ask(why) -> Answer``; where it is "elsewhere", the folder has been changed already.
    parent : QObject
        With which it ends.

    Signals
    -------
    closing()
        A watched window is about to be closed, or the program ends; napari may still ask whether to stay.
    """

    closing = Signal()

    def __init__(
        self, autosave: Autosave, settle: Callable[[], None], ask: Callable[[str], Answer], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._autosave, self._settle, self.ask = autosave, settle, ask
        self._given_up = -1
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self._quit)

    def watch(self, window: QWidget) -> None:
        """Save when this window is closed."""
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """See a watched window being closed, while its layers are still there."""
        if event is not None and event.type() == QEvent.Type.Close:
            if not self.close():
                event.ignore()
                return True
            self.closing.emit()
        return super().eventFilter(watched, event)

    def close(self) -> bool:
        """Save all, and ask as long as that fails; False when a person wants to stay."""
        self._settle()
        while not self._autosave.flush_all():
            # a panel that is closed after its window does not ask once more
            if self._autosave.touches == self._given_up:
                return True
            answer = self.ask(self._autosave.why or "It is not known yet where it belongs.")
            if answer == "stay":
                return False
            if answer == "close":
                self._given_up = self._autosave.touches
        return True

    def _quit(self) -> None:
        self._settle()
        self._autosave.flush_all()
        self.closing.emit()
