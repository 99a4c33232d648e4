"""The window in which a model is trained: what from, where to, how far it is; a view only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QHideEvent, QShowEvent
from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_ovseg._napari.background import single_shot
from napari_ovseg._napari.panel.choice_box import ChoiceBox
from napari_ovseg._napari.panel.folder_row import FolderRow
from napari_ovseg._napari.panel.long_words import foldable
from napari_ovseg._napari.panel.loss_curve import LossCurve
from napari_ovseg._napari.panel.pictures_found import PicturesFound
from napari_ovseg._napari.panel.status_line import StatusLine
from napari_ovseg._napari.panel.theme_colours import PROBLEM, QUIET, Tinted
from napari_ovseg._napari.panel.training_kinds import KINDS, Kind, Plan, Standing, free_folder, losses_in

# who types a path has no use for what its beginnings hold
_PAUSE_MS = 400
_PICTURES = "The folder of pictures to learn from, all of one kind."
_OUTPUT = "The folder for the model; it is made if it isn't there. Nothing else in it is ever replaced."
_TEACHER = "The model to learn from; any other open_clip name of a vision transformer can be typed."
_STEPS = "Of the training, 8 pictures each. More take longer."
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
        self.kind = QComboBox()
        for kind in KINDS:
            self.kind.addItem(kind.title, kind)
        self.what = QLabel()
        self.pictures = FolderRow("Folder of pictures", _PICTURES)
        self.found = PicturesFound()
        self.teacher = ChoiceBox(_TEACHER)
        self.teacher.setEditable(True)
        self.teacher.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.steps = QSpinBox()
        self.steps.setRange(1, 1_000_000)
        self.steps.setToolTip(_STEPS)
        self.output = FolderRow("Folder for the model", _OUTPUT)
        self.standing = QLabel()
        self.take_begun = _button("Take its choices", "Show what the training that is there was begun with.")
        self.status = StatusLine()
        self.curve = LossCurve()
        self.message = QLabel()
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.left_out = QPlainTextEdit()
        self.left_out.setReadOnly(True)
        self.left_out.setAccessibleName("Pictures that were left out")
        self.left_out.setFixedHeight(5 * self.fontMetrics().lineSpacing())
        self.start = _button("Start", "Train the model.")
        self.stop = _button("Stop", "Stop the training; it can go on later from where it is.")
        self.use = _button("Use this model", "Choose it in the panel, for the next run.")
        self.close_button = _button("Close", "Close this window; a training goes on.")
        for text in (self.what, self.standing, self.message):
            text.setWordWrap(True)
            text.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        Tinted(self.what).set(QUIET)
        self._tint = Tinted(self.message)
        self._standing = Standing("", "")
        self._running = False
        self._by_hand = False
        # what the message is about
        self._said_of: Plan | None = None
        self._pause = single_shot(self, self.look)
        self._pause.setInterval(_PAUSE_MS)
        self._lay_out()
        self._connect()
        self._choose_kind()
        self.show_running(False)

    def _lay_out(self) -> None:
        there = QHBoxLayout()
        there.addWidget(self.standing, 1)
        there.addWidget(self.take_begun, 0, Qt.AlignmentFlag.AlignTop)
        self.fields = QFormLayout()
        self.fields.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows: tuple[tuple[str, Any], ...] = (
            ("What", self.kind),
            ("", self.what),
            ("Pictures", self.pictures),
            ("", self.found),
            ("Teacher", self.teacher),
            ("Steps", self.steps),
            ("Model folder", self.output),
            ("", there),
        )
        for title, field in rows:
            self.fields.addRow(title, field)
        buttons = QHBoxLayout()
        for button in (self.start, self.stop):
            buttons.addWidget(button)
        buttons.addStretch(1)
        for button in (self.use, self.close_button):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addLayout(self.fields)
        layout.addWidget(self.status)
        layout.addWidget(self.curve, 1)
        layout.addWidget(self.message)
        layout.addWidget(self.left_out)
        layout.addLayout(buttons)
        self.fields.setRowVisible(self.kind, len(KINDS) > 1)
        self.setMinimumWidth(520)

    def _connect(self) -> None:
        self.kind.currentIndexChanged.connect(lambda _index: self._choose_kind())
        for changed in (self.pictures.changed, self.output.changed):
            changed.connect(self._look_soon)
        self.teacher.currentTextChanged.connect(lambda _text: self._look_soon())
        self.steps.valueChanged.connect(lambda _steps: self._look_soon())
        self.output.by_hand.connect(self._take_hand)
        self.found.counted.connect(self._show_choices)
        self.take_begun.clicked.connect(self._take_begun)
        self.start.clicked.connect(self._ask)
        self.stop.clicked.connect(self._stop)
        self.use.clicked.connect(self._use)
        self.close_button.clicked.connect(self.close)

    def chosen_kind(self) -> Kind:
        """The kind of training that is chosen."""
        kind: Kind = self.kind.currentData()
        return kind

    def plan(self) -> Plan | None:
        """What the fields ask for; None where one is empty."""
        pictures, output = self.pictures.folder(), self.output.folder()
        typed = self.teacher.currentText().strip()
        index = self.teacher.findText(typed)
        teacher = self.teacher.itemData(index).name if index >= 0 else typed
        if pictures is None or output is None or not teacher:
            return None
        return Plan(self.chosen_kind(), pictures, teacher, output, self.steps.value())

    def show_plan(self, plan: Plan) -> None:
        """Fill the fields in."""
        self.kind.setCurrentIndex(max(0, self.kind.findData(plan.kind)))
        self.pictures.show_folder(plan.folder)
        self._show_teacher(plan.teacher)
        self.steps.setValue(plan.steps)
        self.output.show_folder(plan.output)
        suggested = f"{plan.folder.name}-{plan.kind.ending}"
        self._by_hand = plan.output.parent != plan.folder.parent or not plan.output.name.startswith(suggested)
        self.look()

    def show_running(self, running: bool) -> None:
        """Enable what makes sense now."""
        self._running = running
        for field in (self.kind, self.pictures, self.teacher, self.steps, self.output):
            field.setEnabled(not running)
        self.status.show_running(running)
        if running:
            self.found.stop()
            self.standing.setText("The model is being made there.")
            self.left_out.hide()
            self.show_message(_MEANWHILE)
        self.stop.setEnabled(running)
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
        self._said_of = self.plan()
        self.look()

    def show_message(self, text: str, *, error: bool = False) -> None:
        """Say one thing, in the place of the last."""
        self._tint.set(PROBLEM if error else None)
        self.message.setText(foldable(text))
        self._make_room()

    def look(self) -> None:
        """Look what the folders hold, and suggest one for the model where nobody has chosen any."""
        self._pause.stop()
        if self._running:
            return
        self.found.look(self.pictures.folder())
        self._suggest()
        plan = self.plan()
        self._standing = Standing("", "") if plan is None else plan.kind.standing(plan)
        self.standing.setText(foldable(self._standing.said))
        if plan != self._said_of:
            self.left_out.hide()
            self.show_message("")
        if plan is not None:
            known = losses_in(plan.output) if self._standing.can in ("go on", "use") else []
            self.curve.show_losses(known, plan.steps)
        self._show_choices()
        self._make_room()

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802
        """Look again: much may have happened to the folders."""
        super().showEvent(event)
        if not self._running:
            self.found.look(self.pictures.folder(), again=True)
        self.look()

    def hideEvent(self, event: QHideEvent | None) -> None:  # noqa: N802
        """Read no pictures for nobody."""
        super().hideEvent(event)
        self.found.stop()

    def _look_soon(self) -> None:
        self._standing = Standing("", "")
        self._show_choices()
        self._pause.start()

    def _choose_kind(self) -> None:
        kind = self.chosen_kind()
        self.what.setText(kind.what)
        self.steps.setValue(kind.steps)
        self.teacher.clear()
        for choice in kind.teachers():
            self.teacher.offer(choice.title, choice, choice.note)
        self._look_soon()

    def _show_teacher(self, name: str) -> None:
        names = [self.teacher.itemData(row).name for row in range(self.teacher.count())]
        if name in names:
            self.teacher.setCurrentIndex(names.index(name))
        else:
            self.teacher.setEditText(name)

    def _suggest(self) -> None:
        """Suggest a folder for the model, unless a person has chosen one."""
        pictures = self.pictures.folder()
        if self._by_hand or pictures is None or not pictures.is_dir():
            return
        self.output.show_folder(pictures.parent)
        plan = self.plan()
        if plan is not None:
            self.output.show_folder(free_folder(plan.kind, pictures, plan.teacher, plan.steps))
        self._pause.stop()

    def _take_hand(self) -> None:
        # who empties the field wants a suggestion
        self._by_hand = bool(self.output.text.text().strip())

    def _take_begun(self) -> None:
        if self._standing.begun is not None:
            self.show_plan(self._standing.begun)

    def _show_choices(self) -> None:
        """Enable what can be done now, and say what comes next."""
        can, running = self._standing.can, self._running
        ready = bool(self.found.count) and can in ("start", "go on")
        self.start.setText("Go on" if can == "go on" else "Start")
        self.start.setEnabled(ready and not running)
        self.use.setEnabled(can == "use" and not running)
        self.take_begun.setVisible(self._standing.begun is not None and not running)
        self.status.show_next_step(self._next_step(ready))

    def _next_step(self, ready: bool) -> str:
        if self._standing.can == "use":
            return "Use this model chooses it in the panel."
        if ready:
            return f"{self.start.text()} when all is chosen."
        if not self.pictures.text.text().strip():
            return "Choose a folder of pictures."
        return "" if self._standing.can else "Choose a folder for the model."

    def _ask(self) -> None:
        # a path that was typed a moment ago may not be looked up yet
        self.look()
        plan = self.plan()
        if plan is not None and self._standing.can in ("start", "go on"):
            self.asked.emit(plan)

    def _stop(self) -> None:
        self.stop.setEnabled(False)
        self.show_message("Stopping: what is done is kept...")
        self.stopped.emit()

    def _use(self) -> None:
        plan = self.plan()
        if plan is not None:
            self.used.emit(str(plan.output))

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
