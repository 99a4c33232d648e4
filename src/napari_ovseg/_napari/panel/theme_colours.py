"""Colours that can be read on the theme that is on, as told by the palette that napari gives a widget."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject
from qtpy.QtGui import QColor, QPalette
from qtpy.QtWidgets import QWidget

PROBLEM = QColor("#e06c5f")
QUIET = QColor("#808080")
# What WCAG 2.2 asks of text, and of what is drawn and has a meaning.
TEXT_CONTRAST, ICON_CONTRAST = 4.5, 3.0
_THEME_CHANGES = (QEvent.Type.PaletteChange, QEvent.Type.StyleChange)


def contrast(one: QColor, other: QColor) -> float:
    """Return the contrast of two colours as WCAG has it, from 1 (the same) to 21 (black on white)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def readable(colour: QColor, *backgrounds: QColor, least: float = TEXT_CONTRAST) -> QColor:
    """Return a colour, made as much lighter or darker as it takes to be read on all of these."""
    ends = (QColor("black"), QColor("white"))
    end = max(ends, key=lambda end: min(contrast(end, ground) for ground in backgrounds))
    for step in range(101):
        mixed = _mixed(colour, end, step / 100)
        if all(contrast(mixed, ground) >= least for ground in backgrounds):
            return mixed
    return end


def changes_theme(event: QEvent | None) -> bool:
    """Whether an event of a widget tells that its colours may be others now."""
    return event is not None and event.type() in _THEME_CHANGES


class Tinted(QObject):
    """Gives the text of a widget a colour that can be read, on the next theme too.

    Parameters
    ----------
    widget : QWidget
        Has no style sheet of its own.
    """

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self._colour: QColor | None = None
        widget.installEventFilter(self)

    def set(self, colour: QColor | None) -> None:
        """Take a colour, or None for that of all other text."""
        self._colour = colour
        self._apply()

    def eventFilter(self, widget: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Follow the theme."""
        if changes_theme(event):
            self._apply()
        return super().eventFilter(widget, event)

    def _apply(self) -> None:
        style = ""
        if self._colour is not None:
            ground = self._widget.palette().color(QPalette.ColorRole.Window)
            # of no other class: what a widget's own style says holds for its tooltip too
            kind = type(self._widget).__name__
            style = f".{kind} {{ color: {readable(self._colour, ground).name()}; }}"
        # setting it is a change of the style too
        if style != self._widget.styleSheet():
            self._widget.setStyleSheet(style)


def _luminance(colour: QColor) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (colour.redF(), colour.greenF(), colour.blueF())
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _mixed(one: QColor, other: QColor, share: float) -> QColor:
    parts = zip((one.red(), one.green(), one.blue()), (other.red(), other.green(), other.blue()), strict=True)
    return QColor(*(round(a + (b - a) * share) for a, b in parts))
