"""One job at a time in a background thread; its events arrive on the main thread, and wait for a stroke."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from typing import Any

from napari.qt.threading import GeneratorWorker, create_worker
from qtpy.QtCore import QObject, QTimer, Signal, Slot

from napari_ovseg._napari.jobs.events import Failed, Finished

Emit = Callable[[Any], None]
ShouldStop = Callable[[], bool]

# While a stroke is being painted, what a job brings has to wait.
_RETRY_MS = 50


class Runner(QObject):
    """Runs one job at a time in the background and passes on its events, on the main thread.

    Parameters
    ----------
    wait : callable
        ``wait() -> bool``: whether events have to wait, since what they bring would become part of a stroke
        that is being painted.
    """

    started = Signal(int)
    happened = Signal(object)
    idle = Signal()

    def __init__(self, wait: Callable[[], bool] = lambda: False) -> None:
        super().__init__()
        self._wait = wait
        self._numbers = 0
        self._current: int | None = None
        self._worker: GeneratorWorker | None = None
        self._held: deque[Any] = deque()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._pass_on_held)

    @property
    def busy(self) -> bool:
        """Whether a worker is at work, be it only to wind up a job that was stopped, or events wait."""
        return self._worker is not None or bool(self._held)

    def next_number(self) -> int:
        self._numbers += 1
        return self._numbers

    def start(self, number: int, steps: Callable[[Emit, ShouldStop], Generator[Any, None, None]]) -> None:
        """Run a job in a background thread: a generator of events that carry its number."""
        box: list[GeneratorWorker] = []
        worker = create_worker(
            steps,
            # The same queued signal as a yield, so that events arrive in order and on the main thread.
            lambda event: box[0].yielded.emit(event),
            lambda: box[0].abort_requested,
            _ignore_errors=True,
        )
        box.append(worker)
        worker.yielded.connect(self._arrived)
        worker.finished.connect(self._wind_up)
        self._worker, self._current = worker, number
        self.started.emit(number)
        worker.start()

    def stop(self) -> None:
        """Drop the current job: nothing more of it is passed on, and its thread ends at its next step."""
        self._current = None
        if self._worker is not None:
            self._worker.quit()

    @Slot(object)
    def _arrived(self, event: Any) -> None:
        self._held.append(event)
        self._pass_on_held()

    @Slot()
    def _pass_on_held(self) -> None:
        """Pass on what has arrived, in order, as soon as no stroke is being painted.

        One event in a turn, so that the window is drawn between what two of them bring.
        """
        self._timer.stop()
        if self._held and self._held[0].number == self._current and self._wait():
            self._timer.start(_RETRY_MS)
            return
        if self._held:
            self._pass_on(self._held.popleft())
        if self._held:
            self._timer.start(0)
        elif self._worker is None:
            self.idle.emit()

    def _pass_on(self, event: Any) -> None:
        if event.number == self._current:
            if isinstance(event, Finished | Failed):
                self._current = None
            self.happened.emit(event)

    @Slot()
    def _wind_up(self) -> None:
        self._worker = None
        if not self._held:
            self.idle.emit()
