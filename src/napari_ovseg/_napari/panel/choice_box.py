"""A box of choices that a narrow panel cuts: what is cut is in the tooltip; a view only."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QSizePolicy

from napari_ovseg._napari.panel.long_words import tip as shown_whole

_MORE = Qt.ItemDataRole.UserRole + 1


class ChoiceBox(QComboBox):
    """A box of choices that takes the width it is given, however long the choices are.

    Parameters
    ----------
    purpose : str
        What is chosen here, for the tooltip, which also has the whole of the choice.
    """

    def __init__(self, purpose: str) -> None:
        super().__init__()
        self._purpose = purpose
        # Long layer and model names must not dictate the width of the dock.
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.currentTextChanged.connect(self.tell)
        self.tell()

    def offer(self, title: str, value: Any, more: str = "") -> None:
        """Add a choice; its tooltip says all of the title, and more."""
        self.addItem(title, value)
        row = self.count() - 1
        self.setItemData(row, more, _MORE)
        self.setItemData(row, _tip(title, more), Qt.ItemDataRole.ToolTipRole)
        self.tell()

    def tell(self) -> None:
        """Say in the tooltip what is chosen."""
        chosen = self.currentText()
        self.setToolTip(_tip(chosen, self.itemData(self.findText(chosen), _MORE), self._purpose))


def _tip(*parts: str | None) -> str:
    return shown_whole("\n".join(filter(None, parts)))
