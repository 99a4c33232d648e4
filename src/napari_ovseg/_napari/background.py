"""Work in one thread, by default of its own, of which the outcome arrives on the main thread."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from qtpy.QtCore import QObject, QTimer

_LOOK_EVERY_MS = 30


def single_shot(parent: QObject, action: Callable[[], None]) -> QTimer:
    """Return a timer that fires once each time it is started."""
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.timeout.connect(action)
    return timer


class Background(QObject):
    """Does one thing after the other; Python waits for the last one before it exits.

    The main thread looks whether work is done, so that the other one never has to touch Qt: the window may
    be gone by then. For the same reason it has a parent: Python may collect garbage in any thread.
    """

    def __init__(self, parent: QObject, thread: ThreadPoolExecutor | None = None) -> None:
        super().__init__(parent)
        self._thread = thread or ThreadPoolExecutor(1, "napari-ovseg")
        self._waiting: list[tuple[Future[Any], Callable[[Future[Any]], None]]] = []
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_EVERY_MS)
        self._timer.timeout.connect(self._look)

    def start(self, work: Callable[[], Any], then: Callable[[Future[Any]], None]) -> Future[Any]:
        """Start work that touches neither layers nor Qt, and call `then` with what became of it."""
        future = self._thread.submit(work)
        self._waiting.append((future, then))
        self._timer.start()
        return future

    def wait(self, seconds: float) -> None:
        """Wait for all that was started, so long at most, and tell what became of it."""
        wait([future for future, _then in self._waiting], seconds)
        self._look()

    def _look(self) -> None:
        done = [(future, then) for future, then in self._waiting if future.done()]
        self._waiting = [pair for pair in self._waiting if pair not in done]
        if not self._waiting:
            self._timer.stop()
        for future, then in done:
            try:
                then(future)
            except Exception as error:
                # told as what goes wrong in any slot of Qt; the others have nothing to do with it
                sys.excepthook(type(error), error, error.__traceback__)
