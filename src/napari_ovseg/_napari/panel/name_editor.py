"""Typing a name in the table: a name that can't be used is refused where it is typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QAbstractItemModel, QEvent, QModelIndex, QObject, QPoint, Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QLineEdit, QStyledItemDelegate, QStyleOptionViewItem, QToolTip, QWidget

from napari_ovseg.errors import InputError

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class NameEditor(QStyledItemDelegate):
    """A text box in the place of a cell.

    Enter keeps the box open while the name can't be used; leaving it gives such a name up.

    Parameters
    ----------
    table : CategoryTable
        The table whose names are edited.
    tidy : callable
        From an id and what was typed to the name as it would be kept; raises InputError.
    """

    accepted = Signal(int, str)
    refused = Signal(str)

    def __init__(self, table: Any, tidy: Callable[[int, str], str]) -> None:
        super().__init__(table)
        self._table = table
        self._tidy = tidy

    def createEditor(  # noqa: N802
        self, parent: QWidget | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> QWidget | None:
        """Open the box; it remembers whose name it holds, since rows may move meanwhile."""
        box = QLineEdit(parent)
        box.setAccessibleName("Name of the category")
        box.setProperty("id", self._table.id_of_row(index.row()))
        return box

    def setEditorData(self, editor: QWidget | None, index: QModelIndex) -> None:  # noqa: N802
        """Fill the box, unless something was typed: the table may be filled again meanwhile."""
        if not (isinstance(editor, QLineEdit) and editor.isModified()):
            super().setEditorData(editor, index)

    def setModelData(  # noqa: N802
        self, editor: QWidget | None, model: QAbstractItemModel | None, index: QModelIndex
    ) -> None:
        """Signal the name; the cell itself changes when the table is filled again."""
        name = self._checked(editor)
        if name is not None and isinstance(editor, QLineEdit) and editor.isModified():
            self.accepted.emit(editor.property("id"), name)

    def eventFilter(self, editor: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Keep the box open when Enter is pressed on a name that can't be used."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            refused = event.key() in _ENTER and self._checked(editor) is None
            if refused:
                return True
        return super().eventFilter(editor, event)

    def _checked(self, editor: QObject | None) -> str | None:
        if not isinstance(editor, QLineEdit):
            return None
        try:
            return self._tidy(editor.property("id"), editor.text())
        except InputError as error:
            editor.setToolTip(str(error))
            QToolTip.showText(editor.mapToGlobal(QPoint(0, editor.height())), str(error), editor)
            self.refused.emit(str(error))
            return None
