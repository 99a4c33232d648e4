"""The table of categories: colour, name, share, how sure the model is; a click picks one to paint."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from napari_ovseg._napari.colours import Colour, Legend

_NAME, _SHARE, _PRESENCE = range(3)


class CategoryTable(QTableWidget):
    """One row per category, in typed order; row r is label r + 1."""

    picked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 3, parent)
        header = QHeaderView(Qt.Orientation.Horizontal, self)
        self.setHorizontalHeader(header)
        self.setHorizontalHeaderLabels(["Category", "Share", "In the picture?"])
        rows = QHeaderView(Qt.Orientation.Vertical, self)
        rows.hide()
        self.setVerticalHeader(rows)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setToolTip("Click a row to paint with its label.")
        self.setShowGrid(False)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(_SHARE, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_PRESENCE, QHeaderView.ResizeMode.ResizeToContents)
        self.cellClicked.connect(lambda row, _column: self.picked.emit(row + 1))

    def show_categories(self, legend: Legend, presence: Sequence[float], absent: Collection[str]) -> None:
        """Fill the table.

        Parameters
        ----------
        legend : Legend
            Names and colours of the categories, in typed order.
        presence : sequence of float
            How sure the model is that each is in the picture at all, in [0, 1].
        absent : collection of str
            Names of the categories that are probably not there, and so were not painted.
        """
        self.setRowCount(len(legend.names))
        rows = zip(legend.names, legend.colours, presence, strict=True)
        for row, (name, colour, sure) in enumerate(rows):
            missing = name in absent
            percent = f"{100 * sure:.0f} %"
            first = _cell(name, greyed=missing)
            first.setIcon(_swatch(colour))
            self.setItem(row, _NAME, first)
            self._set_share(row, 0.0)
            words = f"probably absent ({percent})" if missing else f"sure {percent}"
            self.setItem(row, _PRESENCE, _cell(words, greyed=missing))

    def show_shares(self, labels: np.ndarray) -> None:
        """Count the labels of the masks, an array of unsigned integers of any shape."""
        named = labels[(labels > 0) & (labels <= self.rowCount())]
        counts = np.bincount(named.ravel(), minlength=self.rowCount() + 1)
        for row in range(self.rowCount()):
            self._set_share(row, counts[row + 1] / max(labels.size, 1))

    def mark(self, label: int) -> None:
        """Show which label is being painted with; one that has no row marks none."""
        if 1 <= label <= self.rowCount():
            self.selectRow(label - 1)
        else:
            self.clearSelection()

    def _set_share(self, row: int, share: float) -> None:
        cell = _cell("< 0.1 %" if 0 < share < 0.001 else f"{100 * share:.1f} %", greyed=share == 0)
        cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setItem(row, _SHARE, cell)


def _cell(text: str, *, greyed: bool) -> QTableWidgetItem:
    cell = QTableWidgetItem(text)
    cell.setToolTip(text)
    if greyed:
        cell.setForeground(QColor(128, 128, 128))
    return cell


def _swatch(colour: Colour) -> QIcon:
    pixmap = QPixmap(14, 14)
    pixmap.fill(QColor.fromRgbF(*colour))
    icon = QIcon(pixmap)
    # Qt would tint the colour of a selected row.
    icon.addPixmap(pixmap, QIcon.Mode.Selected)
    return icon
