"""The loss of each step of a training, drawn as it comes; a view only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_ovseg._napari.panel.theme_colours import ICON_CONTRAST, QUIET, readable

# a mean over so many steps, as on the card of a trained model, and over fewer where there are few
MEAN_OF = 20
_SHARE = 20
_CURVE = QColor("#4c9be8")
_EDGE = 6
_HELP = (
    f"The loss of each step (thin), and the mean of up to {MEAN_OF} steps (thick): how far the model is "
    "from what it is to learn. It falls as long as the model learns."
)


class LossCurve(QWidget):
    """A curve with its highest and lowest value, over all steps that there will be."""

    def __init__(self) -> None:
        super().__init__()
        self._losses: NDArray[np.float64] = np.zeros(0)
        self._steps = 0
        self.setAccessibleName("Loss of each step")
        self.setToolTip(_HELP)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.MinimumExpanding)

    def sizeHint(self) -> QSize:  # noqa: N802
        """As high as some lines of text."""
        return QSize(300, 8 * self.fontMetrics().lineSpacing())

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """High enough for its values."""
        return QSize(120, 5 * self.fontMetrics().lineSpacing())

    def show_losses(self, losses: Sequence[float], steps: int) -> None:
        """Draw the losses of the first steps, of so many."""
        if len(losses) != len(self._losses) or steps != self._steps:
            self._losses, self._steps = np.asarray(losses, float), steps
            self.update()

    @property
    def shown(self) -> int:
        """How many steps are drawn."""
        return len(self._losses)

    def paintEvent(self, _event: QPaintEvent | None) -> None:  # noqa: N802
        """Draw all of it, in the colours of the theme."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = self.palette().color(QPalette.ColorRole.Window)
        quiet = readable(QUIET, ground)
        painter.setPen(quiet)
        if not len(self._losses):
            words = "The loss of each step will be drawn here."
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, words)
            return
        room = self._room()
        painter.drawPolyline(QPolygonF([room.topLeft(), room.bottomLeft(), room.bottomRight()]))
        self._write(painter, room)
        colour = readable(_CURVE, ground, least=ICON_CONTRAST)
        thin = QColor(colour)
        thin.setAlphaF(0.45)
        painter.setPen(QPen(thin, 1))
        painter.drawPolyline(self._line(self._losses, room))
        painter.setPen(QPen(colour, 2))
        over = min(max(self._steps // _SHARE, 1), MEAN_OF)
        painter.drawPolyline(self._line(running_mean(self._losses, over), room))

    def _room(self) -> QRectF:
        """Where the curve goes: beside and above what is written."""
        text = self.fontMetrics()
        left = text.horizontalAdvance("0.0000") + 2 * _EDGE
        high = self.height() - text.lineSpacing() - 3 * _EDGE
        return QRectF(left, _EDGE, max(self.width() - left - _EDGE, 1), max(high, 1))

    def _write(self, painter: QPainter, room: QRectF) -> None:
        line = self.fontMetrics().lineSpacing()
        right, left = Qt.AlignmentFlag.AlignRight, Qt.AlignmentFlag.AlignLeft
        beside = room.left() - _EDGE
        low, high = float(self._losses.min()), float(self._losses.max())
        for value, top in ((high, room.top() - _EDGE / 2), (low, room.bottom() - line + _EDGE / 2)):
            painter.drawText(QRectF(0, top, beside, line), right, f"{value:.4f}")
        below = QRectF(room.left(), room.bottom() + _EDGE, room.width(), line)
        painter.drawText(below, left, "step 1")
        painter.drawText(below, right, str(self._steps))

    def _line(self, values: NDArray[np.float64], room: QRectF) -> QPolygonF:
        low, high = float(self._losses.min()), float(self._losses.max())
        across = room.left() + room.width() * np.arange(len(values)) / max(self._steps - 1, 1)
        up = (values - low) / (high - low) if high > low else np.full(len(values), 0.5)
        down = room.bottom() - (room.height() - _EDGE) * up
        return QPolygonF([QPointF(x, y) for x, y in zip(across, down, strict=True)])


def running_mean(losses: NDArray[np.float64], over: int) -> NDArray[np.float64]:
    """Return, for each step, the mean of the last ones, so many at most.

    Examples
    --------
    >>> running_mean(np.array([4.0, 2.0, 6.0]), 2).tolist()
    [4.0, 3.0, 4.0]
    """
    sums = np.cumsum(losses)
    sums[over:] -= sums[:-over].copy()
    return sums / np.minimum(np.arange(1, len(losses) + 1), over)
