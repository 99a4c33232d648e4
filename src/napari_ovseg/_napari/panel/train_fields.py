"""What a training is asked for by: pictures, teacher, steps, a folder for the model; a view only."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QPushButton, QSpinBox, QWidget

from napari_ovseg._napari.background import single_shot
from napari_ovseg._napari.panel.choice_box import ChoiceBox
from napari_ovseg._napari.panel.folder_row import FolderRow
from napari_ovseg._napari.panel.pictures_found import PicturesFound
from napari_ovseg._napari.panel.theme_colours import QUIET, Tinted
from napari_ovseg._napari.panel.training_kinds import KINDS, Kind, Plan, Standing, free_folder
from napari_ovseg._napari.panel.wrapped_text import WrappedText

# who types a path has no use for what its beginnings hold
_PAUSE_MS = 400
_PICTURES = "The folder of pictures to learn from, all of one kind."
_OUTPUT = "The folder for the model; it is made if it isn't there. Nothing else in it is ever replaced."
_TEACHER = "The model to learn from; any other open_clip name of a vision transformer can be typed."
_STEPS = "Of the training; more take longer."
_NOTHING = Standing("", "")


class TrainFields(QWidget):
    """The fields, and what is found in the two folders.

    Signals
    -------
    changed()
        What is asked for, or what is known of the folders.
    looked()
        `standing` is that of what is asked for.
    """

    changed = Signal()
    looked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.kind = QComboBox()
        for kind in KINDS:
            self.kind.addItem(kind.title, kind)
        self.what = WrappedText()
        Tinted(self.what).set(QUIET)
        self.pictures = FolderRow("Folder of pictures", _PICTURES)
        self.found = PicturesFound()
        self.teacher = ChoiceBox(_TEACHER)
        self.teacher.setEditable(True)
        self.teacher.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.steps = QSpinBox()
        self.steps.setRange(1, 1_000_000)
        self.steps.setToolTip(_STEPS)
        self.output = FolderRow("Folder for the model", _OUTPUT)
        self.there = WrappedText()
        self.take_begun = QPushButton("Take its choices")
        self.take_begun.setToolTip("Ask for what the training that is there was begun with.")
        self.take_begun.setAutoDefault(False)
        self.standing = _NOTHING
        """What the folder for the model holds, as seen from what is asked for."""
        self._by_hand = self._running = False
        self._pause = single_shot(self, self.look)
        self._pause.setInterval(_PAUSE_MS)
        self._lay_out()
        self._connect()
        self._choose_kind()

    def _lay_out(self) -> None:
        there = QHBoxLayout()
        there.addWidget(self.there, 1)
        there.addWidget(self.take_begun, 0, Qt.AlignmentFlag.AlignTop)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
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
            form.addRow(title, field)
        form.setRowVisible(self.kind, len(KINDS) > 1)

    def _connect(self) -> None:
        self.kind.currentIndexChanged.connect(lambda _index: self._choose_kind())
        for changed in (self.pictures.changed, self.output.changed):
            changed.connect(self._look_soon)
        self.teacher.currentTextChanged.connect(lambda _text: self._look_soon())
        self.steps.valueChanged.connect(lambda _steps: self._look_soon())
        self.output.by_hand.connect(self._take_hand)
        self.found.counted.connect(self.changed)
        self.take_begun.clicked.connect(self._take_begun)

    @property
    def ready(self) -> bool:
        """Whether a training can begin, or go on."""
        return bool(self.found.count) and self.standing.can in ("start", "go on")

    def plan(self) -> Plan | None:
        """What is asked for; None where a field is empty."""
        pictures, output = self.pictures.folder(), self.output.folder()
        typed = self.teacher.currentText().strip()
        index = self.teacher.findText(typed)
        teacher = self.teacher.itemData(index).name if index >= 0 else typed
        if pictures is None or output is None or not teacher:
            return None
        return Plan(self._kind(), pictures, teacher, output, self.steps.value())

    def show_plan(self, plan: Plan) -> None:
        """Ask for this."""
        self.kind.setCurrentIndex(max(0, self.kind.findData(plan.kind)))
        self.pictures.show_folder(plan.folder)
        self._show_teacher(plan.teacher)
        self.steps.setValue(plan.steps)
        self.output.show_folder(plan.output)
        suggested = f"{plan.folder.name}-{plan.kind.ending}"
        self._by_hand = plan.output.parent != plan.folder.parent or not plan.output.name.startswith(suggested)
        self.look()

    def show_running(self, running: bool) -> None:
        """Let nothing be changed while a model is trained."""
        self._running = running
        for field in (self.kind, self.pictures, self.teacher, self.steps, self.output):
            field.setEnabled(not running)
        if running:
            self.found.stop()
            self.standing = _NOTHING
            self.there.say("The model is being made there.")
            self.take_begun.hide()

    def look(self, *, again: bool = False) -> None:
        """Look what the folders hold, `again` at the pictures too; suggest one where none was chosen."""
        self._pause.stop()
        if self._running:
            return
        self.found.look(self.pictures.folder(), again=again)
        self._suggest()
        plan = self.plan()
        self.standing = _NOTHING if plan is None else plan.kind.standing(plan)
        self.there.say(self.standing.said)
        self.take_begun.setVisible(self.standing.begun is not None)
        self.looked.emit()
        self.changed.emit()

    def _look_soon(self) -> None:
        self.standing = _NOTHING
        self.changed.emit()
        self._pause.start()

    def _kind(self) -> Kind:
        kind: Kind = self.kind.currentData()
        return kind

    def _choose_kind(self) -> None:
        kind = self._kind()
        self.what.say(kind.what)
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
        if self.standing.begun is not None:
            self.show_plan(self.standing.begun)
