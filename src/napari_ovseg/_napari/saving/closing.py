"""What becomes of work that is not saved when the window, the panel or the program ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from qtpy.QtCore import QCoreApplication, QEvent, QObject, Signal
from qtpy.QtWidgets import QMessageBox, QWidget

from napari_ovseg._napari.saving.autosave import Autosave

Answer = Literal["retry", "elsewhere", "close", "stay"]
WhenNotSaved = Literal["save", "lose", "stay"]


class NotSavedDialog(QMessageBox):
    """Asks whether to save the work on some pictures, of which a person has not saved all."""

    def __init__(self, pictures: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setIcon(QMessageBox.Icon.Question)
        self.setWindowTitle("Work that is not saved")
        *others, last = pictures or ["this picture"]
        names = f"{', '.join(others)} and {last}" if others else last
        self.setText(f"Save the work on {names}?")
        self.setInformativeText("What was done since the last save is lost otherwise.")
        self.save = self.addButton("Save", QMessageBox.ButtonRole.AcceptRole)
        self.lose = self.addButton("Don't save", QMessageBox.ButtonRole.DestructiveRole)
        self.stay = self.addButton(QMessageBox.StandardButton.Cancel)
        self.setEscapeButton(self.stay)
        self.setDefaultButton(self.save)

    def answer(self) -> WhenNotSaved:
        """What was clicked; to stay, where the dialog was closed."""
        answers: dict[object, WhenNotSaved] = {self.save: "save", self.lose: "lose"}
        return answers.get(self.clickedButton(), "stay")


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

    Where nothing is saved by itself, that is asked first.

    Parameters
    ----------
    autosave : Autosave
    settle : callable
        Called first: the last moment to `touch`.
    ask : callable
        ``ask(why) -> Answer``; where it is "elsewhere", the folder has been changed already.
    ask_to_save : callable
        ``ask_to_save() -> WhenNotSaved``, asked where nothing is saved by itself.
    parent : QObject
        With which it ends.

    Signals
    -------
    closing()
        A watched window is about to be closed, or the program ends; napari may still ask whether to stay.
    """

    closing = Signal()

    def __init__(
        self,
        autosave: Autosave,
        settle: Callable[[], None],
        ask: Callable[[str], Answer],
        ask_to_save: Callable[[], WhenNotSaved],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._autosave, self._settle = autosave, settle
        self.ask, self.ask_to_save = ask, ask_to_save
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
            if isinstance(watched, QWidget) and watched.isVisible():
                # given up before, but somebody else has kept the window open, and so the work is still there
                self._given_up = -1
            if not self.close():
                event.ignore()
                return True
            self.closing.emit()
        return super().eventFilter(watched, event)

    def close(self) -> bool:
        """Save all, and ask as long as that fails; False when a person wants to stay."""
        self._settle()
        if self._waits and not self._is_given_up:
            wanted = self.ask_to_save()
            if wanted == "stay":
                return False
            if wanted == "lose":
                self._given_up = self._autosave.touches
        # a panel that is closed after its window does not ask once more
        while not self._is_given_up and not self._autosave.flush_all():
            answer = self.ask(self._autosave.why or "It is not known yet where it belongs.")
            if answer == "stay":
                return False
            if answer == "close":
                self._given_up = self._autosave.touches
        return True

    def close_panel(self) -> bool:
        """Save all before the panel is closed; False when something is not saved and must not be let go.

        Where nothing is saved by itself, a copy of the work is kept until the window is closed, which asks.
        """
        self._settle()
        if not self._waits or self._is_given_up:
            return self.close()
        self._autosave.flush()
        return False

    @property
    def _waits(self) -> bool:
        return not self._autosave.by_itself and self._autosave.unsaved

    @property
    def _is_given_up(self) -> bool:
        return self._autosave.touches == self._given_up

    def _quit(self) -> None:
        self._settle()
        # nobody can be asked any more
        if not self._is_given_up:
            self._autosave.flush_all()
        self.closing.emit()
