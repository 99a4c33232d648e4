"""Text of one line or more, exactly as high as it is; a view only."""

from __future__ import annotations

from qtpy.QtCore import QSize
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QLabel, QSizePolicy

from napari_ovseg._napari.panel.long_words import foldable

# before it is laid out
_WIDTH = 380


class WrappedText(QLabel):
    """A label that asks for the height of its text at its width: Qt's own asks for that of a narrower one."""

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def say(self, text: str) -> None:
        """Show a text, whose long words may be broken."""
        self.setText(foldable(text))

    def sizeHint(self) -> QSize:  # noqa: N802
        """As high as the text is."""
        width = max(self.width(), _WIDTH)
        return QSize(_WIDTH, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """The same: text that is cut says nothing."""
        return QSize(0, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802
        """Ask for another height at another width."""
        super().resizeEvent(event)
        self.updateGeometry()
