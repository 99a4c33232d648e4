"""Where the work is saved, and the way out of the panel; a view only."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_ovseg._napari.theme_colours import PROBLEM, Tinted


class SaveRow(QWidget):
    """Says when and where work was saved, or why not; asks for another folder, for things, for an export.

    Signals
    -------
    folder_chosen(Path or None)
        All work is to be saved in this folder, or beside its pictures.
    export_requested()
    things_requested()
    """

    folder_chosen = Signal(object)
    export_requested = Signal()
    things_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.status = QLabel()
        self.status.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.folder = QPushButton("Save to")
        places = QMenu(self.folder)
        places.addAction("A folder for all pictures...", self.choose_folder)
        places.addAction("Beside each picture", lambda: self.folder_chosen.emit(None))
        self.folder.setMenu(places)
        self.things = QPushButton("Things...")
        self.things.setToolTip("Number the things in the masks and measure each: area, place, shape.")
        self.things.clicked.connect(self.things_requested)
        self.export = QPushButton("Export...")
        self.export.setToolTip("Write the masks for training, as PNG, TIFF, COCO, YOLO and others.")
        self.export.clicked.connect(self.export_requested)
        # the form has its place, above the buttons
        self.problem = QLabel(self)
        self.problem.setWordWrap(True)
        Tinted(self.problem).set(PROBLEM)
        self.problem.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row = QHBoxLayout()
        row.addWidget(self.status, 1)
        row.addWidget(self.folder)
        row.addWidget(self.things)
        row.addWidget(self.export)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        self._place, self._seconds = "", 1
        self.show_problem("")
        self.show_folder(None)
        self.show_saved(None)

    def show_saved(self, folder: Path | None) -> None:
        """Say that all work is in a folder now; None: that nothing was saved yet."""
        self.status.setText("" if folder is None else f"saved {datetime.now():%H:%M:%S}")
        self.status.setToolTip("Nothing was painted yet." if folder is None else str(folder))

    def show_problem(self, why: str) -> None:
        """Say that work is not saved, and why, until that is over, which is said with ""."""
        self.problem.setText(f"Your work is not saved. {why}" if why else "")
        self.problem.setVisible(bool(why))

    def show_folder(self, folder: Path | None) -> None:
        """Say where work goes."""
        self._place = "beside the picture" if folder is None else f"in {folder}"
        self._tell()

    def show_wait(self, seconds: int) -> None:
        """Say how long after a change it is saved."""
        self._seconds = seconds
        self._tell()

    def _tell(self) -> None:
        after = "a second" if self._seconds == 1 else f"{self._seconds} seconds"
        self.folder.setToolTip(
            f"Work is saved {self._place}, {after} after a change. Click to choose a folder for it."
        )

    def choose_folder(self) -> bool:
        """Ask for a folder; False when none was chosen."""
        chosen = QFileDialog.getExistingDirectory(self, "A folder for the work on all pictures")
        if chosen:
            self.folder_chosen.emit(Path(chosen))
        return bool(chosen)
