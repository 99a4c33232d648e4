"""A row that offers labels from a file as the masks of the picture, or says why they can't be; a view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_ovseg._napari.long_words import foldable

if TYPE_CHECKING:
    from napari.layers import Image, Labels


class TakeInRow(QWidget):
    """Says which labels fit, with a button that takes them and a box that makes them the person's own.

    Hidden while there are none; without its button where labels with names do not fit.

    Signals
    -------
    wanted()
    """

    wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.take = QPushButton("Use as masks")
        self.take.setToolTip("Make them the masks of the picture, to correct and to update without a run.")
        self.mine = QCheckBox("labels are mine")
        self.mine.setToolTip(
            "Keep every labelled pixel as if you had painted it; else updates may change it."
        )
        row = QHBoxLayout()
        row.addWidget(self.take, 1)
        row.addWidget(self.mine)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.text)
        layout.addLayout(row)
        self.take.clicked.connect(lambda: self.wanted.emit())
        self.hide()

    def offer(self, labels: Labels | None, image: Image | None, misfit: str = "") -> None:
        """Offer these labels for this picture; None: nothing but why others don't fit, where that is said."""
        fits = labels is not None and image is not None
        if labels is not None and image is not None:
            self.text.setText(
                foldable(f"'{labels.name}' has the size of '{image.name}': use these labels as its masks?")
            )
        else:
            self.text.setText(foldable(misfit))
        self.take.setVisible(fits)
        self.mine.setVisible(fits)
        self.setVisible(fits or bool(misfit))
