"""A training in a thread of its own: it leaves word of how far it is, and the window looks when it likes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from threading import Event
from typing import Any

from napari_ovseg._napari.jobs.engine import LOADING, Engine, default_engine
from napari_ovseg._napari.jobs.loading import loaded
from napari_ovseg._napari.jobs.time_left import Estimate
from napari_ovseg._napari.panel.training_kinds import Plan
from napari_ovseg.errors import Cancelled


@dataclass(frozen=True)
class Place:
    """How far a training is.

    Attributes
    ----------
    stage : str
    done, total : int
        Steps of the stage.
    before : int
        Those that an earlier run had done.
    seconds : float
        Since the stage began, when the last step was done.
    """

    stage: str
    done: int
    total: int
    before: int
    seconds: float

    def left(self, *, last: bool) -> Estimate | None:
        """Time left after the pace of this stage; what comes after it is not known, unless it is the last."""
        new = self.done - self.before
        if not new or not self.total:
            return None
        return Estimate(self.seconds * (self.total - self.done) / new, whole=last)


class Watched:
    """What both threads know of a training: one tells, the other one looks and may ask it to stop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._stop = Event()
        # replaced as a whole, as another thread reads it
        self.place = Place(LOADING, 0, 0, 0, 0.0)
        self.losses: list[float] = []

    def progress(self, stage: str, done: int, total: int) -> None:
        """Tell of progress."""
        now = self._clock()
        if stage != self.place.stage:
            self._began = now
            self.place = Place(stage, done, total, done, 0.0)
        else:
            self.place = replace(self.place, done=done, total=total, seconds=now - self._began)

    def on_loss(self, _step: int, loss: float) -> None:
        """Tell of the loss of the next step."""
        self.losses.append(loss)

    def stop(self) -> None:
        """Ask for the end."""
        self._stop.set()

    def should_stop(self) -> bool:
        """Whether that was asked for."""
        return self._stop.is_set()


def train(plan: Plan, watched: Watched, engine: Engine | None = None) -> Any:
    """Carry out a plan, in whichever thread this is called; returns what its kind of training returns.

    Raises
    ------
    Cancelled
        Once a stop was asked for; what is done is kept.
    OvsegError
        When it can't be done.
    """
    engine = engine or loaded(default_engine, watched.should_stop)
    learn = loaded(plan.kind.learn, watched.should_stop)
    # all that imports or loads does so one after the other; the training then finds it loaded
    load = partial(engine.load_model, plan.teacher, progress=partial(_fetching, watched))
    loaded(load, watched.should_stop)
    return learn(
        plan.folder,
        teacher=plan.teacher,
        output=plan.output,
        steps=plan.steps,
        progress=watched.progress,
        should_stop=watched.should_stop,
        on_loss=watched.on_loss,
    )


def _fetching(watched: Watched, stage: str, done: int, total: int) -> None:
    """Tell how much of the weights is there; a stop takes effect here too."""
    if watched.should_stop():
        raise Cancelled("Stopped.")
    watched.progress(stage, done, total)
