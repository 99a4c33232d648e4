"""Runs of the model: started, followed on the main thread, and taken back where they do not finish."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_ovseg._napari.jobs.continued import Earlier
from napari_ovseg._napari.jobs.engine import READING, Engine
from napari_ovseg._napari.jobs.events import (
    Failed,
    Finished,
    Progressed,
    PseudoLabelled,
    Segmented,
    with_what_is_kept,
)
from napari_ovseg._napari.jobs.outcome import Outcome
from napari_ovseg._napari.jobs.run import Request, run_steps
from napari_ovseg._napari.jobs.runner import Runner
from napari_ovseg._napari.jobs.time_left import TimeLeft, spoken

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

    from napari_ovseg.annotation.annotation import Position


class Runs(QObject):
    """One run at a time.

    Signals
    -------
    started(model, device)
    segmented(Segmented, Annotated)
        A slice is finished, and in these layers.
    progressed(stage, done, total, time_left)
    ended(message, is_error)
        Nothing more comes of this run.
    """

    started = Signal(str, str)
    segmented = Signal(object, object)
    progressed = Signal(str, object, object, str)
    ended = Signal(str, bool)

    def __init__(self, viewer: ViewerModel, runner: Runner, engine: Engine | None = None) -> None:
        super().__init__()
        self.viewer = viewer
        self._runner, self._engine = runner, engine
        self._time_left = TimeLeft()
        self._outcome: Outcome | None = None
        runner.happened.connect(self._on_event)

    @property
    def image(self) -> Image | None:
        """The picture of the run under way."""
        return None if self._outcome is None else self._outcome.image

    def start(self, image: Image, request: Request, earlier: Earlier | None) -> None:
        """Start a run, which goes on with earlier work on the picture."""
        self._outcome = Outcome(self.viewer, image, request, earlier)
        slices = len(request.sources)
        chosen = request.settings
        self._time_left.start((chosen.model, chosen.preset, chosen.method, chosen.device), slices)
        self.started.emit(chosen.model, chosen.device)
        self._runner.start(request.number, partial(run_steps, request, self._engine))

    def stop(self, message: str, *, error: bool = False) -> None:
        """End the run: slices that are finished are kept, one that is not is taken back."""
        outcome, self._outcome = self._outcome, None
        self._runner.stop()
        if outcome is not None:
            outcome.roll_back()
            kept, slices = len(outcome.records), len(outcome.request.sources)
            self.ended.emit(with_what_is_kept(message, kept, slices), error)

    def _on_event(self, event: Any) -> None:
        outcome = self._outcome
        if outcome is None or event.number != outcome.request.number:
            return
        if isinstance(event, Progressed):
            self._tell(event, [source.placement.position for source in outcome.request.sources])
        elif isinstance(event, PseudoLabelled):
            outcome.show_pseudo_labels(event.source, event.labels)
        elif isinstance(event, Segmented):
            self._time_left.finish_slice()
            annotated = outcome.show_slice(event.source, event.piece)
            if annotated is not None:
                self.segmented.emit(event, annotated)
        elif isinstance(event, Finished):
            self._outcome = None
            self.ended.emit(outcome.message(), False)
        elif isinstance(event, Failed):
            self.stop(event.message, error=True)
            if event.error is not None:
                report(event.error)

    def _tell(self, event: Progressed, positions: list[Position]) -> None:
        if event.stage == READING:
            self._time_left.begin_slices()
        left = self._time_left.left(event.stage, event.done, event.total)
        self.progressed.emit(event.told(positions), event.done, event.total, spoken(left))


def report(error: Exception) -> None:
    from napari.utils.notifications import notification_manager

    notification_manager.receive_error(type(error), error, error.__traceback__)
