"""What a person does in the table of categories, done to the picture under annotation."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QMessageBox

from napari_ovseg._napari.annotating import table_edits
from napari_ovseg._napari.panel.category_cells import BACKGROUND_ID
from napari_ovseg.errors import OvsegError

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_ovseg._napari.layers.annotated import Annotated
    from napari_ovseg._napari.panel.category_table import CategoryTable

_NO_TOOLS = ("pan_zoom", "transform")


class TableRequests(QObject):
    """Carries out what the table asks for.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    table : CategoryTable
    current : callable
        ``current() -> Annotated or None``: the picture under annotation.

    Signals
    -------
    edited()
        The table of the picture is another, or has to be shown again as it was.
    refused(message)
    accepted()
        What was asked for is done.
    find_requested()
        Categories were added that the model has not looked for.
    """

    edited = Signal()
    refused = Signal(str)
    accepted = Signal()
    find_requested = Signal()

    def __init__(
        self, viewer: ViewerModel, table: CategoryTable, current: Callable[[], Annotated | None]
    ) -> None:
        super().__init__(table)
        self.viewer, self.table, self._current = viewer, table, current
        table.picked.connect(self.pick)
        table.renamed.connect(lambda id, name: self._edit(partial(table_edits.rename, id=id, name=name)))
        table.recoloured.connect(
            lambda id, colour: self._edit(partial(table_edits.recolour, id=id, colour=colour))
        )
        table.lock_changed.connect(
            lambda id, locked: self._edit(partial(table_edits.lock, id=id, locked=locked))
        )
        table.only_shown.connect(self._show_only)
        table.add_requested.connect(self._add)
        table.merge_requested.connect(self._merge)
        table.delete_requested.connect(self._delete)
        table.refused.connect(self.refused)

    def pick(self, label: int) -> None:
        """Paint with a category from now on: with the tool at hand, or with the brush where none is."""
        current = self._current()
        if current is not None:
            layer = current.masks.layer
            self.viewer.layers.selection.active = layer
            # napari puts the tool away when a layer is shown, even if it was already.
            if not layer.visible:
                layer.visible = True
            if label == BACKGROUND_ID:
                # nothing at all would be seen
                layer.show_selected_label = False
            layer.selected_label = label
            if layer.mode in _NO_TOOLS:
                layer.mode = "paint"

    def choose_neighbour(self, step: int) -> None:
        """Choose the category after (1) or before (-1) the one being painted with."""
        current = self._current()
        if current is not None:
            table, chosen = current.table, int(current.masks.layer.selected_label)
            self.pick(table.next_id(chosen) if step > 0 else table.previous_id(chosen))

    def choose_nth(self, number: int) -> None:
        """Choose a category by its place in the table, counted from 1; 0 is the background."""
        current = self._current()
        id = None if current is None else current.table.nth_id(number)
        if id is not None:
            self.pick(id)

    def _add(self, typed: str) -> None:
        added: list[str] = []
        self._edit(lambda annotated: added.extend(table_edits.add(annotated, typed)))
        current = self._current()
        if added and current is not None:
            self.pick(next(label.id for label in current.table.labels if label.name == added[0]))
            self.find_requested.emit()

    def _delete(self, id: int) -> None:
        current = self._current()
        if current is None:
            return
        # what is locked is refused below: nobody is asked about what can't be
        count = 0 if id in current.table.locked else table_edits.human_pixels_of(current, id)
        name = current.table.find(id).name
        question = f"You have painted {count} pixels of '{name}'. Delete it, and make them background?"
        yes = QMessageBox.StandardButton.Yes
        if count and QMessageBox.question(self.table, "Delete a category", question) != yes:
            return
        below = current.table.next_id(id)
        if id == self.table.only:
            current.masks.layer.show_selected_label = id in current.table.locked
        self._edit(partial(table_edits.delete, id=id))
        self._paint_instead(id, below)

    def _merge(self, source: int, into: int) -> None:
        self._edit(partial(table_edits.merge, source=source, into=into))
        self._paint_instead(source, into)

    def _paint_instead(self, gone: int, other: int) -> None:
        """Keep the brush from painting with a category that is there no more."""
        current = self._current()
        if current is not None and gone not in current.table.ids:
            layer = current.masks.layer
            if layer.selected_label == gone:
                layer.selected_label = other

    def _edit(self, action: Callable[[Annotated], object]) -> None:
        current = self._current()
        if current is None:
            return
        try:
            action(current)
        except OvsegError as error:
            self.refused.emit(str(error))
        else:
            self.accepted.emit()
            current.worth_saving = True
        self.edited.emit()

    def _show_only(self, id: int | None) -> None:
        """Let napari show only the label that is painted with, which is this one from now on."""
        current = self._current()
        if current is not None:
            layer = current.masks.layer
            if id is not None:
                layer.selected_label = id
                if not layer.visible:
                    layer.visible = True
            layer.show_selected_label = id is not None
