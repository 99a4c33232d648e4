"""Learning a slice in the background, so that its first update need not wait for that."""

from __future__ import annotations

from concurrent.futures import Future
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_ovseg._napari.background import Background
from napari_ovseg._napari.jobs.update import SliceUpdate, learnt

if TYPE_CHECKING:
    from napari_ovseg._napari.jobs.engine import Engine
    from napari_ovseg._napari.layers.source import LayerSource

PREPARING = "getting ready for updates..."


class Preparing(QObject):
    """Learns one slice at a time, for nobody who waits.

    Signals
    -------
    done(LayerSource, learner)
    told(str)
        What is going on, "" when nothing is.
    """

    done = Signal(object, object)
    told = Signal(str)

    def __init__(self, parent: QObject, engine: Engine | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._background = Background(self)
        self._unwanted = Event()
        self._source: LayerSource | None = None
        self._future: Future[Any] | None = None

    def start(self, wanted: SliceUpdate) -> None:
        """Learn this slice, in the place of any other."""
        self.stop()
        self._unwanted = unwanted = Event()
        self._source = wanted.source
        work = partial(learnt, wanted, self._engine, unwanted.is_set)
        self._future = self._background.start(work, partial(self._ended, wanted.source))
        self.told.emit(PREPARING)

    def of(self, source: LayerSource) -> Future[Any] | None:
        """What is being learnt of a slice."""
        return self._future if source is self._source else None

    def stop(self) -> None:
        """Learn nothing any more: a run or another picture needs the time."""
        self._unwanted.set()
        if self._future is not None:
            self._future = self._source = None
            self.told.emit("")

    def _ended(self, source: LayerSource, outcome: Future[Any]) -> None:
        if outcome is not self._future:
            return
        self._future = self._source = None
        self.told.emit("")
        # what went wrong is told by an update that is asked for
        if outcome.exception() is None:
            self.done.emit(source, outcome.result())
