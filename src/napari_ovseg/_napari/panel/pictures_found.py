"""A line that says how many pictures a folder holds, and which of them can't be read."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path

from qtpy.QtCore import Signal

from napari_ovseg._napari.background import Background
from napari_ovseg._napari.panel.long_words import tip
from napari_ovseg._napari.panel.wrapped_text import WrappedText
from napari_ovseg.errors import OvsegError
from napari_ovseg.file_names import as_text
from napari_ovseg.many.picture_files import picture_files
from napari_ovseg.pictures import read_flat_picture

# so long at most a folder that nobody asks about any more is read on
_TURN_S = 0.3
NONE_THERE = "There is no picture in it: choose a folder of PNG, JPEG, TIFF files."


class PicturesFound(WrappedText):
    """Counts the pictures of a folder, then reads them one by one, both in the background.

    Signals
    -------
    counted()
        `count` is known.
    """

    counted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._background = Background(self)
        self._asked = 0
        self._folder: Path | None = None
        self._files: Sequence[Path] = ()
        self._problems: list[str] = []
        self.count: int | None = None
        """How many there are; None while that is not known."""

    def look(self, folder: Path | None, *, again: bool = False) -> None:
        """Say what is in a folder; None is not looked into, and the last one only if asked `again`."""
        if folder == self._folder and not again:
            return
        self._asked += 1
        self._folder, self.count = folder, None
        self._files, self._problems = (), []
        if folder is None:
            self._show("")
            return
        self._show("Looking...")
        self._background.start(partial(_count, folder), partial(self._counted, self._asked))

    def stop(self) -> None:
        """Read no further."""
        if self._files:
            self._asked += 1
            self._tell(len(self._files))

    @property
    def looking(self) -> bool:
        """Whether there is more to come."""
        return self.text().endswith("...")

    def _counted(self, asked: int, outcome: Future[Sequence[Path] | str]) -> None:
        if asked != self._asked:
            return
        found = outcome.result()
        if isinstance(found, str):
            self.count = 0
            self._show(found)
        else:
            self._files, self.count = found, len(found)
            self._read_on(asked, 0)
        self.counted.emit()

    def _read_on(self, asked: int, begin: int) -> None:
        files = self._files
        self._tell(begin)
        if begin < len(files):
            self._background.start(partial(_read, files, begin), partial(self._have_read, asked))

    def _have_read(self, asked: int, outcome: Future[tuple[int, list[str]]]) -> None:
        if asked == self._asked:
            end, problems = outcome.result()
            self._problems += problems
            self._read_on(asked, end)

    def _tell(self, read: int) -> None:
        count, bad = len(self._files), self._problems
        said = f"{count} picture{'s' * (count > 1)}"
        if bad:
            said += f", of which {len(bad)} can't be read and {'is' if len(bad) == 1 else 'are'} left out"
        if read < count:
            said += f"; {read} were read so far..."
        self._show(f"{said}.".replace("....", "..."), "\n".join(bad))

    def _show(self, text: str, more: str = "") -> None:
        self.say(text)
        self.setToolTip(tip(more))


def _count(folder: Path) -> Sequence[Path] | str:
    """The pictures in a folder, or why there are none."""
    if not folder.is_dir():
        return "There is no such folder: choose one with pictures in it."
    try:
        found = picture_files([folder])
    except OSError as error:
        return f"It can't be looked into ({error.strerror}): choose another folder."
    return NONE_THERE if found == [folder] else found


def _read(files: Sequence[Path], begin: int) -> tuple[int, list[str]]:
    """Read for a moment, from one of the files on; where that has ended, and what can't be read."""
    until = time.monotonic() + _TURN_S
    problems: list[str] = []
    end = begin
    while end < len(files) and (end == begin or time.monotonic() < until):
        problem = _problem_of(files[end])
        problems += [problem] if problem else []
        end += 1
    return end, problems


def _problem_of(file: Path) -> str:
    try:
        read_flat_picture(file)
    except OvsegError as error:
        return str(error) if as_text(file) in str(error) else f"{as_text(file)}: {error}"
    except MemoryError:
        return f"{as_text(file)}: there is not enough memory for it: make it smaller."
    return ""
