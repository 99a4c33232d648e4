"""What the table of categories shows: colours, names, shares, how sure the model is, locks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import product
from types import MappingProxyType
from typing import Any

import numpy as np
from qtpy.QtCore import QEvent, QSize, Qt, Signal
from qtpy.QtGui import QColor, QFontMetrics, QIcon, QPalette
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from napari_ovseg._napari.keys import key_text
from napari_ovseg._napari.panel.icons import drawn_icon, swatch
from napari_ovseg._napari.panel.long_words import tip as shown_whole
from napari_ovseg._napari.panel.theme_colours import ICON_CONTRAST, QUIET, changes_theme, readable
from napari_ovseg.labelled import NamedLabel

SWATCH, NAME, SHARE, PRESENCE, LOCK, ONLY = range(6)
BACKGROUND_ID = 0
_FEWEST_ROWS = 3
_HEADERS = (
    ("", "Colour; double click changes it."),
    ("Category", "Click to paint with it; double click or F2 renames it."),
    ("Share", "Of all pixels of the masks."),
    ("There?", "How sure the model is that the category is in the picture at all."),
    ("", "Locked: no update changes its pixels."),
    ("", "Show only this category."),
)


class CategoryCells(QTableWidget):
    """One row per category in the order of their ids, then one for the background, id 0."""

    only_shown = Signal(object)
    refilled = Signal()

    # Qt calls changeEvent while it makes the table, before __init__ is through.
    labels: tuple[NamedLabel, ...] = ()
    locked: frozenset[int] = frozenset()
    only: int | None = None
    _ids: tuple[int, ...] = ()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(_HEADERS), parent)
        self._shares: dict[int, float] = {}
        self._counted = True
        self._keys: Mapping[str, str] = {}
        self.setAccessibleName("Categories")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self._set_headers()

    def _set_headers(self) -> None:
        rows = QHeaderView(Qt.Orientation.Vertical, self)
        rows.setDefaultSectionSize(QFontMetrics(self.font()).lineSpacing() + 10)
        rows.hide()
        self.setVerticalHeader(rows)
        header = QHeaderView(Qt.Orientation.Horizontal, self)
        header.setMinimumSectionSize(24)
        self.setHorizontalHeader(header)
        for column, (title, tip) in enumerate(_HEADERS):
            cell = QTableWidgetItem(title)
            cell.setToolTip(tip)
            cell.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
            self.setHorizontalHeaderItem(column, cell)
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for column in (SWATCH, LOCK, ONLY):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            self.setColumnWidth(column, 26)

    def sizeHint(self) -> QSize:  # noqa: N802
        """A few rows; the panel gives the table all the room that is left."""
        rows, header = self.verticalHeader(), self.horizontalHeader()
        if rows is None or header is None:
            return super().sizeHint()
        height = header.sizeHint().height() + _FEWEST_ROWS * rows.defaultSectionSize()
        return QSize(super().sizeHint().width(), height + 2 * self.frameWidth())

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Never fewer rows than that."""
        return QSize(super().minimumSizeHint().width(), self.sizeHint().height())

    def show_categories(
        self,
        labels: Sequence[NamedLabel],
        locked: Collection[int],
        presence: Mapping[str, float],
        absent: Collection[str],
        stands_for: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Fill the table; the row that was chosen stays so, as long as its id is there.

        Parameters
        ----------
        labels : sequence of NamedLabel
            In the order of their ids.
        locked : collection of int
            Ids that no update changes.
        presence : mapping of str to float
            By name, how sure the model is that it is in the picture at all, in [0, 1]; some may be missing.
        absent : collection of str
            Names of the categories that are probably not there, and so were not painted.
        stands_for : mapping of str to str
            By name, what the model took it for, where that isn't what the name says.
        """
        chosen = self.chosen
        self.labels, self.locked = tuple(labels), frozenset(locked)
        self._ids = (*(label.id for label in labels), BACKGROUND_ID)
        self.setRowCount(len(self._ids))
        for row, label in enumerate(self.labels):
            missing = label.name in absent
            words = ", ".join((label.name, *label.synonyms))
            tip = f"{words} (label {label.id}){self._key_of(f'category_{row + 1}')}"
            if label.name in stands_for:
                tip += f"\nThe model took it for: {stands_for[label.name]}."
            self._put(row, NAME, label.name, tip, greyed=missing, editable=True)
            self._put(row, PRESENCE, *_sureness(presence.get(label.name), missing), greyed=missing)
        tip = f"What is none of these (label 0){self._key_of('background')}"
        self._put(len(self.labels), NAME, "background", tip)
        self._put(len(self.labels), PRESENCE, "")
        for row in range(len(self._ids)):
            self._put_share(row)
        if self.only not in self._ids[:-1]:
            self.only = None
        self._draw_icons()
        self.mark(chosen)
        self.refilled.emit()

    def show_keys(self, bound: Mapping[str, str]) -> None:
        """Tell in tooltips which keys pick a row, as `bind_keys` returned them; from the next fill on."""
        self._keys = bound
        walking = "".join(
            f" {key_text(bound[name])}: {way}."
            for name, way in (("previous_category", "row above"), ("next_category", "row below"))
            if name in bound
        )
        header = self.horizontalHeaderItem(NAME)
        if header is not None:
            header.setToolTip(_HEADERS[NAME][1] + walking)

    def _key_of(self, name: str) -> str:
        return f" {key_text(self._keys[name])}" if name in self._keys else ""

    def empty(self) -> None:
        """Show nothing: there are no masks."""
        self.labels, self.locked, self._ids, self._shares = (), frozenset(), (), {}
        self.setRowCount(0)
        self.only = None
        self.refilled.emit()

    def show_shares(self, counts: np.ndarray | None) -> None:
        """Show what share of the pixels each id has, from the counts by id; None: there are no masks."""
        self._counted = counts is not None
        total = 0 if counts is None else int(counts.sum())
        self._shares = {} if counts is None else {id: counts[id] / max(total, 1) for id in self._ids}
        for row in range(len(self._ids)):
            self._put_share(row)

    @property
    def chosen(self) -> int | None:
        """The id of the row that is chosen."""
        rows = {cell.row() for cell in self.selectedIndexes()}
        return self._ids[min(rows)] if rows and min(rows) < len(self._ids) else None

    def mark(self, id: int | None) -> None:
        """Show which label is being painted with; one that has no row marks none."""
        if id == self.chosen:
            return
        if id in self._ids:
            self.setCurrentCell(self._ids.index(id), max(self.currentColumn(), NAME))
        else:
            self.setCurrentItem(None)
            self.clearSelection()

    def id_of_row(self, row: int) -> int:
        """Return the id that a row stands for."""
        return self._ids[row]

    def show_only(self, id: int | None) -> None:
        """Light the eye of the category that is the only one to be seen; None: all are."""
        only = id if id in self._ids[:-1] else None
        if only != self.only:
            self.only = only
            self._draw_icons()
            self.refilled.emit()

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802
        """Draw the icons, and what is greyed, in the colours of another theme."""
        super().changeEvent(event)
        if changes_theme(event):
            self._draw_icons()
            for row, column in product(range(self.rowCount()), (NAME, SHARE, PRESENCE)):
                cell = self.item(row, column)
                if cell is not None and cell.data(Qt.ItemDataRole.ForegroundRole) is not None:
                    cell.setForeground(self._grey())

    def _draw_icons(self) -> None:
        text, faint, faint_selected = self._colours()
        for column, name in ((LOCK, "lock"), (ONLY, "visibility")):
            header = self.horizontalHeaderItem(column)
            if header is not None:
                header.setIcon(drawn_icon(name, text))
        for row, id in enumerate(self._ids):
            colour = next((QColor(*label.colour) for label in self.labels if label.id == id), None)
            self._put_icon(row, SWATCH, swatch(colour, text), "Colour" if id else "No colour")
            locked = id in self.locked
            icon = drawn_icon("lock", text) if locked else drawn_icon("lock_open", faint, faint_selected)
            self._put_icon(row, LOCK, icon, "Locked" if locked else "Not locked")
            if id == BACKGROUND_ID:
                self._put_icon(row, ONLY, QIcon(), "")
            else:
                only = id == self.only
                icon = drawn_icon("visibility", *((text,) if only else (faint, faint_selected)))
                self._put_icon(row, ONLY, icon, "Only this is shown" if only else "Show only this")

    def _colours(self) -> tuple[QColor, QColor, QColor]:
        """Of text, of an icon that is off, and of one that is off in the row that is chosen."""
        palette, role = self.palette(), QPalette.ColorRole
        off, off_chosen = (
            readable(QUIET, palette.color(ground), least=ICON_CONTRAST)
            for ground in (role.Base, role.Highlight)
        )
        return palette.color(role.Text), off, off_chosen

    def _grey(self) -> QColor:
        return readable(QUIET, self.palette().color(QPalette.ColorRole.Base))

    def _put_icon(self, row: int, column: int, icon: QIcon, words: str) -> None:
        cell = self._put(row, column, "", words)
        cell.setIcon(icon)
        cell.setData(Qt.ItemDataRole.AccessibleTextRole, words)

    def _put_share(self, row: int) -> None:
        share = self._shares.get(self._ids[row], 0.0)
        text = "< 0.1 %" if 0 < share < 0.001 else f"{100 * share:.1f} %" if self._counted else "-"
        cell = self._put(row, SHARE, text, greyed=share == 0)
        cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def _put(
        self, row: int, column: int, text: str, tip: str = "", *, greyed: bool = False, editable: bool = False
    ) -> QTableWidgetItem:
        """Change a cell in its place, so that a name that is being typed is not disturbed."""
        cell: Any = self.item(row, column)
        if cell is None:
            cell = QTableWidgetItem()
            self.setItem(row, column, cell)
        cell.setText(text)
        cell.setToolTip(shown_whole(tip or text))
        cell.setData(Qt.ItemDataRole.ForegroundRole, self._grey() if greyed else None)
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if editable:
            flags |= Qt.ItemFlag.ItemIsEditable
        # Qt takes flags that are set for a change of the text, even if they stay the same.
        if cell.flags() != flags:
            cell.setFlags(flags)
        return cell


def _sureness(sure: float | None, missing: bool) -> tuple[str, str]:
    """What the cell says, and what its tooltip does."""
    if sure is None:
        return "", "No model was asked about it."
    percent = f"{100 * sure:.0f} %"
    if missing:
        return f"no, {percent}", f"Probably absent, and so not painted: only {percent} sure."
    return percent, f"The model is {percent} sure that it is in the picture."
