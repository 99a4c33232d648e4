"""What a panel leaves outside of itself, in the viewer and in napari, which outlive it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from qtpy.QtCore import QObject


class Outside(QObject):
    """Remembers what a part of a panel has to take back once the panel is closed.

    A closed panel is not deleted at once: without this it would go on hearing the viewer.

    Parameters
    ----------
    part : QObject
        A part of the panel, which finds it by that.
    """

    def __init__(self, part: QObject) -> None:
        super().__init__(part)
        self._ends: list[Callable[[], object]] = []

    def hear(self, emitter: Any, callback: Callable[..., object], **how: Any) -> None:
        """Connect to one of napari's events until the panel is closed."""
        emitter.connect(callback, **how)
        self.at_end(partial(emitter.disconnect, callback))

    def at_end(self, act: Callable[[], object]) -> None:
        """Do this too when the panel is closed, before what was said earlier."""
        self._ends.append(act)

    def end(self) -> None:
        """Take all of it back."""
        while self._ends:
            self._ends.pop()()
