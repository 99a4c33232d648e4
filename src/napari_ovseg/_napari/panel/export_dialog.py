"""The panel's export: a format, its choices and a folder, written in the background, with a summary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QStandardItemModel
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_ovseg._napari.background import Background
from napari_ovseg._napari.panel.thing_choices import ThingChoices
from napari_ovseg.annotation.annotation import Position
from napari_ovseg.errors import LossError, OvsegError
from napari_ovseg.export import FORMATS, Summary, export
from napari_ovseg.export.plan import Options
from napari_ovseg.file_names import as_text, resolved
from napari_ovseg.labelled import LabelledPicture, counted


@dataclass(frozen=True)
class Listed:
    """A picture, or a slice of a stack, that an export would write: a `LabelledPicture` without pixels."""

    name: str
    done: bool
    stack: str
    position: Position


class ExportDialog(QDialog):
    """Exports labelled pictures; stays open with the summary, so that another format can follow.

    Parameters
    ----------
    listed : callable
        ``listed(empty=False) -> list of Listed``: what there is to export. `empty` gives those slices too
        that nobody has worked on.
    pictures : callable
        ``pictures(empty=False) -> list of LabelledPicture``, in the same order, as they are now; the work on
        them may go on.
    folder : Path
        Offered first.
    stacks : bool
        Whether there are stacks, of which slices may have been left alone.
    before : Options, optional
        What counted as a thing last.

    Signals
    -------
    chosen(Options)
        What counts as a thing now.
    """

    chosen = Signal(object)

    def __init__(
        self,
        listed: Callable[..., Sequence[Listed]],
        pictures: Callable[..., list[LabelledPicture]],
        folder: Path,
        parent: QWidget | None = None,
        *,
        stacks: bool = False,
        before: Options | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export")
        self._list, self._take, self._stacks = listed, pictures, stacks
        self._listed = listed()
        self._background = Background(self)
        self.format = QComboBox()
        for name, chosen in FORMATS.items():
            self.format.addItem(chosen.title, name)
            if chosen.missing:
                self._disable(self.format.count() - 1, chosen.missing)
        self.only_done = QCheckBox("only what is set to done")
        self.empty = QCheckBox("slices too that were neither run nor painted")
        self.empty.setToolTip("As background all over. Tick it only if nothing is in them.")
        self.things = QCheckBox("things too, one id each")
        self.polygons = QCheckBox("polygons in place of run lengths (no holes)")
        self.validation = QSpinBox()
        self.validation.setRange(0, 90)
        self.validation.setSuffix(" %")
        self.validation.setToolTip("How many of the pictures are set apart for validation.")
        self.folder = QLineEdit(str(folder))
        self.place = QLabel()
        self.place.setWordWrap(True)
        self.folder.textChanged.connect(lambda _text: self._say_place())
        self.overwrite = QCheckBox("replace files of an earlier export")
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.summary.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.export = QPushButton("Export")
        self.buttons.addButton(self.export, QDialogButtonBox.ButtonRole.ActionRole)
        self.export.clicked.connect(self._start)
        self.buttons.rejected.connect(self.reject)
        self._lay_out(before or Options())
        self.format.currentIndexChanged.connect(self._show_choices)
        self.things.toggled.connect(self._show_choices)
        self.only_done.toggled.connect(self._say_what)
        self.empty.toggled.connect(self._list_again)
        self._say_place()
        self._show_choices()

    def _lay_out(self, before: Options) -> None:
        browse = QPushButton("Choose...")
        browse.clicked.connect(self._browse)
        row = QHBoxLayout()
        row.addWidget(self.folder, 1)
        row.addWidget(browse)
        self._fields = QFormLayout()
        self.what = QLabel()
        self.what.setWordWrap(True)
        self._fields.addRow("What", self.what)
        self._fields.addRow("Format", self.format)
        self._fields.addRow("", self.only_done)
        self._fields.addRow("", self.empty)
        self._fields.addRow("", self.things)
        self.choices = ThingChoices(self._fields, before)
        self._fields.addRow("", self.polygons)
        self._fields.addRow("For validation", self.validation)
        self._fields.addRow("Folder", row)
        self._fields.addRow("", self.place)
        self._fields.addRow("", self.overwrite)
        layout = QVBoxLayout(self)
        layout.addLayout(self._fields)
        layout.addWidget(self.summary, 1)
        layout.addWidget(self.buttons)
        self.setMinimumWidth(480)

    def _disable(self, row: int, why: str) -> None:
        """Show a format that can't be chosen, and why."""
        self.format.setItemText(row, f"{self.format.itemText(row)} (one more package is needed)")
        self.format.setItemData(row, why, Qt.ItemDataRole.ToolTipRole)
        model = self.format.model()
        if isinstance(model, QStandardItemModel) and (item := model.item(row)) is not None:
            item.setEnabled(False)

    def _show_choices(self) -> None:
        """Only what the format can take."""
        name = self.format.currentData()
        self._fields.setRowVisible(self.things, FORMATS[name].takes_things)
        self.choices.show(self._of_things())
        self._fields.setRowVisible(self.polygons, name == "coco")
        self._fields.setRowVisible(self.validation, len(self._listed) > 1)
        self._say_what()
        self._fields.setRowVisible(self.only_done, any(one.done for one in self._listed))
        self._fields.setRowVisible(self.empty, self._stacks)
        self._make_room()

    def _list_again(self) -> None:
        """List the pictures as they are now."""
        self._listed = self._list(empty=self.empty.isChecked())
        self._show_choices()

    def _say_what(self) -> None:
        """Say which pictures, and which slices of which stacks, will be written."""
        chosen = [one for one in self._listed if one.done or not self.only_done.isChecked()]
        flat = [f"'{one.name}'" for one in chosen if not one.position]
        self.what.setText(
            flat[0] if len(chosen) == len(flat) == 1 else counted(chosen) if chosen else "nothing"
        )

    def _of_things(self) -> bool:
        """Whether what counts as a thing matters to what is chosen."""
        chosen = FORMATS[self.format.currentData()]
        return chosen.instances or (chosen.takes_things and self.things.isChecked())

    def _place(self) -> Path:
        """The folder as it will be used: what is typed may start anywhere."""
        return resolved(self.folder.text().strip())

    def _say_place(self) -> None:
        """Say where a folder is that is typed without its beginning."""
        typed = self.folder.text().strip()
        place = as_text(self._place()) if typed else ""
        self._fields.setRowVisible(self.place, bool(typed) and place != typed)
        self.place.setText(f"That is {place}")
        self._make_room()

    def _browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "A folder for the export", self.folder.text())
        if chosen:
            self.folder.setText(chosen)

    def _start(self) -> None:
        # an empty path would mean the folder that napari was started in
        if not self.folder.text().strip():
            self._say("No folder is chosen: choose one for the export.")
            return
        self._list_again()
        name = self.format.currentData()
        options: dict[str, Any] = {}
        if self._of_things():
            options |= self.choices.arguments()
            self.chosen.emit(self.choices.options())
        if FORMATS[name].takes_things:
            options["things"] = self.things.isChecked()
        if name == "coco":
            options["polygons"] = self.polygons.isChecked()
        if len(self._listed) > 1:
            options["validation_share"] = self.validation.value() / 100
        taken = self._take(empty=self.empty.isChecked())
        chosen = [one for one in taken if one.done or not self.only_done.isChecked()]
        self.export.setEnabled(False)
        self._say("Writing...")
        work = partial(export, chosen, self._place(), name, overwrite=self.overwrite.isChecked(), **options)
        self._background.start(work, self._show_summary)

    def _show_summary(self, outcome: Future[Summary]) -> None:
        self.export.setEnabled(True)
        error = outcome.exception()
        if error is None:
            self._say(str(outcome.result()))
        elif isinstance(error, LossError):
            tick = f"tick '{self.overwrite.text()}', or " if error.replaceable else ""
            self._say(f"{error.problem}: {tick}choose another folder.")
        elif isinstance(error, OvsegError | ImportError):
            self._say(str(error))
        else:
            self._say(f"Something went wrong that should not ({type(error).__name__}: {error}).")

    def _say(self, text: str) -> None:
        self.summary.setText(text)
        self._make_room()

    def _make_room(self) -> None:
        """Grow to what is shown: Qt would squeeze the fields above a text of several lines instead."""
        layout = self.layout()
        if layout is not None:
            layout.activate()
            self.resize(self.width(), max(self.height(), layout.totalHeightForWidth(self.width())))
