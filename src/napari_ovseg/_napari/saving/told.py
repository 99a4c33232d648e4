"""What a person is told of saving: once that it fails or goes elsewhere, and once that it works again."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from pathlib import Path

from napari_ovseg._napari.saving.write import Write, folder_text
from napari_ovseg.errors import ConflictError


class Told:
    """Keeps why each work is not saved.

    Parameters
    ----------
    report : callable
        ``report(sentence, failed)``, said once.
    problem : callable
        ``problem(sentence)``, which stands until the next; "" where all is saved.
    """

    def __init__(self, report: Callable[[str, bool], None], problem: Callable[[str], None]) -> None:
        self._report, self._problem = report, problem
        self._failing: dict[Hashable, str] = {}

    @property
    def why(self) -> str:
        """Why work is not saved, "" where nothing has failed."""
        return next(reversed(self._failing.values()), "")

    def fails(self, work: Hashable, sentence: str) -> None:
        """Tell of a work that can't be saved."""
        if not self._failing:
            self._report(f"Your work is not saved. {sentence}", True)
        self._failing[work] = sentence
        self._problem(sentence)

    def succeeds(self, write: Write) -> None:
        """Tell of what was set aside for a work that is on the disk, and that it is where it had failed."""
        aside = write.sidecar.set_aside
        if aside is not None:
            self._report(f"The work that was saved before is kept: {folder_text(aside)}.", False)
        if self._failing.pop(write.work, "") and not self._failing:
            self._report(f"Saving works again: all work is in {write.sidecar.folder}.", False)
        self._problem(self.why)

    def goes_beside(self, error: ConflictError, folder: Path) -> None:
        """Tell where a work goes that must not overwrite another."""
        self._report(f"{error} This work is saved to {folder_text(folder)}.", False)
