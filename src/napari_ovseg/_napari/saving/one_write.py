"""One write of work at a time, in the background, of which is told once what became of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any

from qtpy.QtCore import QObject

from napari_ovseg._napari.background import Background
from napari_ovseg._napari.saving.write import Write


class OneWrite(QObject):
    """Writes one thing while the window goes on, and waits for it where it can't.

    Parameters
    ----------
    then : callable
        ``then(write, error)`` on the main thread, `error` None where it is on the disk; it may begin another.
    parent : QObject
    """

    def __init__(self, then: Callable[[Write, BaseException | None], None], parent: QObject) -> None:
        super().__init__(parent)
        self._then = then
        self._background = Background(self)
        self._future: Future[Any] | None = None
        # what is being written
        self.write: Write | None = None

    def begin(self, write: Write | None) -> None:
        """Start to write, unless something is being written."""
        if write is not None and self.write is None:
            self.write = write
            self._future = self._background.start(write, self._tell)

    def finish(self) -> bool:
        """Wait for what is being written, and for what was begun in its stead; False when that failed."""
        error: BaseException | None = None
        while self._future is not None:
            future = self._future
            wait([future])
            self._tell(future)
            error = future.exception()
        return error is None

    def _tell(self, future: Future[Any]) -> None:
        """Tell of it once, though both `finish` and the thread do."""
        write = self.write
        if future is self._future and write is not None:
            self._future = self.write = None
            self._then(write, future.exception())
