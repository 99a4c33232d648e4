"""Channels to tick, each with a swatch of its colour; a view only."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QColor, QIcon, QPixmap, QResizeEvent
from qtpy.QtWidgets import QListView, QListWidget

# Of a long list of channels so many lines are seen at once.
_MOST_LINES = 3
_SWATCH = 10


class ChannelTicks(QListWidget):
    """Channels side by side, as high as they need."""

    def __init__(self) -> None:
        super().__init__()
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setIconSize(QSize(_SWATCH, _SWATCH))
        self.setSelectionMode(QListWidget.SelectionMode.NoSelection)
        self.setSpacing(1)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802
        super().resizeEvent(event)
        self.fit()

    def fit(self) -> None:
        """Be as high as the lines of channels, up to a few of them."""
        if not self.count():
            return
        self.scheduleDelayedItemsLayout()
        self.executeDelayedItemsLayout()
        rects = [
            self.visualItemRect(item) for item in map(self.item, range(self.count())) if item is not None
        ]
        high = max(rect.height() for rect in rects) + 2
        lines = len({rect.top() for rect in rects})
        self.setFixedHeight(min(lines, _MOST_LINES) * high + 2 * self.frameWidth() + 4)


def swatch(colour: str | None) -> QIcon:
    """Return a square of a colour, "#rrggbb"; None: an empty one."""
    pixmap = QPixmap(_SWATCH, _SWATCH)
    pixmap.fill(Qt.GlobalColor.transparent if colour is None else QColor(colour))
    return QIcon(pixmap)
