"""Saving what a person does within seconds, in the background, one write at a time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtpy.QtCore import QCoreApplication, QEvent, QObject, QTimer, Signal
from qtpy.QtWidgets import QWidget

from napari_ovseg._napari.background import Background
from napari_ovseg.annotation import Annotation
from napari_ovseg.annotation.annotation import Position
from napari_ovseg.annotation.places import free_sidecar
from napari_ovseg.annotation.sidecar import Sidecar
from napari_ovseg.errors import ConflictError, OvsegError

# Of the 5 seconds that may be missing after a crash, the rest is for the writing itself.
_WAIT_MS = 1000
_RETRY_MS = 3000

Snapshot = tuple[Annotation, set[Position] | None]


@dataclass
class _Write:
    place: Path
    sidecar: Sidecar
    annotation: Annotation
    changed: set[Position] | None

    def __call__(self) -> None:
        self.sidecar.save(self.annotation, self.changed)


class Autosave(QObject):
    """Saves one second after the first change that is not saved; while a person paints on, again and again.

    Parameters
    ----------
    snapshot : callable
        ``snapshot() -> (annotation, changed)``, or None when there is nothing to save: copies that nobody
        changes any more, and the slices that changed since the last call (None: find out).
    folder : callable
        ``folder() -> Path``, where this work belongs; None as long as that is not known.
    report : callable
        ``report(sentence)``: once when saving fails or goes elsewhere, and once when it works again.
    parent : QObject
        With which it ends.

    Signals
    -------
    saved(Path)
        The folder where all changes now are.
    closing()
        The window or the program is about to end: the last moment to `touch`.

    Notes
    -----
    Call `flush` before `snapshot` and `folder` turn to another picture. Work that somebody else has saved at
    the place is not overwritten, unless it was resumed (`adopt`): this work then goes beside it, see
    `places.free_sidecar`.
    """

    saved = Signal(object)
    closing = Signal()

    def __init__(
        self,
        snapshot: Callable[[], Snapshot | None],
        folder: Callable[[], Path | None],
        report: Callable[[str], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._snapshot, self._folder, self._report = snapshot, folder, report
        self._sidecars: dict[Path, Sidecar] = {}
        self._background = Background(self)
        self._dirty = False
        self._write: _Write | None = None
        self._future: Future[None] | None = None
        # What a write that failed was to save; None: all of it
        self._left: dict[Path, set[Position] | None] = {}
        self._failing = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._start)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self._close)

    @property
    def unsaved(self) -> bool:
        """Whether there are changes that are not on the disk yet."""
        return self._dirty or self._future is not None

    def touch(self) -> None:
        """Say that something has changed."""
        self._dirty = True
        # Not started anew by further changes: they would put off the save for as long as a person paints.
        if self._future is None and not self._timer.isActive():
            self._timer.start(_WAIT_MS)

    def adopt(self, place: Path, sidecar: Sidecar) -> None:
        """Save what belongs at `place` to this sidecar from now on, since its work was resumed."""
        self.flush()
        self._sidecars[place] = sidecar

    def start_beside(self, place: Path) -> None:
        """Leave what is saved at `place` as it is: what follows goes beside it, see `places.free_sidecar`."""
        self._sidecars[place] = Sidecar(free_sidecar(place))
        self._left[place] = None

    def flush(self) -> bool:
        """Save now, and return when it is on the disk: True, or False when it could not be saved."""
        for _attempt in range(3):
            if self._future is not None:
                wait([self._future])
                self._finish(self._future)
            if not self._dirty:
                return True
            self._start()
            if self._future is None:
                return False
        return not self.unsaved

    def watch(self, window: QWidget) -> None:
        """Flush when this window is closed."""
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """See a watched window being closed, while its layers are still there."""
        if event is not None and event.type() == QEvent.Type.Close:
            self._close()
        return super().eventFilter(watched, event)

    def _close(self) -> None:
        self.closing.emit()
        self.flush()

    def _start(self) -> None:
        """Take a snapshot and start to write it."""
        self._timer.stop()
        if self._future is not None or not self._dirty:
            return
        place = self._folder()
        if place is None:
            self._timer.start(_WAIT_MS)
            return
        try:
            snapshot = self._snapshot()
        except Exception as error:
            self._fail(_unexpected(error))
            return
        self._dirty = False
        if snapshot is None:
            return
        annotation, changed = snapshot
        left = self._left.pop(place, set())
        changed = None if changed is None or left is None else changed | left
        sidecar = self._sidecars.setdefault(place, Sidecar(place))
        self._write = _Write(place, sidecar, annotation, changed)
        self._future = self._background.start(self._write, self._finish)

    def _finish(self, future: Future[Any]) -> None:
        """Handle what became of a write; once, though both `flush` and the thread tell of it."""
        write = self._write
        if future is not self._future or write is None:
            return
        self._future = self._write = None
        error = future.exception()
        if error is None:
            if self._failing:
                self._report(f"Saving works again: all work is in {write.sidecar.folder}.")
            self._failing = False
            self.saved.emit(write.sidecar.folder)
            if self._dirty:
                self._timer.start(_WAIT_MS)
            return
        self._left[write.place] = write.changed
        if isinstance(error, ConflictError):
            self._move_on(write, error)
        else:
            self._fail(str(error) if isinstance(error, OvsegError) else _unexpected(error))

    def _move_on(self, write: _Write, error: ConflictError) -> None:
        """Save beside what is not to be overwritten."""
        self.start_beside(write.place)
        self._dirty = True
        name = self._sidecars[write.place].folder.name
        self._report(f"{error} This work is saved to {name} beside it.")
        self._start()

    def _fail(self, sentence: str) -> None:
        self._dirty = True
        if not self._failing:
            self._failing = True
            self._report(f"Your work is not saved. {sentence}")
        self._timer.start(_RETRY_MS)


def _unexpected(error: BaseException) -> str:
    return f"Something went wrong that should not ({type(error).__name__}: {error})."
