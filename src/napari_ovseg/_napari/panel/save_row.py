"""Where the work is saved, and the way out of the panel; a view only."""

from __future__ import annotations

from collections.abc import Sequence
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

from napari_ovseg._napari.panel.theme_colours import PROBLEM, Tinted


class SaveRow(QWidget):
    """Says when and where work was saved, or why not; asks for saving, a folder, for things, for an export.

    Signals
    -------
    folder_chosen(Path or None)
        All work is to be saved in this folder, or beside its pictures.
    save_requested()
    export_requested()
    things_requested()
    """

    folder_chosen = Signal(object)
    save_requested = Signal()
    export_requested = Signal()
    things_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.status = QLabel()
        self.status.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.save = QPushButton("Save")
        self.save.setToolTip("Save all work in this window.")
        self.save.clicked.connect(self.save_requested)
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
        row.addWidget(self.save)
        row.addWidget(self.folder)
        row.addWidget(self.things)
        row.addWidget(self.export)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        self._place, self._seconds, self._by_itself = "", 1, True
        self._saved: Path | None = None
        self._saved_at = ""
        self._waiting: Sequence[str] = ()
        self._waits_here = False
        self.show_problem("")
        self.show_folder(None)
        self.show_saved(None)
        self.show_by_itself(True)

    def show_saved(self, folder: Path | None) -> None:
        """Say that all work is in a folder now; None: that nothing was saved yet."""
        self._saved, self._saved_at = folder, f"saved {datetime.now():%H:%M:%S}"
        self._tell_status()

    def show_waiting(self, pictures: Sequence[str], *, here: bool) -> None:
        """Say of which pictures work waits for Save, and whether the one in view is among them."""
        self._waiting, self._waits_here = pictures, here
        self._tell_status()

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

    def show_by_itself(self, by_itself: bool) -> None:
        """Say whether work is saved without being asked for; where it is not, there is a button for it."""
        self._by_itself = by_itself
        self.save.setVisible(not by_itself)
        self._tell()

    def _tell(self) -> None:
        after = "a second" if self._seconds == 1 else f"{self._seconds} seconds"
        when = f"{after} after a change" if self._by_itself else "when you press Save"
        self.folder.setToolTip(f"Work is saved {self._place}, {when}. Click to choose a folder for it.")

    def _tell_status(self) -> None:
        text = self._saved_at if self._saved is not None else ""
        tip = "Nothing was painted yet." if self._saved is None else str(self._saved)
        if self._waits_here:
            text = "not saved"
        elif self._waiting:
            text = f"unsaved: {len(self._waiting)}"
        if self._waiting:
            tip = f"Not saved: the work on {', '.join(self._waiting)}. Press Save."
        self.status.setText(text)
        self.status.setToolTip(tip)

    def choose_folder(self) -> bool:
        """Ask for a folder; False when none was chosen."""
        chosen = QFileDialog.getExistingDirectory(self, "A folder for the work on all pictures")
        if chosen:
            self.folder_chosen.emit(Path(chosen))
        return bool(chosen)
