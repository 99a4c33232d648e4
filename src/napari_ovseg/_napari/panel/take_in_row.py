"""A row that offers labels of any origin as the masks of the picture, or says why they can't be; a view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_ovseg._napari.panel.long_words import foldable

if TYPE_CHECKING:
    from napari_ovseg.annotation.without_names import IdsFound


class TakeInRow(QWidget):
    """Says which labels fit, with a button that takes them and a box that makes them the person's own.

    Ids without names are counted; a box makes all of them one category, where they may be a category each.
    Hidden while there are none; without its button where labels do not fit.

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
        self.one = QCheckBox("all ids are one category")
        self.one.setToolTip(
            "Ticked: all become one category, as where each thing has an id of its own. Else one for each id."
        )
        row = QHBoxLayout()
        row.addWidget(self.take, 1)
        row.addWidget(self.mine)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.text)
        layout.addLayout(row)
        layout.addWidget(self.one)
        self._offered: tuple[str, str, IdsFound | None] | None = None
        self.take.clicked.connect(lambda: self.wanted.emit())
        self.one.toggled.connect(self._say)
        self.hide()

    def offer(self, names: tuple[str, str] | None, misfit: str = "", ids: IdsFound | None = None) -> None:
        """Offer labels for a picture, both by name; None: nothing but why others don't fit, if that is said.

        `ids` is how many there are of labels without names.
        """
        fits = names is not None
        self._offered = None if names is None else (*names, ids)
        self.one.setChecked(ids is not None and ids.number_things)
        self.text.setText(foldable(misfit))
        self._say()
        self.take.setVisible(fits)
        self.mine.setVisible(fits)
        self.one.setVisible(fits and ids is not None and ids.count > 1 and not ids.number_things)
        self.setVisible(fits or bool(misfit))

    def _say(self) -> None:
        """Say what is offered, and what becomes of ids without names."""
        if self._offered is None:
            return
        labels, image, ids = self._offered
        if ids is None:
            self.text.setText(foldable(f"'{labels}' fits '{image}': use these labels as its masks?"))
            return
        several = ids.count > 1
        become = "become one category" if self.one.isChecked() else "become a category each"
        self.text.setText(
            foldable(
                f"'{labels}' fits '{image}'. Its {ids.said} {become if several else 'becomes a category'}, "
                f"which you can rename: use {'them' if several else 'it'} as masks?"
            )
        )
