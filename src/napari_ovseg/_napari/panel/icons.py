"""Small pictures for the table of categories: napari's own icons in a colour of the theme, and swatches."""

from __future__ import annotations

from qtpy.QtCore import QByteArray, QRectF, Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from qtpy.QtSvg import QSvgRenderer

# Twice what is shown, so that they stay sharp on dense screens.
_SIDE = 32


def drawn_icon(name: str, colour: QColor, selected: QColor | None = None) -> QIcon:
    """Return one of napari's icons, such as "lock", in a colour, and in that for the row that is chosen."""
    icon = _untinted(_drawn(name, colour))
    if selected is not None:
        icon.addPixmap(_drawn(name, selected), QIcon.Mode.Selected)
    return icon


def _drawn(name: str, colour: QColor) -> QPixmap:
    from napari.resources import get_colorized_svg, get_icon_path

    svg = get_colorized_svg(get_icon_path(name), colour.name())
    pixmap = _empty()
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, _SIDE, _SIDE))
    painter.end()
    return pixmap


def swatch(colour: QColor | None, edge: QColor) -> QIcon:
    """Return a square of a colour; None, the background, is crossed out."""
    pixmap = _empty()
    painter = QPainter(pixmap)
    painter.setPen(QPen(edge, 2))
    if colour is None:
        painter.drawLine(3, _SIDE - 3, _SIDE - 3, 3)
    else:
        painter.setBrush(colour)
    painter.drawRect(2, 2, _SIDE - 4, _SIDE - 4)
    painter.end()
    return _untinted(pixmap)


def _empty() -> QPixmap:
    pixmap = QPixmap(_SIDE, _SIDE)
    pixmap.fill(Qt.GlobalColor.transparent)
    return pixmap


def _untinted(pixmap: QPixmap) -> QIcon:
    icon = QIcon(pixmap)
    # Qt would tint the icon of a selected row.
    icon.addPixmap(pixmap, QIcon.Mode.Selected)
    return icon
