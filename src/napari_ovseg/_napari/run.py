"""One run in the background: load the model, read the slice, segment it, and report what happened.

The worker thread sees plain data only (a :class:`Request`); whatever it has to tell arrives on the main
thread as an event that carries the run's number, so that what is left of a stopped run can be dropped.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.qt.threading import GeneratorWorker, create_worker
from qtpy.QtCore import QObject, QTimer, Signal, Slot

from napari_ovseg._napari.torch_loading import TORCH_ADVICE, load_torch
from napari_ovseg.annotation.found import found_by, ids_in, renumbered
from napari_ovseg.categories import Category, format_categories
from napari_ovseg.errors import Cancelled, OvsegError

if TYPE_CHECKING:
    from napari_ovseg._napari.source import Source
    from napari_ovseg.annotation import SliceAnnotation
    from napari_ovseg.annotation.label_table import LabelTable
    from napari_ovseg.segmentation import Segmentation

Position = tuple[int, ...]
Emit = Callable[[Any], None]
ShouldStop = Callable[[], bool]

CANCELLED = "Cancelled; the layers are as they were."
LOADING = "Loading the model"
READING = "Reading the picture"

# More events than this only make the window slower; the last event of a stage is always sent.
_SECONDS_BETWEEN_EVENTS = 0.05
# While a stroke is being painted, what a job brings has to wait.
_RETRY_MS = 50


@dataclass(frozen=True)
class Request:
    """Everything a run needs, gathered on the main thread.

    Attributes
    ----------
    number : int
    sources : tuple of Source
        The slices to segment, in order.
    categories : tuple of Category
    table : LabelTable
        The ids of the categories, and of others that a person has painted.
    model, preset, device, checkpoint
        As in `load_model` and `segment`.
    earlier : dict of tuple of int to SliceAnnotation
        Slices that hold corrections, in the ids of `table`.
    """

    number: int
    sources: tuple[Source, ...]
    categories: tuple[Category, ...]
    table: LabelTable
    model: str
    preset: str
    device: str
    checkpoint: Path | None = None
    earlier: Mapping[Position, SliceAnnotation] = field(default_factory=dict)

    @property
    def background(self) -> Category | None:
        """The words for what is not wanted."""
        return next((category for category in self.categories if category.background), None)

    @property
    def settings(self) -> dict[str, Any]:
        """What is worth keeping with the result; what JSON can hold."""
        return {
            "names": format_categories(self.categories),
            "model": self.model,
            "checkpoint": None if self.checkpoint is None else str(self.checkpoint),
            "preset": self.preset,
            "device": self.device,
        }


@dataclass(frozen=True)
class Progressed:
    """How far a stage is, in the slice numbered `done_before` from 0."""

    number: int
    stage: str
    done: int
    total: int
    done_before: int = 0


@dataclass(frozen=True)
class PseudoLabelled:
    number: int
    source: Source
    labels: np.ndarray


@dataclass(frozen=True)
class Segmented:
    """One slice is finished; with what updates of it start from, where that was learnt already."""

    number: int
    source: Source
    piece: SliceAnnotation
    learner: Any = None


@dataclass(frozen=True)
class Finished:
    number: int


@dataclass(frozen=True)
class Failed:
    """A run that ended early: why, in one sentence; `error` is set when it is our own mistake."""

    number: int
    message: str
    error: Exception | None = None


@dataclass(frozen=True)
class Engine:
    """What runs and updates call; by default the package's own, imported when they are first needed."""

    load_model: Callable[..., Any]
    segment: Callable[..., Segmentation]
    single_image: Callable[..., Any]


def default_engine() -> Engine:
    """Import PyTorch and the method; only the worker thread has the time for it."""
    load_torch()
    from napari_ovseg.clip.loading import load_model
    from napari_ovseg.pipeline import segment
    from napari_ovseg.single_image import SingleImage

    return Engine(load_model, segment, SingleImage)


def run_steps(
    request: Request, engine: Engine | None, emit: Emit, should_stop: ShouldStop
) -> Generator[Any, None, None]:
    """Carry out a request in the worker thread; yields and emits events, and never raises."""
    number = request.number
    try:
        yield Progressed(number, LOADING, 0, 0)
        engine = engine or default_engine()
        progress = _throttled(lambda *step: emit(Progressed(number, *step)), should_stop)
        model = engine.load_model(
            request.model, checkpoint=request.checkpoint, device=request.device, progress=progress
        )
        for done_before, source in enumerate(request.sources):
            yield Progressed(number, READING, 0, 0, done_before)
            yield _segment(request, source, engine, model, done_before, emit, should_stop)
        yield Finished(number)
    except Exception as error:
        yield failure(number, error)


def _segment(
    request: Request,
    source: Source,
    engine: Engine,
    model: Any,
    done_before: int,
    emit: Emit,
    should_stop: ShouldStop,
) -> Segmented:
    """One slice, with what a person has painted in it learnt and held."""
    number, table = request.number, request.table
    ids = ids_in(table, request.categories)
    picture = source.picture()
    result = engine.segment(
        picture,
        request.categories,
        model=model,
        preset=request.preset,
        progress=_throttled(
            lambda stage, done, total: emit(Progressed(number, stage, done, total, done_before)), should_stop
        ),
        should_stop=should_stop,
        on_pseudo_labels=lambda labels, confidence: emit(
            PseudoLabelled(number, source, renumbered(labels, ids, table))
        ),
    )
    piece = found_by(result, table)
    earlier = request.earlier.get(source.placement.position)
    # of a stack, only the slices that hold corrections are likely to be updated soon
    if piece.state is None or (earlier is None and len(request.sources) > 1):
        return Segmented(number, source, piece)
    edges = result.stages.get("edges")
    learner = engine.single_image(picture, piece.state, edges=edges, should_stop=should_stop)
    if earlier is None:
        return Segmented(number, source, piece, learner)
    updated = learner.update(earlier.masks, earlier.human, locked=table.locked, should_stop=should_stop)
    masks, confidence = updated.masks, updated.confidence
    piece = replace(piece, masks=masks, human=earlier.human, confidence=confidence)
    return Segmented(number, source, piece, learner)


def failure(number: int, error: Exception) -> Failed:
    """Say in one sentence why a run or an update ended early."""
    if isinstance(error, Cancelled):
        return Failed(number, CANCELLED)
    if isinstance(error, OvsegError):
        return Failed(number, str(error))
    if isinstance(error, ImportError | OSError):
        advice = TORCH_ADVICE if "torch" in str(error).lower() else "{error}"
        return Failed(number, advice.format(error=error), error)
    # Anything else is our mistake; a RuntimeError in particular would be swallowed by the worker class.
    return Failed(number, f"Something went wrong that should not ({type(error).__name__}: {error}).", error)


def _throttled(
    report: Callable[[str, int, int], None], should_stop: ShouldStop
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
    """Runs one job at a time in the background and passes on its events, on the main thread.

    Parameters
    ----------
    wait : callable
        ``wait() -> bool``: whether events have to wait, since what they bring would become part of a stroke
        that is being painted.
    """

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
        self._timer.setInterval(_RETRY_MS)
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
        """Pass on what has arrived, in order, as soon as no stroke is being painted."""
        self._timer.stop()
        while self._held:
            if self._held[0].number == self._current and self._wait():
                self._timer.start()
                return
            self._pass_on(self._held.popleft())
        if self._worker is None:
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
