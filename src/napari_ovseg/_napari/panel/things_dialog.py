"""The panel's things: what counts as one, and what was found; a view only."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_ovseg._napari.panel.thing_choices import ThingChoices
from napari_ovseg.export.plan import Options


class ThingsDialog(QDialog):
    """Asks what counts as a thing; stays open with what was found, so that other choices can follow.

    Parameters
    ----------
    before : Options
        As they were chosen last.

    Signals
    -------
    wanted(Options)
    """

    wanted = Signal(object)

    def __init__(self, before: Options, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Things")
        what = QLabel(
            "Each connected region of a category is a thing. They become a labels layer, one number each, "
            "with area, place and shape as its features."
        )
        fields = QFormLayout()
        self.choices = ThingChoices(fields, before)
        self.summary = QLabel()
        self.measure = QPushButton("Measure")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.buttons.addButton(self.measure, QDialogButtonBox.ButtonRole.ActionRole)
        self.measure.clicked.connect(lambda: self.wanted.emit(self.choices.options()))
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for text in (what, self.summary):
            text.setWordWrap(True)
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout.addWidget(what)
        layout.addLayout(fields)
        layout.addWidget(self.summary, 1)
        layout.addWidget(self.buttons)
        self.setMinimumWidth(420)

    def show_measuring(self) -> None:
        """Say that it is being done; nothing else can be asked meanwhile."""
        self.measure.setEnabled(False)
        self.say("Measuring...")

    def show_outcome(self, text: str) -> None:
        """Say what became of it."""
        self.measure.setEnabled(True)
        self.say(text)

    def say(self, text: str) -> None:
        """Show a text, and grow to it: Qt would squeeze the fields above it instead."""
        self.summary.setText(text)
        layout = self.layout()
        if layout is not None:
            layout.activate()
            self.resize(self.width(), max(self.height(), layout.totalHeightForWidth(self.width())))
