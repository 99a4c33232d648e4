"""How large things are: a field for one size or one for each name, a button to measure one; a view only."""

from __future__ import annotations

from dataclasses import replace

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QSizePolicy, QVBoxLayout, QWidget
from superqt import QElidingLabel

from napari_ovseg._napari.panel.theme_colours import PROBLEM, QUIET, Tinted
from napari_ovseg.errors import InputError
from napari_ovseg.views.sizes import Length, parse_sizes, readable_sizes

_HELP = (
    "How wide one of the things is, about: the picture is then shown to the model so that they are as large "
    'as it knows them best.\n"40" or "40 px" is pixels, "12 um" a length, "nuclei 40, cells 120" a size for '
    "each name."
)
_EXAMPLE = "such as: nuclei 40, cells 12 um"
_DRAW = "draw a line across one of them"
_MEASURE_HELP = (
    "Draw a line across one of the things in the picture: its length becomes the size. Click again to stop."
)


class SizeRow(QWidget):
    """A field and a button, and a line that keeps its height and says how what is typed is read.

    Signals
    -------
    changed()
        Something else is typed.
    measuring(wanted)
        A person wants to draw a line, or doesn't any more.
    """

    changed = Signal()
    measuring = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.field = QLineEdit()
        self.field.setPlaceholderText("not said")
        self.field.setClearButtonEnabled(True)
        self.field.setToolTip(_HELP)
        self.said = QElidingLabel()
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        self.said.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._tint = Tinted(self.said)
        self.measure = QPushButton("Measure")
        self.measure.setCheckable(True)
        self.measure.setToolTip(_MEASURE_HELP)
        self.measure.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        line = QHBoxLayout()
        line.addWidget(self.field, 1)
        line.addWidget(self.measure)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(line)
        layout.addWidget(self.said)
        self.field.textChanged.connect(self._read)
        self.field.textChanged.connect(self.changed)
        # what hears of measuring may refuse it, and say why in place of what is read
        self.measure.toggled.connect(self._read)
        self.measure.toggled.connect(self.measuring)
        self._read()

    @property
    def text(self) -> str:
        """What is typed."""
        return self.field.text()

    def take(self, text: str) -> None:
        """Show other sizes."""
        self.field.setText(text)

    def take_measured(self, length: Length) -> None:
        """Take a length for all names that have no size of their own that can be read, and end measuring."""
        self.take(str(replace(readable_sizes(self.text), of_all=length)))
        self.stop()

    def stop(self) -> None:
        """End measuring."""
        self.measure.setChecked(False)

    def refuse(self, why: str) -> None:
        """End measuring and say why, until something else is typed or wanted."""
        self.stop()
        self._say(why, PROBLEM)

    def _read(self) -> None:
        """Say how what is typed is read, or why it can't be, or what is to be done."""
        try:
            said, colour = str(parse_sizes(self.text)) or _EXAMPLE, QUIET
        except InputError as error:
            said, colour = str(error), PROBLEM
        if self.measure.isChecked():
            said, colour = _DRAW, QUIET
        self._say(said, colour)

    def _say(self, said: str, colour: QColor | None) -> None:
        self._tint.set(colour)
        self.said.setText(said)
        self.said.setToolTip(said)
