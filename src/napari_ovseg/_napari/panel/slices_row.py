"""Which slices of a stack to run; a view only."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QSpinBox, QVBoxLayout, QWidget

from napari_ovseg.errors import InputError

IN_VIEW, ALL, RANGE = "the slice in view", "all slices", "a range"


class SlicesRow(QWidget):
    """The slice in view, all, or a range along the first axis of the stack."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scope = QComboBox()
        self.scope.addItems([IN_VIEW, ALL, RANGE])
        self.scope.setToolTip(
            "Which slices Run works on. Update masks takes those that you have painted in since."
        )
        self.first, self.last = QSpinBox(), QSpinBox()
        self._range = QWidget()
        line = QHBoxLayout(self._range)
        line.setContentsMargins(0, 0, 0, 0)
        for box in (self.first, self.last):
            # napari's buttons, and its least width, would make the whole panel wider
            box.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
            box.setStyleSheet("min-width: 36px;")
            box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            line.addWidget(box, 1)
        line.insertWidget(1, QLabel("to"))
        self._lengths: tuple[int, ...] = ()
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(self.scope)
        rows.addWidget(self._range)
        self.scope.currentTextChanged.connect(self._show_range)
        self._show_range(IN_VIEW)

    def offer(self, lengths: Sequence[int]) -> None:
        """Offer the slices of a stack with these lengths along its axes."""
        if tuple(lengths) == self._lengths:
            return
        self._lengths = tuple(lengths)
        highest = lengths[0] - 1 if lengths else 0
        for box in (self.first, self.last):
            box.setRange(0, highest)
            box.setToolTip(f"From 0 to {highest}, as on the slider.")
        self.first.setValue(0)
        self.last.setValue(highest)

    def positions(self, in_view: tuple[int, ...]) -> list[tuple[int, ...]]:
        """Positions of the chosen slices.

        Parameters
        ----------
        in_view : tuple of int
            Where the sliders stand.

        Raises
        ------
        InputError
            When the range ends before it begins.
        """
        scope = self.scope.currentText()
        if not in_view or scope == IN_VIEW or self.isHidden():
            return [in_view]
        if scope == ALL:
            return list(product(*map(range, self._lengths)))
        if self.first.value() > self.last.value():
            raise InputError(
                f"The range from {self.first.value()} to {self.last.value()} is empty: exchange its ends."
            )
        return [(first, *in_view[1:]) for first in range(self.first.value(), self.last.value() + 1)]

    def _show_range(self, scope: str) -> None:
        self._range.setVisible(scope == RANGE)
