"""The panel in a window that is too low for it: it scrolls, and nothing in it overlaps."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, QSize, Qt
from qtpy.QtWidgets import QAbstractSpinBox, QComboBox, QFrame, QScrollArea, QWidget


class Scrolled(QScrollArea):
    """A widget as wide as there is room for, scrolled up and down where it is higher than that.

    Parameters
    ----------
    content : QWidget
        Its least width, with room for the bar beside it, is the least of this.
    """

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self._content = content
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(content)
        content.installEventFilter(self)
        for field in (*content.findChildren(QComboBox), *content.findChildren(QAbstractSpinBox)):
            field.installEventFilter(self)

    def sizeHint(self) -> QSize:  # noqa: N802
        """As much as the content would like."""
        return self._content.sizeHint()

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """As wide as the content must be, and low."""
        return QSize(
            self._content.minimumSizeHint().width() + self._bar(), super().minimumSizeHint().height()
        )

    def eventFilter(self, widget: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Follow the content's least width, and scroll where the wheel would change a choice in passing."""
        if event is None or not isinstance(widget, QWidget):
            return False
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        if event.type() == QEvent.Type.Wheel and widget is not self._content and not widget.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(widget, event)

    def _bar(self) -> int:
        bar = self.verticalScrollBar()
        return 0 if bar is None or bar.isHidden() else bar.sizeHint().width()
