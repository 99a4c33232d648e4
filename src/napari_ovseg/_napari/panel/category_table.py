"""The table of categories, the class picker that napari lacks: a view, what is asked for is signalled."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor, QKeyEvent, QMouseEvent
from qtpy.QtWidgets import QAbstractItemView, QColorDialog, QWidget

from napari_ovseg._napari.panel.category_cells import BACKGROUND_ID, LOCK, NAME, ONLY, SWATCH, CategoryCells
from napari_ovseg._napari.panel.name_editor import NameEditor
from napari_ovseg.annotation.label_table import LabelTable
from napari_ovseg.errors import InputError

_TOGGLES = (LOCK, ONLY)
_WALKING = (
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
    Qt.Key.Key_Left,
    Qt.Key.Key_Right,
    Qt.Key.Key_PageUp,
    Qt.Key.Key_PageDown,
)


class CategoryTable(CategoryCells):
    """The table as it answers to mouse and keys.

    Signals
    -------
    picked(id), renamed(id, name), recoloured(id, (red, green, blue)), lock_changed(id, locked),
    only_shown(id or None), add_requested(typed), merge_requested(source, into), delete_requested(id)
        What a person asks for. Nothing is done about it here: `show_categories` or `show_only` is called.
    refused(message)
        What was asked for can't be done.
    refilled()
        Other rows may be there, or another eye be lit.
    """

    picked = Signal(int)
    renamed = Signal(int, str)
    recoloured = Signal(int, tuple)
    lock_changed = Signal(int, bool)
    add_requested = Signal(str)
    merge_requested = Signal(int, int)
    delete_requested = Signal(int)
    refused = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setToolTip("The categories of the picture, once it was run: click one to paint with it.")
        editor = NameEditor(self, self.tidy_name)
        editor.accepted.connect(self.renamed)
        editor.refused.connect(self.refused)
        self.setItemDelegateForColumn(NAME, editor)
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked)
        # Tab goes on to the next field of the panel; arrows walk the table.
        self.setTabKeyNavigation(False)

    def tidy_name(self, id: int, typed: str) -> str:
        """Return a typed name as it would be kept; raises InputError when it can't be."""
        return LabelTable(self.labels).rename(id, typed).find(id).name

    def rename(self) -> None:
        """Let the name of the chosen row be typed in its place."""
        row = self.currentRow()
        if self.chosen:
            self.setCurrentCell(row, NAME)
            self.editItem(self.item(row, NAME))

    def recolour(self) -> None:
        """Ask for another colour of the chosen row."""
        label = next((label for label in self.labels if label.id == self.chosen), None)
        if label is None:
            return
        picked = QColorDialog.getColor(QColor(*label.colour), self, f"Colour of '{label.name}'")
        colour = (picked.red(), picked.green(), picked.blue())
        if not picked.isValid() or colour == label.colour:
            return
        try:
            LabelTable(self.labels).recolour(label.id, colour)
        except InputError as error:
            self.refused.emit(str(error))
        else:
            self.recoloured.emit(label.id, colour)

    def toggle_lock(self, id: int) -> None:
        """Ask for a category to be locked, or unlocked."""
        self.lock_changed.emit(id, id not in self.locked)

    def toggle_only(self, id: int) -> None:
        """Ask for only one category to be shown, or for all again."""
        if id != BACKGROUND_ID:
            self.only_shown.emit(None if self.only == id else id)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        """Pick the row, or toggle what is under the mouse."""
        if event is None or self._toggled_by(event):
            return
        index = self.indexAt(event.position().toPoint())
        super().mousePressEvent(event)
        # A name that was being typed may have refilled the table.
        if index.isValid() and index.row() < len(self._ids):
            self.picked.emit(self._ids[index.row()])

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        """Change the colour, or the name."""
        if event is None or self._toggled_by(event):
            return
        if self.indexAt(event.position().toPoint()).column() == SWATCH:
            self.recolour()
        else:
            super().mouseDoubleClickEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        """Keep a drag from choosing rows that were not picked."""

    def _toggled_by(self, event: QMouseEvent) -> bool:
        index = self.indexAt(event.position().toPoint())
        left = event.button() == Qt.MouseButton.LeftButton
        if not left or not index.isValid() or index.column() not in _TOGGLES:
            return False
        self._activate(index.row(), index.column())
        return True

    def _activate(self, row: int, column: int) -> None:
        if column == LOCK:
            self.toggle_lock(self._ids[row])
        elif column == ONLY:
            self.toggle_only(self._ids[row])
        elif column == SWATCH:
            self.recolour()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802
        """Walk the table by arrows; all else is left to napari, so that its tools answer here too."""
        if event is None:
            return
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if plain and event.key() in _WALKING:
            before = self.chosen
            super().keyPressEvent(event)
            self._pick_unless(before)
        elif plain and event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End):
            before = self.chosen
            last = event.key() == Qt.Key.Key_End
            self.setCurrentCell(self.rowCount() - 1 if last else 0, max(self.currentColumn(), NAME))
            self._pick_unless(before)
        elif plain and event.key() == Qt.Key.Key_Space and self.currentColumn() in (SWATCH, *_TOGGLES):
            self._activate(self.currentRow(), self.currentColumn())
        else:
            event.ignore()

    def _pick_unless(self, before: int | None) -> None:
        if self.chosen not in (before, None):
            self.picked.emit(self.chosen)
