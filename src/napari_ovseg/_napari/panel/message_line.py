"""The one place where the panel says what happened; its height never changes, so nothing below it moves."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QPoint, QRect, Qt
from qtpy.QtGui import QKeyEvent, QMouseEvent, QResizeEvent
from qtpy.QtWidgets import QFrame, QLabel, QPlainTextEdit, QSizePolicy, QVBoxLayout, QWidget
from superqt import QElidingLabel

from napari_ovseg._napari.panel.long_words import foldable, tip
from napari_ovseg._napari.panel.theme_colours import PROBLEM, Tinted

_LINES = 2
# what a theme may leave free around text, in pixels
_EDGES = 10
# of the box with the whole text, in pixels: margins and edges, and what is high enough to scroll in
_AROUND, _HIGHEST = 28, 320
_OPENING = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)


class MessageLine(QLabel):
    """Two lines of text, which can be selected; all of a longer one on hover, on a click and by Enter."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tint = Tinted(self)
        self._said = ""
        self.setAccessibleName("Message")
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._fit()

    def say(self, text: str, *, error: bool = False) -> None:
        """Show one notice or error in the place of the last."""
        self._tint.set(PROBLEM if error else None)
        self._said = foldable(text)
        self._cut()

    def text(self) -> str:
        """Return all of the text, whatever can be seen of it."""
        return self._said

    @property
    def is_cut(self) -> bool:
        """Whether there is more than can be seen."""
        return super().text() != self._said

    def open(self) -> None:
        """Show all of the text in a box of its own, where it can be selected; Escape or a click closes it."""
        if self.text():
            WholeText(self.text(), self).open_below(self)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        """Open what is cut, unless the mouse has just selected some of it."""
        super().mouseReleaseEvent(event)
        left = event is not None and event.button() == Qt.MouseButton.LeftButton
        if left and self.is_cut and not self.hasSelectedText():
            self.open()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802
        """Open what is cut."""
        if event is not None and event.key() in _OPENING and self.is_cut:
            self.open()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802
        """Make room for another font."""
        super().changeEvent(event)
        if event is not None and event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802
        """Cut the text elsewhere."""
        super().resizeEvent(event)
        self._cut()

    def _fit(self) -> None:
        height = self.fontMetrics().lineSpacing() * _LINES + _EDGES
        if self.minimumHeight() != height:
            self.setFixedHeight(height)

    def _cut(self) -> None:
        # a little less than there is, so that Qt, which wraps it again, comes to no more lines
        room = self.contentsRect().width() - _EDGES
        lines = QElidingLabel.wrapText(self._said, room, self.font())
        shown, rest = lines[: _LINES - 1], "".join(lines[_LINES - 1 :])
        last = self.fontMetrics().elidedText(rest, Qt.TextElideMode.ElideRight, room)
        self.setText("".join([*shown, last]))
        self._tell()

    def _tell(self) -> None:
        more = "\nClick, or press Enter here, to select and copy it." if self.is_cut else ""
        self.setToolTip(tip(self._said + more) if self._said else "What happened last is said here.")
        self.setCursor(Qt.CursorShape.PointingHandCursor if self.is_cut else Qt.CursorShape.IBeamCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if self._said else Qt.FocusPolicy.ClickFocus)


class WholeText(QFrame):
    """A box with text to select and copy, which closes as a menu does."""

    def __init__(self, text: str, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.text = QPlainTextEdit(text)
        self.text.setReadOnly(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.addWidget(self.text)

    def open_below(self, place: QWidget) -> None:
        """Show it below a widget, as wide, and as high as the text needs, within reason."""
        self.ensurePolished()
        width, text = place.width(), self.text.toPlainText()
        room = QRect(0, 0, width - _AROUND, _HIGHEST)
        needed = self.text.fontMetrics().boundingRect(room, Qt.TextFlag.TextWordWrap, text).height()
        self.setFixedSize(width, min(needed + _AROUND, _HIGHEST))
        corner = place.mapToGlobal(QPoint(0, place.height()))
        screen = place.screen()
        if screen is not None:
            corner.setY(min(corner.y(), screen.availableGeometry().bottom() - self.height()))
        self.move(corner)
        self.show()
        self.text.setFocus()
