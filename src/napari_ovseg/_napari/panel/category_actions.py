"""What can be done with the category that is chosen: a row of buttons, and the table's own menu."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Qt
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QPushButton, QSizePolicy, QWidget

from napari_ovseg._napari.panel.category_table import CategoryTable
from napari_ovseg._napari.panel.long_words import shortened
from napari_ovseg.annotation.label_table import LabelTable
from napari_ovseg.errors import InputError


class CategoryActions(QWidget):
    """A line to add categories, and buttons to merge and delete; a view like its table.

    Parameters
    ----------
    table : CategoryTable
        Its signals say what is asked for; its menu gets the same actions.
    """

    def __init__(self, table: CategoryTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table = table
        self.add = QLineEdit()
        self.add.setPlaceholderText("add a category")
        self.add.setAccessibleName("Add a category")
        self.add.setToolTip('Enter adds it; "dog: puppy, hound" gives synonyms.')
        self.add.returnPressed.connect(self._add)
        self.merge_menu = QMenu("Merge into", self)
        self.merge_menu.aboutToShow.connect(self._list_others)
        self.merge = QPushButton("Merge into")
        self.merge.setToolTip("Make the chosen category part of another.")
        self.merge.setMenu(self.merge_menu)
        self.delete = QPushButton("Delete")
        self.delete.setToolTip("Take the chosen category out; its pixels become background.")
        self.delete.clicked.connect(self._delete)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.add, 1)
        for button in (self.merge, self.delete):
            button.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
            row.addWidget(button)
        self._fill_menu()
        table.itemSelectionChanged.connect(self._enable)
        table.refilled.connect(self._enable)
        self._enable()

    def _fill_menu(self) -> None:
        table = self._table
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self._rename = self._action("Rename", table.rename, "F2")
        self._recolour = self._action("Colour...", table.recolour)
        self._lock = self._action("Lock", self._toggle_lock)
        self._only = self._action("Show only this", self._toggle_only)
        merge = self.merge_menu.menuAction()
        if merge is not None:
            table.addAction(merge)
        self._remove = self._action("Delete", self._delete, "Del")

    def _action(self, title: str, act: Callable[[], None], key: str = "") -> QAction:
        action = QAction(title, self._table)
        action.triggered.connect(lambda _checked: act())
        action.setShortcut(key)
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self._table.addAction(action)
        return action

    def _enable(self) -> None:
        chosen = self._table.chosen
        self.add.setEnabled(self._table.rowCount() > 0)
        for part in (self.merge, self.delete, self._rename, self._recolour, self._only, self._remove):
            part.setEnabled(bool(chosen))
        self.merge_menu.setEnabled(bool(chosen))
        self._lock.setEnabled(chosen is not None)
        self._lock.setText("Unlock" if chosen in self._table.locked else "Lock")
        self._only.setText("Show all" if chosen and chosen == self._table.only else "Show only this")

    def _add(self) -> None:
        typed = self.add.text()
        try:
            LabelTable(self._table.labels).add_typed(typed)
        except InputError as error:
            self.add.setToolTip(str(error))
            self._table.refused.emit(str(error))
            return
        self.add.clear()
        self._table.add_requested.emit(typed)

    def _delete(self) -> None:
        if self._table.chosen:
            self._table.delete_requested.emit(self._table.chosen)

    def _toggle_lock(self) -> None:
        if self._table.chosen is not None:
            self._table.toggle_lock(self._table.chosen)

    def _toggle_only(self) -> None:
        if self._table.chosen:
            self._table.toggle_only(self._table.chosen)

    def _list_others(self) -> None:
        self.merge_menu.clear()
        source = self._table.chosen
        for label in self._table.labels:
            if label.id != source:
                self._offer(source, label.id, label.name)
        if self.merge_menu.isEmpty():
            none = QAction("there is no other category", self.merge_menu)
            none.setEnabled(False)
            self.merge_menu.addAction(none)

    def _offer(self, source: int | None, into: int, name: str) -> None:
        # Qt reads "&" as the sign for a shortcut.
        action = QAction(shortened(name).replace("&", "&&"), self.merge_menu)
        action.triggered.connect(lambda _checked: self._table.merge_requested.emit(source, into))
        self.merge_menu.addAction(action)
