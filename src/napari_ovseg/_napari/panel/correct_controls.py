"""The row of buttons for the loop of correction; a view only."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QMenu, QPushButton, QToolButton, QVBoxLayout, QWidget


class CorrectControls(QWidget):
    """Update masks, live, next uncertain place, confidence and done.

    Signals
    -------
    update_anyway(all_slices)
        A person wants slices of a stack updated that have no new strokes: the one in view, or all.
    """

    update_anyway = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.update_masks = QPushButton("Update masks")
        self.update_masks.setToolTip(
            "Learn from what you have painted, everywhere in the picture. "
            "Your pixels stay; Ctrl+Z takes it back. Of a stack, all slices that you have painted in since "
            "their last update are taken."
        )
        self.more = QToolButton()
        self.more.setArrowType(Qt.ArrowType.DownArrow)
        self.more.setToolTip("Update slices without new strokes too.")
        # the arrow is the whole button: no second one for its menu
        self.more.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.more)
        self.in_view = QAction("Update the slice in view", menu)
        self.all_slices = QAction("Update all slices that were run", menu)
        menu.addActions([self.in_view, self.all_slices])
        self.in_view.triggered.connect(lambda: self.update_anyway.emit(False))
        self.all_slices.triggered.connect(lambda: self.update_anyway.emit(True))
        self.more.setMenu(menu)
        self.offer_slices(False)
        self.next_uncertain = QPushButton("Next uncertain")
        self.next_uncertain.setToolTip(
            "Move to the largest place where the masks are least sure, and say what is unsure there."
        )
        self.live = QCheckBox("live")
        self.live.setToolTip("Update by itself, a moment after each stroke.")
        self.confidence = QCheckBox("confidence")
        self.confidence.setToolTip(
            "Show where the masks are unsure: light there, nothing where they are sure."
        )
        self.done = QCheckBox("done")
        self.done.setToolTip("This picture, or this slice, is finished: no update changes it any more.")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for row in (
            (self.update_masks, self.more, self.next_uncertain),
            (self.live, self.confidence, self.done),
        ):
            line = QHBoxLayout()
            for control in row:
                line.addWidget(control)
            layout.addLayout(line)
        self.offer(corrections=False)

    def offer_slices(self, several: bool) -> None:
        """Show or hide what only a stack needs."""
        self.more.setVisible(several)

    def offer(self, *, corrections: bool, running: bool = False) -> None:
        """Enable what makes sense: with masks to correct, and while nothing runs."""
        self.update_masks.setEnabled(corrections and not running)
        self.more.setEnabled(corrections and not running)
        for control in (self.next_uncertain, self.live, self.confidence, self.done):
            control.setEnabled(corrections)
