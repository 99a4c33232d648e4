"""One run in the background: load the model, read the slice, segment it, and report what happened.

The worker thread sees plain data only (a :class:`Request`); whatever it has to tell arrives on the main
thread as an event that carries the run's number, so that what is left of a stopped run can be dropped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.qt.threading import GeneratorWorker, create_worker
from qtpy.QtCore import QObject, Signal, Slot

from napari_ovseg._napari.torch_loading import TORCH_ADVICE, load_torch
from napari_ovseg.errors import Cancelled, OvsegError

if TYPE_CHECKING:
    from napari_ovseg._napari.source import Source
    from napari_ovseg.categories import Category
    from napari_ovseg.pipeline import Segmentation

LOADING = "Loading the model"
READING = "Reading the picture"

# More events than this only make the window slower; the last event of a stage is always sent.
_SECONDS_BETWEEN_EVENTS = 0.05


@dataclass(frozen=True)
class Request:
    """Everything a run needs, gathered on the main thread."""

    number: int
    source: Source
    categories: tuple[Category, ...]
    model: str
    preset: str
    device: str
    checkpoint: Path | None = None


@dataclass(frozen=True)
class Progressed:
    number: int
    stage: str
    done: int
    total: int


@dataclass(frozen=True)
class PseudoLabelled:
    number: int
    labels: np.ndarray


@dataclass(frozen=True)
class Finished:
    number: int
    result: Segmentation


@dataclass(frozen=True)
class Failed:
    """A run that ended without a result: why, in one sentence; `error` is set when it is our own mistake."""

    number: int
    message: str
    error: Exception | None = None


@dataclass(frozen=True)
class Engine:
    """What a run calls; by default the package's own, imported when the first run needs them."""

    load_model: Callable[..., Any]
    segment: Callable[..., Segmentation]


def default_engine() -> Engine:
    """Import PyTorch and the method; only the worker thread has the time for it."""
    load_torch()
    from napari_ovseg.clip.loading import load_model
    from napari_ovseg.pipeline import segment

    return Engine(load_model, segment)


def run_steps(
    request: Request, engine: Engine | None, emit: Callable[[Any], None], should_stop: Callable[[], bool]
) -> Generator[Any, None, None]:
    """Carry out a request in the worker thread; yields and emits events, and never raises."""
    number = request.number
    progress = _throttled(lambda *step: emit(Progressed(number, *step)), should_stop)
    try:
        yield Progressed(number, LOADING, 0, 0)
        engine = engine or default_engine()
        model = engine.load_model(
            request.model, checkpoint=request.checkpoint, device=request.device, progress=progress
        )
        yield Progressed(number, READING, 0, 0)
        picture = request.source.picture()
        result = engine.segment(
            picture,
            request.categories,
            model=model,
            preset=request.preset,
            progress=progress,
            should_stop=should_stop,
            on_pseudo_labels=lambda labels, confidence: emit(PseudoLabelled(number, np.array(labels))),
        )
        yield Finished(number, result)
    except Cancelled:
        yield Failed(number, "Cancelled; the layers are as they were.")
    except OvsegError as error:
        yield Failed(number, str(error))
    except (ImportError, OSError) as error:
        advice = TORCH_ADVICE if "torch" in str(error).lower() else "{error}"
        yield Failed(number, advice.format(error=error), error)
    except Exception as error:
        # Anything else is our mistake; a RuntimeError in particular would be swallowed by the worker class.
        yield Failed(
            number, f"Something went wrong that should not ({type(error).__name__}: {error}).", error
        )


def _throttled(
    report: Callable[[str, int, int], None], should_stop: Callable[[], bool]
) -> Callable[[str, int, int], None]:
    """Thin out progress reports; a stop asked for while weights are being fetched takes effect here."""
    last: dict[str, float] = {}

    def progress(stage: str, done: int, total: int) -> None:
        if should_stop():
            raise Cancelled("Stopped.")
        now = time.monotonic()
        if done >= total or now - last.get(stage, -1.0) >= _SECONDS_BETWEEN_EVENTS:
            last[stage] = now
            report(stage, done, total)

    return progress


class Runner(QObject):
    """Starts runs one at a time and passes on the events of the current one, on the main thread."""

    happened = Signal(object)
    idle = Signal()

    def __init__(self, engine: Engine | None = None) -> None:
        super().__init__()
        self._engine = engine
        self._numbers = 0
        self._current: int | None = None
        self._worker: GeneratorWorker | None = None

    @property
    def busy(self) -> bool:
        """Whether a worker is at work, be it only to wind up a run that was stopped."""
        return self._worker is not None

    def next_number(self) -> int:
        self._numbers += 1
        return self._numbers

    def start(self, request: Request) -> None:
        """Run a request in a background thread."""
        box: list[GeneratorWorker] = []
        worker = create_worker(
            run_steps,
            request,
            self._engine,
            # The same queued signal as a yield, so that events arrive in order and on the main thread.
            lambda event: box[0].yielded.emit(event),
            lambda: box[0].abort_requested,
            _ignore_errors=True,
        )
        box.append(worker)
        worker.yielded.connect(self._pass_on)
        worker.finished.connect(self._wind_up)
        self._worker, self._current = worker, request.number
        worker.start()

    def stop(self) -> None:
        """Drop the current run: nothing more of it is passed on, and its thread ends at its next step."""
        self._current = None
        if self._worker is not None:
            self._worker.quit()

    @Slot(object)
    def _pass_on(self, event: Any) -> None:
        if event.number == self._current:
            if isinstance(event, Finished | Failed):
                self._current = None
            self.happened.emit(event)

    @Slot()
    def _wind_up(self) -> None:
        self._worker = None
        self.idle.emit()
