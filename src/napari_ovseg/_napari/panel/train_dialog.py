"""The window in which a model is trained: what is asked for, and how far it is; a view only."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QHideEvent, QShowEvent
from qtpy.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from napari_ovseg._napari.panel.loss_curve import LossCurve
from napari_ovseg._napari.panel.status_line import StatusLine
from napari_ovseg._napari.panel.theme_colours import PROBLEM, Tinted
from napari_ovseg._napari.panel.train_fields import TrainFields
from napari_ovseg._napari.panel.training_kinds import Plan, losses_in
from napari_ovseg._napari.panel.wrapped_text import WrappedText

_MEANWHILE = (
    "The panel can be used meanwhile; a run then takes longer, and so does this. It goes on when you close "
    "this window."
)


class TrainDialog(QDialog):
    """A training to choose, start, follow, stop and go on with, and its model to use.

    Signals
    -------
    asked(Plan)
        To start it, or to go on with it.
    stopped()
    used(str)
        The model, by its name.
    """

    asked = Signal(object)
    stopped = Signal()
    used = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Train a model")
        self.fields = TrainFields()
        self.status = StatusLine()
        self.curve = LossCurve()
        self.message = WrappedText()
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._tint = Tinted(self.message)
        self.left_out = QPlainTextEdit()
        self.left_out.setReadOnly(True)
        self.left_out.setAccessibleName("Pictures that were left out")
        self.left_out.setFixedHeight(5 * self.fontMetrics().lineSpacing())
        self.start = _button("Start", "Train the model.")
        self.stop = _button("Stop", "Stop the training; it can go on later from where it is.")
        self.use = _button("Use this model", "Choose it in the panel, for the next run.")
        self.close_button = _button("Close", "Close this window; a training goes on.")
        self._running = False
        # what the message is about
        self._said_of: Plan | None = None
        self._lay_out()
        self.fields.changed.connect(self._show_choices)
        self.fields.looked.connect(self._show_known)
        self.start.clicked.connect(self._ask)
        self.stop.clicked.connect(self._stop)
        self.use.clicked.connect(self._use)
        self.close_button.clicked.connect(self.close)
        self.left_out.hide()
        self.show_running(False)

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        for button in (self.start, self.stop):
            buttons.addWidget(button)
        buttons.addStretch(1)
        for button in (self.use, self.close_button):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addWidget(self.fields)
        layout.addWidget(self.status)
        layout.addWidget(self.curve, 1)
        layout.addWidget(self.message)
        layout.addWidget(self.left_out)
        layout.addLayout(buttons)
        self.setMinimumWidth(520)
        self.resize(580, 540)

    def show_running(self, running: bool) -> None:
        """Enable what makes sense now."""
        self._running = running
        self.fields.show_running(running)
        self.status.show_running(running)
        self.stop.setEnabled(running)
        if running:
            self.left_out.hide()
            self.show_message(_MEANWHILE)
        self._show_choices()

    def show_progress(
        self, stage: str, done: int, total: int, time_left: str, losses: Sequence[float]
    ) -> None:
        """Show how far a training is; without a total the bar is busy."""
        self.status.show_progress(stage, done, total, time_left)
        if losses:
            self.curve.show_losses(losses, total)

    def show_ended(self, message: str, skipped: Sequence[str] = (), *, error: bool = False) -> None:
        """Say what became of a training, and what was left out of it."""
        self.show_running(False)
        self.left_out.setPlainText("\n".join(skipped))
        self.left_out.setVisible(bool(skipped))
        self.show_message(message, error=error)
        self._said_of = self.fields.plan()
        self.fields.look()

    def show_message(self, text: str, *, error: bool = False) -> None:
        """Say one thing, in the place of the last."""
        self._tint.set(PROBLEM if error else None)
        self.message.say(text)
        self._make_room()

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802
        """Look again: much may have happened to the folders."""
        super().showEvent(event)
        self.fields.look(again=True)

    def hideEvent(self, event: QHideEvent | None) -> None:  # noqa: N802
        """Read no pictures for nobody."""
        super().hideEvent(event)
        self.fields.found.stop()

    def _show_known(self) -> None:
        """Show what is known of the training that is asked for."""
        plan = self.fields.plan()
        if plan != self._said_of:
            self.left_out.hide()
            self.show_message("")
        if plan is not None:
            known = losses_in(plan.output) if self.fields.standing.can in ("go on", "use") else []
            self.curve.show_losses(known, plan.steps)
        self._make_room()

    def _show_choices(self) -> None:
        """Enable what can be done now, and say what comes next."""
        can = self.fields.standing.can
        self.start.setText("Go on" if can == "go on" else "Start")
        self.start.setEnabled(self.fields.ready and not self._running)
        self.use.setEnabled(can == "use" and not self._running)
        self.status.show_next_step(self._next_step())

    def _next_step(self) -> str:
        fields = self.fields
        if fields.standing.can == "use":
            return "Use this model chooses it in the panel."
        if fields.ready:
            going_on = fields.standing.can == "go on"
            return "Go on continues the training." if going_on else "Start trains the model."
        if fields.pictures.folder() is None or fields.found.count == 0:
            return "Choose a folder of pictures."
        if fields.found.count is None:
            return ""
        return "" if fields.standing.can else "Choose a folder for the model."

    def _ask(self) -> None:
        # a path that was typed a moment ago may not be looked up yet
        self.fields.look()
        plan = self.fields.plan()
        if plan is not None and self.fields.ready:
            self.asked.emit(plan)

    def _stop(self) -> None:
        self.stop.setEnabled(False)
        self.show_message("Stopping: what is done is kept...")
        self.stopped.emit()

    def _use(self) -> None:
        plan = self.fields.plan()
        if plan is not None:
            self.used.emit(str(plan.output))
            self.close()

    def _make_room(self) -> None:
        """Grow to what is shown: Qt would squeeze the fields above a text of several lines instead."""
        layout = self.layout()
        if layout is not None:
            layout.activate()
            self.resize(self.width(), max(self.height(), layout.totalHeightForWidth(self.width())))


def _button(title: str, tip: str) -> QPushButton:
    button = QPushButton(title)
    button.setToolTip(tip)
    # Enter in a field starts nothing
    button.setAutoDefault(False)
    return button
