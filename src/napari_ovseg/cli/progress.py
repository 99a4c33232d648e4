"""Progress on the terminal."""

from __future__ import annotations

from typing import Any


class Bars:
    """One bar per stage, gone when the stage is done; silent in a log file."""

    def __init__(self, title: str = "") -> None:
        self._title = title
        self._stage = ""
        self._bar: Any = None

    def __enter__(self) -> Bars:
        return self

    def __exit__(self, *error: object) -> None:
        self._close()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show how far a stage is."""
        from tqdm import tqdm

        if stage != self._stage or self._bar is None:
            self._close()
            in_bytes = stage.startswith("Downloading")
            self._bar = tqdm(
                desc=": ".join(filter(None, (self._title, stage))),
                total=total,
                # what an earlier run has done says nothing of the time that is left
                initial=done,
                unit="B" if in_bytes else "",
                unit_scale=in_bytes,
                leave=False,
                disable=None,
            )
            self._stage = stage
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
