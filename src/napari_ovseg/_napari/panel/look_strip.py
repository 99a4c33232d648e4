"""The looks that a run has tried, as small pictures: the one that was used is marked; a view only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QIcon, QImage, QPixmap
from qtpy.QtWidgets import QButtonGroup, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from napari_ovseg._napari.panel.quiet_line import QuietLine
from napari_ovseg.segmentation import TriedLook
from napari_ovseg.views.looks import AUTO

# six of them, with their frames, fit into a dock of 300
SIDE = 36
_HELP = "{}\nClick to show the picture to the model like this, and run again."
# napari's themes don't show which of several icons is checked
_MARKED = """
QToolButton { border: 2px solid transparent; padding: 1px; }
QToolButton:hover { border-color: palette(mid); }
QToolButton:checked { border-color: palette(highlight); }
"""
_AUTO_HELP = "Let the program find the look that suits the picture, and run again."


class LookStrip(QWidget):
    """One button a look; hidden where the model was shown the picture as it is and nothing else was tried.

    Signals
    -------
    taken(look)
        A person wants another look, or "auto".
    """

    taken = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.said = QuietLine()
        self._shown: tuple[Sequence[TriedLook], str] = ((), AUTO)
        self.buttons = QButtonGroup(self)
        self.buttons.setExclusive(False)
        self.auto = QToolButton()
        self.auto.setText(AUTO)
        self.auto.setToolTip(_AUTO_HELP)
        self.auto.clicked.connect(self._take_auto)
        self._row = QHBoxLayout()
        self._row.setSpacing(2)
        self._row.addStretch(1)
        line = QHBoxLayout()
        line.addWidget(self.said, 1)
        line.addWidget(self.auto)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(self._row)
        layout.addLayout(line)
        self.buttons.buttonClicked.connect(self._take)
        self.hide()

    def show_tried(self, tried: Sequence[TriedLook], chosen: str) -> None:
        """Show what a run has tried.

        Parameters
        ----------
        tried : sequence of TriedLook
            None hides the strip.
        chosen : str
            What a person has chosen: "auto", or a look.
        """
        if self._shown == (tried, chosen):
            return
        self._shown = (tried, chosen)
        for button in self.buttons.buttons():
            self.buttons.removeButton(button)
            self._row.removeWidget(button)
            button.deleteLater()
        for place, one in enumerate(tried):
            button = _button(one)
            self.buttons.addButton(button)
            self._row.insertWidget(place, button)
        self.auto.setVisible(chosen != AUTO)
        used = [one for one in tried if one.used]
        names = "; ".join(one.look for one in used)
        how = "chosen by hand" if chosen != AUTO else "sure" if all(one.sure for one in used) else "not sure"
        self.said.say(f"Look: {names} ({how})" if used else "")
        self.setVisible(bool(tried))

    def _take(self, button: QToolButton) -> None:
        # the mark goes over when a run has used the look
        button.setChecked(bool(button.property("used")))
        self.taken.emit(button.property("look"))

    def _take_auto(self) -> None:
        self.taken.emit(AUTO)


def _button(tried: TriedLook) -> QToolButton:
    button = QToolButton()
    button.setCheckable(True)
    button.setStyleSheet(_MARKED)
    button.setChecked(tried.used)
    button.setProperty("look", tried.look)
    button.setProperty("used", tried.used)
    button.setIcon(_icon(tried.thumbnail))
    button.setIconSize(QSize(SIDE, SIDE))
    button.setAccessibleName(tried.look)
    button.setToolTip(_HELP.format(tried.look.capitalize()))
    return button


def _icon(picture: np.ndarray) -> QIcon:
    """A picture ``(h, w, 3)``, uint8, cut to a square."""
    side = min(picture.shape[:2])
    top, left = ((length - side) // 2 for length in picture.shape[:2])
    square = picture[top : top + side, left : left + side]
    image = QImage(square.tobytes(), side, side, 3 * side, QImage.Format.Format_RGB888)
    return QIcon(QPixmap.fromImage(image).scaled(SIDE, SIDE, Qt.AspectRatioMode.KeepAspectRatio))
