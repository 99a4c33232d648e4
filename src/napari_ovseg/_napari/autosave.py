"""Saving what a person does within seconds, in the background, one write at a time, until it works."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Future, wait
from contextlib import suppress
from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_ovseg._napari.background import Background, single_shot
from napari_ovseg._napari.on_disk import OnDisk
from napari_ovseg._napari.write import Kept, Write, new_sidecar, sentence, shown
from napari_ovseg.annotation import Annotation
from napari_ovseg.annotation.annotation import Position
from napari_ovseg.annotation.inside import outermost
from napari_ovseg.annotation.places import free_sidecar
from napari_ovseg.annotation.resuming import Found
from napari_ovseg.annotation.sidecar import Sidecar
from napari_ovseg.errors import ConflictError, IncompleteError, OvsegError

# Unless a person prefers more. Of the 5 seconds that may be missing after a crash, the rest is for writing.
_WAIT_MS = 1000
_RETRY_MS = 3000

Snapshot = tuple[Annotation, set[Position] | None]


class Autosave(QObject):
    """Saves a moment after the first change that is not saved; while a person paints on, again and again.

    What can't be saved is tried again every few seconds. Once it is turned away from, a copy of it is kept
    until it is on the disk, or until the same work is saved with what was done to it since.

    Parameters
    ----------
    snapshot : callable
        ``snapshot(again) -> (annotation, changed)``, or None when there is nothing to save. `again`: slices
        to copy besides those that changed since the last call, None for all. `changed`: the slices that were
        copied, None for all; nobody may change these any more, the others may be views of what is painted on.
    work : callable
        ``work()``, which work that is, None for none.
    found : callable
        ``found(work) -> Found``, where it belongs; None as long as that is not known.
    report : callable
        ``report(sentence, failed)``: once when saving fails or goes elsewhere, and once when it works again.
    parent : QObject
        With which it ends.
    on_disk : OnDisk, optional
        What an earlier one knew.

    Attributes
    ----------
    touches : int
        How often something has changed.

    Signals
    -------
    saved(Path)
        The folder where all changes now are.
    problem(str)
        Why work is not saved; "" once all of it is.

    Notes
    -----
    Call `flush` before `snapshot` and `work` turn to another picture. Work that was found at the place is not
    overwritten, unless it was resumed (`adopt`), but set aside. Where somebody else has saved there since,
    this work goes beside it, see `places.free_sidecar`.
    """

    saved = Signal(object)
    problem = Signal(str)

    def __init__(
        self,
        snapshot: Callable[[set[Position] | None], Snapshot | None],
        work: Callable[[], Hashable | None],
        found: Callable[[Any], Found | None],
        report: Callable[[str, bool], None],
        parent: QObject,
        on_disk: OnDisk | None = None,
    ) -> None:
        super().__init__(parent)
        self._snapshot, self._work, self._found = snapshot, work, found
        self._report = report
        known = on_disk or OnDisk()
        self._sidecars, self._left, self._kept = known.sidecars, known.left, known.kept
        self._background = Background(self)
        self.touches = 0
        self._wait_ms = _WAIT_MS
        self._dirty = False
        self._write: Write | None = None
        self._future: Future[None] | None = None
        self._failing: dict[Hashable, str] = {}
        self._timer = single_shot(self, self._start)
        self._retry = single_shot(self, self._start)
        if self._kept:
            self._retry.start(_RETRY_MS)

    @property
    def unsaved(self) -> bool:
        """Whether there are changes that are not on the disk yet."""
        return self._dirty or self._future is not None or bool(self._kept)

    @property
    def why(self) -> str:
        """Why work is not saved, "" where nothing has failed."""
        return next(reversed(self._failing.values()), "")

    def touch(self) -> None:
        """Say that something has changed."""
        self._dirty = True
        self.touches += 1
        # Not started anew by further changes: they would put off the save for as long as a person paints.
        if self._future is None and not self._timer.isActive():
            self._timer.start(self._wait_ms)

    def set_wait(self, seconds: float) -> None:
        """Save so long after the first change from now on."""
        self._wait_ms = round(1000 * seconds)
        if self._timer.isActive():
            self._timer.start(min(self._timer.remainingTime(), self._wait_ms))

    def adopt(self, place: Path, sidecar: Sidecar) -> None:
        """Save what belongs at `place` to this sidecar from now on, since its work was resumed."""
        self.flush()
        self._sidecars[place] = sidecar
        self._left[place] = None

    def begin_afresh(self, found: Found) -> None:
        """Keep what is saved of a picture: what follows is other work, and sets it aside."""
        known = self._sidecars.get(found.place)
        ours = known is not None and outermost(known.folder) == found.place
        self._sidecars[found.place] = known.begun_afresh() if known and ours else new_sidecar(found)
        self._left[found.place] = None

    def stop(self) -> None:
        """Try no more: another one goes on with what is kept."""
        self._timer.stop()
        self._retry.stop()

    def flush(self) -> bool:
        """Save this work now, or keep a copy of it; True when it is on the disk."""
        self._finish_write()
        while self._dirty:
            self._begin(self._write_of_current())
            if self._future is None or not self._finish_write():
                break
        if self._dirty:
            self._keep()
        return not self._dirty and self._work() not in self._kept

    def flush_all(self) -> bool:
        """Save all that is not saved, also of work that was turned away from; True when it is on the disk."""
        self.flush()
        for work in list(self._kept):
            self._begin(self._write_of_kept(work))
            self._finish_write()
        return not self.unsaved

    def _start(self) -> None:
        """Start to write what changed, or once more what could not be written."""
        self._timer.stop()
        if self._future is not None:
            return
        if self._dirty:
            self._begin(self._write_of_current())
        if not self._retry.isActive():
            for work in list(self._kept):
                self._begin(self._write_of_kept(work))
            if self._kept:
                self._retry.start(_RETRY_MS)

    def _begin(self, write: Write | None) -> None:
        if write is not None and self._future is None:
            self._write = write
            self._future = self._background.start(write, self._finish)

    def _write_of_current(self) -> Write | None:
        """Take a snapshot; None when there is nothing to save or when it can't be taken yet."""
        work = self._work()
        try:
            found = None if work is None else self._found(work)
            if work is not None and found is None:
                self._timer.start(_WAIT_MS)
                return None
            snapshot = None if found is None else self._snapshot(self._left.get(found.place))
        except Exception as error:
            self._dirty = True
            self._timer.start(_RETRY_MS)
            self._fail(work, sentence(error))
            return None
        self._dirty = False
        if snapshot is None or found is None:
            return None
        self._kept.pop(work, None)
        annotation, changed = snapshot
        self._left[found.place] = changed
        sidecar = self._sidecars.setdefault(found.place, new_sidecar(found))
        return Write(work, found, sidecar, annotation, changed)

    def _keep(self) -> None:
        """Take a copy of all that is not saved, since its layers may be gone soon."""
        work = self._work()
        try:
            snapshot = None if work is None else self._snapshot(None)
        except Exception as error:
            self._fail(work, sentence(error))
            return
        self._dirty = False
        self._timer.stop()
        if snapshot is None:
            return
        place = None
        with suppress(OvsegError):
            found = self._found(work)
            place = None if found is None else found.place
        if place is not None:
            self._left[place] = None
        self._kept[work] = Kept(snapshot[0], place, None if place is None else self._sidecars.get(place))
        self._retry.start(_RETRY_MS)

    def _write_of_kept(self, work: Hashable) -> Write | None:
        if self._future is not None:
            return None
        kept = self._kept[work]
        try:
            found = self._found(work)
        except OvsegError as error:
            self._fail(work, str(error))
            return None
        if found is None:
            return None
        sidecar = kept.sidecar if found.place == kept.place else None
        return Write(work, found, sidecar or new_sidecar(found), kept.annotation, None)

    def _finish_write(self) -> bool:
        """Wait for the write under way, and for one that follows as it was refused; False when it failed."""
        error: BaseException | None = None
        while self._future is not None:
            future = self._future
            wait([future])
            self._finish(future)
            error = future.exception()
        return error is None

    def _finish(self, future: Future[Any]) -> None:
        """Handle what became of a write; once, though both `flush` and the thread tell of it."""
        write = self._write
        if future is not self._future or write is None:
            return
        self._future = self._write = None
        error = future.exception()
        if error is None:
            self._succeed(write)
        elif isinstance(error, ConflictError):
            self._move_on(write, error)
        elif isinstance(error, IncompleteError):
            self._left[write.found.place] = None
            self._dirty = True
            self._start()
        else:
            self._try_again(write)
            self._fail(write.work, sentence(error))

    def _succeed(self, write: Write) -> None:
        place = write.found.place
        if self._is_kept(write):
            del self._kept[write.work]
            self._sidecars.setdefault(place, write.sidecar)
            self._retry.start(0)
        elif self._sidecars.get(place) is write.sidecar:
            self._left[place] = set()
        self.saved.emit(write.sidecar.folder)
        if write.sidecar.set_aside is not None:
            self._report(f"The work that was saved before is kept: {shown(write.sidecar.set_aside)}.", False)
        if self._failing.pop(write.work, "") and not self._failing:
            self._report(f"Saving works again: all work is in {write.sidecar.folder}.", False)
        self.problem.emit(self.why)
        if self._dirty:
            self._timer.start(self._wait_ms)

    def _is_kept(self, write: Write) -> bool:
        kept = self._kept.get(write.work)
        return kept is not None and kept.annotation is write.annotation

    def _move_on(self, write: Write, error: ConflictError) -> None:
        """Save beside what is not to be overwritten."""
        place = write.found.place
        beside = Sidecar(free_sidecar(place))
        if self._sidecars.get(place, write.sidecar) is write.sidecar:
            self._sidecars[place] = beside
            self._left[place] = None
        if self._is_kept(write):
            self._kept[write.work] = Kept(write.annotation, place, beside)
            self._begin(self._write_of_kept(write.work))
        else:
            self._dirty = True
            self._start()
        self._report(f"{error} This work is saved to {shown(beside.folder)}.", False)

    def _try_again(self, write: Write) -> None:
        if self._is_kept(write):
            # after the others, which may belong to a disk that works
            self._kept[write.work] = self._kept.pop(write.work)
            self._retry.start(_RETRY_MS)
        else:
            self._dirty = True
            self._timer.start(_RETRY_MS)

    def _fail(self, work: Hashable, sentence: str) -> None:
        if not self._failing:
            self._report(f"Your work is not saved. {sentence}", True)
        self._failing[work] = sentence
        self.problem.emit(sentence)
