"""When what a person does is saved: within seconds, or when asked to; in the background."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import suppress
from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_ovseg._napari.background import single_shot
from napari_ovseg._napari.saving.on_disk import OnDisk
from napari_ovseg._napari.saving.one_write import OneWrite
from napari_ovseg._napari.saving.told import Told
from napari_ovseg._napari.saving.write import Write, sentence
from napari_ovseg.annotation import Annotation
from napari_ovseg.annotation.annotation import Position
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
    until it is on the disk, or until the same work is saved with what was done to it since. Where a person
    prefers so, nothing is saved before it is asked for (`save`), and the same copies are kept until then.

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
    by_itself : bool
        Whether it saves without being asked to.
    touches : int
        How often something has changed.

    Signals
    -------
    saved(Path)
        The folder where all changes now are.
    problem(str)
        Why work is not saved; "" once all of it is.
    waiting()
        What waits to be asked for may be other work than before, see `waits`.

    Notes
    -----
    Call `flush` before `snapshot` and `work` turn to another picture. Work that was found at the place is not
    overwritten, unless it was resumed (`adopt`), but set aside. Where somebody else has saved there since,
    this work goes beside it, see `places.free_sidecar`.
    """

    saved = Signal(object)
    problem = Signal(str)
    waiting = Signal()

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
        self._known = on_disk or OnDisk()
        self._writing = OneWrite(self._finished, self)
        self.by_itself = True
        self.touches = 0
        self._wait_ms = _WAIT_MS
        self._dirty = False
        # what a person has asked to save, and is not saved yet
        self._asked: set[Hashable] = set()
        self._told = Told(report, self.problem.emit)
        self._timer = single_shot(self, self._start)
        self._retry = single_shot(self, self._start)
        self._try_kept(_RETRY_MS)

    @property
    def unsaved(self) -> bool:
        """Whether there are changes that are not on the disk yet."""
        return self._dirty or self._writing.write is not None or bool(self._known.kept)

    @property
    def waits(self) -> list[Any]:
        """The works with changes that are not on the disk, where nothing is saved by itself."""
        if self.by_itself:
            return []
        writing = [] if self._writing.write is None else [self._writing.write.work]
        current = [self._work()] if self._dirty else []
        return [work for work in dict.fromkeys([*self._known.kept, *writing, *current]) if work is not None]

    @property
    def why(self) -> str:
        """Why work is not saved, "" where nothing has failed."""
        return self._told.why

    def touch(self) -> None:
        """Say that something has changed."""
        self._dirty = True
        self.touches += 1
        # Not started anew by further changes: they would put off the save for as long as a person paints.
        if self._writing.write is None and not self._timer.isActive():
            self._save_in(self._wait_ms)
        self.waiting.emit()

    def set_wait(self, seconds: float) -> None:
        """Save so long after the first change from now on."""
        self._wait_ms = round(1000 * seconds)
        if self._timer.isActive():
            self._timer.start(min(self._timer.remainingTime(), self._wait_ms))

    def set_by_itself(self, by_itself: bool) -> None:
        """Save without being asked to from now on, or only when asked to."""
        self.by_itself = by_itself
        if by_itself and self._dirty:
            self._timer.start(self._wait_ms)
        self._try_kept(0)
        self.waiting.emit()

    def save(self) -> bool:
        """Save all that is not saved, in the background; False when there is nothing.

        What fails is tried again only where it saves by itself.
        """
        self._ask()
        self._retry.stop()
        self._start()
        return self.unsaved

    def adopt(self, place: Path, sidecar: Sidecar) -> None:
        """Save what belongs at `place` to this sidecar from now on, since its work was resumed."""
        self.flush()
        self._known.adopt(place, sidecar)

    def stop(self) -> None:
        """Try no more: another one goes on with what is kept."""
        self._timer.stop()
        self._retry.stop()

    def flush(self) -> bool:
        """Save this work now if it may be, or keep a copy of it; True when it is on the disk."""
        self._writing.finish()
        while self._dirty and self._may(self._work()):
            self._writing.begin(self._write_of_current())
            if self._writing.write is None or not self._writing.finish():
                break
        if self._dirty:
            self._keep()
        return not self._dirty and self._work() not in self._known.kept

    def flush_all(self) -> bool:
        """Save all that is not saved, also of work that was turned away from; True when it is on the disk."""
        self._ask()
        current = self._work() if self._dirty else None
        # the older first: where both belong to one place, the later sets the earlier aside
        for work in [work for work in self._known.kept if work is not current]:
            self._writing.finish()
            # the write that has just ended may have been of this work
            if work in self._known.kept:
                self._writing.begin(self._write_of_kept(work))
        self.flush()
        if self._work() in self._known.kept:
            self._writing.begin(self._write_of_kept(self._work()))
            self._writing.finish()
        return not self.unsaved

    def _ask(self) -> None:
        self._asked = {*self._known.kept, *([self._work()] if self._dirty else [])}

    def _may(self, work: Hashable | None) -> bool:
        return self.by_itself or work in self._asked

    def _save_in(self, ms: int) -> None:
        if self._may(self._work()):
            self._timer.start(ms)

    def _try_kept(self, ms: int) -> None:
        """Write what is kept and may be written, after a moment."""
        self._retry.stop()
        if any(map(self._may, self._known.kept)):
            self._retry.start(ms)

    def _start(self) -> None:
        """Start to write what changed, or once more what could not be written."""
        self._timer.stop()
        if self._writing.write is not None:
            return
        current = self._work()
        kept = [
            work for work in self._known.kept if self._may(work) and not (self._dirty and work is current)
        ]
        older = not self.by_itself and bool(kept)
        if self._dirty and self._may(current) and not older:
            self._writing.begin(self._write_of_current())
        if not self._retry.isActive():
            for work in kept:
                self._writing.begin(self._write_of_kept(work))
            self._try_kept(_RETRY_MS)

    def _write_of_current(self) -> Write | None:
        """Take a snapshot; None when there is nothing to save or when it can't be taken yet."""
        work = self._work()
        try:
            found = None if work is None else self._found(work)
            if work is not None and found is None:
                self._timer.start(_WAIT_MS)
                return None
            snapshot = None if found is None else self._snapshot(self._known.left.get(found.place))
        except Exception as error:
            self._dirty = True
            self._fail(work, sentence(error))
            self._save_in(_RETRY_MS)
            return None
        self._dirty = False
        if snapshot is None or found is None:
            return None
        return self._known.write_of(work, found, *snapshot)

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
        if snapshot is not None:
            found = None
            with suppress(OvsegError):
                found = self._found(work)
            self._known.keep(work, snapshot[0], found)
            self._try_kept(_RETRY_MS)
        self.waiting.emit()

    def _write_of_kept(self, work: Hashable) -> Write | None:
        if self._writing.write is not None:
            return None
        try:
            found = self._found(work)
        except OvsegError as error:
            self._fail(work, str(error))
            return None
        return None if found is None else self._known.write_of_kept(work, found)

    def _finished(self, write: Write, error: BaseException | None) -> None:
        if error is None:
            self._succeed(write)
        elif isinstance(error, ConflictError):
            self._move_on(write, error)
        elif isinstance(error, IncompleteError):
            self._known.lacks(write)
            self._dirty = True
            self._start()
        else:
            self._fail(write.work, sentence(error))
            self._try_again(write)

    def _succeed(self, write: Write) -> None:
        self._asked.discard(write.work)
        was_kept = self._known.is_kept(write)
        self._known.has(write)
        if was_kept:
            self._try_kept(0)
        self.saved.emit(write.sidecar.folder)
        self._told.succeeds(write)
        if self._dirty:
            self._save_in(0 if self._work() in self._asked else self._wait_ms)
        self.waiting.emit()

    def _move_on(self, write: Write, error: ConflictError) -> None:
        """Save beside what is not to be overwritten."""
        self._told.goes_beside(error, self._known.go_beside(write))
        if self._known.is_kept(write):
            self._writing.begin(self._write_of_kept(write.work))
        else:
            self._dirty = True
            self._start()

    def _try_again(self, write: Write) -> None:
        if self._known.is_kept(write):
            self._known.put_last(write.work)
        else:
            self._dirty = True
        # what else was asked for may belong to a disk that works
        ms = _RETRY_MS if self.by_itself else 0
        if self._dirty and not self._timer.isActive():
            self._save_in(ms)
        self._try_kept(ms)
        self.waiting.emit()

    def _fail(self, work: Hashable, sentence: str) -> None:
        self._asked.discard(work)
        self._told.fails(work, sentence)
