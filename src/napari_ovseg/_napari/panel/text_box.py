"""A box of a few lines for names, which Enter submits."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QFontMetrics, QKeyEvent
from qtpy.QtWidgets import QPlainTextEdit

# napari's themes leave text boxes without an edge; grey shows on dark and light ones.
_STYLE = "background: rgba(128, 128, 128, 50); border: 1px solid rgba(128, 128, 128, 120);"
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class TextBox(QPlainTextEdit):
    """A text box that shows so many lines; long ones are wrapped.

    Parameters
    ----------
    lines : int
    with_control : bool
        Whether Ctrl+Enter submits, and Enter alone begins a line; else Enter submits.
    """

    submitted = Signal()

    def __init__(self, lines: int, *, with_control: bool) -> None:
        super().__init__()
        self._with_control = with_control
        self.setTabChangesFocus(True)
        self.setStyleSheet(_STYLE)
        self.setFixedHeight(QFontMetrics(self.font()).lineSpacing() * lines + 16)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802
        """Tell the Enter that submits from what is typed."""
        if event is not None and event.key() in _ENTER and self._submits(event):
            self.submitted.emit()
        else:
            super().keyPressEvent(event)

    def _submits(self, enter: QKeyEvent) -> bool:
        return not self._with_control or bool(enter.modifiers() & Qt.KeyboardModifier.ControlModifier)
