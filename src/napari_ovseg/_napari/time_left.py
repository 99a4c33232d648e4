"""Estimate how long a run still takes, from its pace and from the stages that earlier runs went through."""

from __future__ import annotations

import time
from collections.abc import Callable


class TimeLeft:
    """Time left of a run whose stages are not known beforehand.

    The stage under way is extrapolated from its own pace. What comes after it is only known from an earlier
    run with the same settings, so a first run tells the time left of its stage alone.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[object, dict[str, float]] = {}
        self.start(None)

    def start(self, settings: object) -> None:
        """Begin a run; runs with equal settings are expected to take equally long."""
        self.settings = settings
        self._took: dict[str, float] = {}
        self._stage: str | None = None
        self._since = self._clock()

    def seconds(self, stage: str, done: int, total: int, runs_to_come: int = 0) -> float | None:
        """Seconds left after `done` of `total` steps of a stage, None while that can't be told.

        `runs_to_come` are further runs with the same settings, such as the other slices of a stack.
        """
        if stage != self._stage:
            self._close_stage()
            self._stage = stage
        spent = self._clock() - self._since
        expected = self._known.get(self.settings, {})
        if done and total:
            rest = spent * (total - done) / done
        elif stage in expected:
            rest = max(expected[stage] - spent, 0.0)
        else:
            return None
        return rest + self._later(expected, stage) + runs_to_come * sum(expected.values())

    def finish(self) -> None:
        """Remember how long the stages of this run took."""
        self._close_stage()
        self._known[self.settings] = self._took

    def _close_stage(self) -> None:
        now = self._clock()
        if self._stage is not None:
            self._took[self._stage] = self._took.get(self._stage, 0.0) + now - self._since
        self._since = now

    @staticmethod
    def _later(expected: dict[str, float], stage: str) -> float:
        stages = list(expected)
        return sum(expected[name] for name in stages[stages.index(stage) + 1 :]) if stage in expected else 0.0


def spoken(seconds: float | None) -> str:
    """Put a duration into words: "about 5 s left", or "" when it is not known."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f"about {max(round(seconds), 1)} s left"
    return f"about {round(seconds / 60)} min left"
