"""The tick list of suggested names: a view only, that starts nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_ovseg.categories import Category
from napari_ovseg.vocabularies import VOCABULARIES

if TYPE_CHECKING:
    from napari_ovseg.suggestions import Suggestion

A_FILE = "a file of names..."
KNOWN = "what the model knows"
MOST_SHOWN = 30
_HELP = (
    "The names of the list that the model finds likeliest, best first. The score ranks them; it is not the "
    "chance that a name is right. Tick what is in the picture."
)


class SuggestDialog(QDialog):
    """A vocabulary to choose, how far the search is, and names to tick.

    Signals
    -------
    asked(str)
        A vocabulary was chosen, by name or path.
    cancelled()
    accepted_names(list of Category)
    """

    asked = Signal(str)
    cancelled = Signal()
    accepted_names = Signal(list)

    def __init__(self, vocabulary: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Suggest names")
        self.vocabulary = QComboBox()
        for name, what in VOCABULARIES.items():
            self.vocabulary.addItem(name, name)
            self.vocabulary.setItemData(self.vocabulary.count() - 1, what, Qt.ItemDataRole.ToolTipRole)
        if vocabulary not in VOCABULARIES:
            self.vocabulary.insertItem(0, Path(vocabulary).name or KNOWN, vocabulary)
        self.vocabulary.addItem(A_FILE, None)
        self.vocabulary.setCurrentIndex(self.vocabulary.findData(vocabulary))
        self.cancel = QPushButton("Cancel")
        self.progress = QProgressBar()
        self.list = QTreeWidget()
        self.list.setColumnCount(2)
        self.list.setHeaderLabels(["Name", "Score"])
        self.list.setRootIsDecorated(False)
        self.list.setSelectionMode(QTreeWidget.SelectionMode.NoSelection)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        header = self.list.header()
        assert header is not None
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.list.setToolTip(_HELP)
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.add = QPushButton("Add ticked names")
        self.close_button = QPushButton("Close")
        self._lay_out()
        self.vocabulary.activated.connect(self._choose)
        self.cancel.clicked.connect(self.cancelled)
        self.add.clicked.connect(self._accept_ticked)
        self.close_button.clicked.connect(self.close)
        self._current = vocabulary
        self._boxes: list[tuple[QCheckBox, Category]] = []
        self.show_running(False)
        self._count_ticked()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(QLabel("From"))
        top.addWidget(self.vocabulary, 1)
        top.addWidget(self.cancel)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.add)
        buttons.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self.progress)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.message)
        layout.addLayout(buttons)
        self.resize(380, 520)

    def _choose(self) -> None:
        chosen = self.vocabulary.currentData()
        if chosen is None:
            chosen, _ = QFileDialog.getOpenFileName(
                self, "A file with one name per line", "", "Text (*.txt);;All files (*)"
            )
            if not chosen:
                self.vocabulary.setCurrentIndex(max(0, self.vocabulary.findData(self._current)))
                return
        self._current = chosen
        self.asked.emit(chosen)

    def show_running(self, running: bool) -> None:
        """Enable what makes sense now."""
        self.vocabulary.setEnabled(not running)
        self.cancel.setEnabled(running)
        self.progress.setVisible(running)
        self.show_progress("Starting", 0, 0)

    def show_progress(self, stage: str, done: int, total: int) -> None:
        """Show how far a stage is; without a total the bar is busy."""
        # bytes of a large download do not fit into the bar's integers
        self.progress.setRange(0, 1000 if total else 0)
        self.progress.setValue(1000 * done // total if total else 0)
        self.progress.setFormat(stage)

    def show_message(self, text: str) -> None:
        """Say one thing, in the place of the last."""
        self.message.setText(text)

    def show_suggestions(self, ranked: Sequence[Suggestion]) -> None:
        """List the best, none of them ticked."""
        self.list.clear()
        self._boxes = []
        for one in ranked[:MOST_SHOWN]:
            row = QTreeWidgetItem(["", f"{one.score:.2f}"])
            row.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.list.addTopLevelItem(row)
            # napari's themes hardly show the unticked box of an item
            box = QCheckBox(one.category.text.replace("&", "&&"))
            box.toggled.connect(self._count_ticked)
            self.list.setItemWidget(row, 0, box)
            self._boxes.append((box, one.category))
        self._count_ticked()

    @property
    def ticked(self) -> list[Category]:
        """What is ticked, in the order of the list."""
        return [category for box, category in self._boxes if box.isChecked()]

    def _count_ticked(self) -> None:
        count = len(self.ticked)
        self.add.setEnabled(count > 0)
        self.add.setText(
            f"Add {count} ticked name{'s' if count > 1 else ''}" if count else "Add ticked names"
        )

    def _accept_ticked(self) -> None:
        self.accepted_names.emit(self.ticked)
