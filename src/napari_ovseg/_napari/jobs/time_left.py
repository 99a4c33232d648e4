"""Estimate how long a job still takes, from its pace and from the stages that earlier ones went through."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """Seconds left of a job; not `whole`, some of what comes is not known, so that it takes longer."""

    seconds: float
    whole: bool = True


class TimeLeft:
    """Time left of a job of one or several slices, whose stages are not known beforehand.

    The stage under way is extrapolated from its own pace. What comes after it is known from an earlier slice,
    of this job or of one with the same settings. Before there was any, each slice to come is expected to take
    as long as the one under way will have taken by the end of its stage, which is the least it can take.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # stages of a slice, and those before the first
        self._known: dict[object, dict[str, float]] = {}
        self._known_before: dict[object, dict[str, float]] = {}
        self._took: dict[str, float] = {}
        self._stage: str | None = None
        self.start(None)

    def start(self, settings: object, slices: int = 1) -> None:
        """Begin a job; slices of jobs with equal settings are expected to take equally long."""
        self._settings, self._slices = settings, slices
        self._done = 0
        self._preparing = True
        self._begin()

    def begin_slices(self) -> None:
        """What was done before the first slice is over, such as loading a model."""
        if self._preparing:
            self._close_stage()
            self._known_before[self._settings] = self._took
            self._preparing = False
            self._begin()

    def finish_slice(self) -> None:
        """Remember how long the stages of a slice took; the next one begins."""
        self._close_stage()
        self._known[self._settings] = self._took
        self._done += 1
        self._preparing = False
        self._begin()

    def left(self, stage: str, done: int, total: int) -> Estimate | None:
        """Time left after `done` of `total` steps of a stage, None while that can't be told."""
        if stage != self._stage:
            self._close_stage()
            self._stage = stage
        spent = self._clock() - self._since
        slice_known = self._known.get(self._settings, {})
        expected = self._known_before.get(self._settings, {}) if self._preparing else slice_known
        if done and total:
            rest = spent * (total - done) / done
        elif stage in expected:
            rest = max(expected[stage] - spent, 0.0)
        else:
            return None
        rest += _after(expected, stage)
        each = sum(slice_known.values())
        to_come = self._slices - self._done
        if not self._preparing:
            each = max(each, sum(self._took.values()) + spent + rest)
            to_come -= 1
        return Estimate(rest + max(to_come, 0) * each, whole=bool(slice_known))

    def _begin(self) -> None:
        self._took = {}
        self._stage = None
        self._since = self._clock()

    def _close_stage(self) -> None:
        now = self._clock()
        if self._stage is not None:
            self._took[self._stage] = self._took.get(self._stage, 0.0) + now - self._since
        self._since = now


def _after(expected: dict[str, float], stage: str) -> float:
    """How long the stages after one are expected to take."""
    stages = list(expected)
    return sum(expected[name] for name in stages[stages.index(stage) + 1 :]) if stage in expected else 0.0


def spoken(left: Estimate | None) -> str:
    """Put time left into words: "about 5 s left", or "" when it is not known."""
    if left is None:
        return ""
    about = "about" if left.whole else "over"
    if left.seconds < 90:
        return f"{about} {max(round(left.seconds), 1)} s left"
    return f"{about} {round(left.seconds / 60)} min left"
