"""A folder to type or to choose; a view only."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QWidget

from napari_ovseg.file_names import resolved


class FolderRow(QWidget):
    """A path, and a button that asks for it.

    Parameters
    ----------
    title : str
        Of the dialog that asks.
    tip : str
        What the folder is for.

    Signals
    -------
    changed()
        In whatever way.
    by_hand()
        By a person.
    """

    changed = Signal()
    by_hand = Signal()

    def __init__(self, title: str, tip: str) -> None:
        super().__init__()
        self._title = title
        self.text = QLineEdit()
        self.text.setToolTip(tip)
        self.text.setAccessibleName(title)
        self.browse = QPushButton("Choose...")
        self.browse.setToolTip(tip)
        # Enter in the path is no click on it
        self.browse.setAutoDefault(False)
        self.browse.clicked.connect(self._ask)
        self.text.textChanged.connect(lambda _text: self.changed.emit())
        self.text.textEdited.connect(lambda _text: self.by_hand.emit())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.text, 1)
        row.addWidget(self.browse)

    def show_folder(self, folder: Path | None) -> None:
        """Take a folder, or none."""
        self.text.setText("" if folder is None else str(folder))

    def folder(self) -> Path | None:
        """The folder that is meant, from its beginning; None where nothing is typed."""
        typed = self.text.text().strip()
        return resolved(typed) if typed else None

    def _ask(self) -> None:
        # one that is yet to be made can't be looked into
        beginning = self.folder()
        while beginning is not None and not beginning.is_dir() and beginning != beginning.parent:
            beginning = beginning.parent
        chosen = QFileDialog.getExistingDirectory(self, self._title, str(beginning or Path.home()))
        if chosen:
            self.text.setText(chosen)
            self.by_hand.emit()
