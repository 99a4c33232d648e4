"""A line of grey text, as wide as there is room for; all of it is in the tooltip."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QSizePolicy
from superqt import QElidingLabel

from napari_ovseg._napari.panel.long_words import tip as shown_whole
from napari_ovseg._napari.panel.theme_colours import QUIET, Tinted


class QuietLine(QElidingLabel):
    """One line, which is cut where there is no room for it."""

    def __init__(self) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        Tinted(self).set(QUIET)

    def say(self, text: str, tip: str = "") -> None:
        """Show a text; its tooltip says the same, or `tip`."""
        self.setText(text)
        self.setToolTip(shown_whole(tip or text))
