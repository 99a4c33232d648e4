"""The model that is chosen, loaded before anybody asks for a run: of the first, that is the longest part."""

from __future__ import annotations

import sys
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, Signal
from qtpy.QtWidgets import QWidget

from napari_ovseg._napari import run
from napari_ovseg._napari.background import Background, single_shot
from napari_ovseg._napari.loading import LOADER

if TYPE_CHECKING:
    from napari_ovseg._napari.form import Form
    from napari_ovseg._napari.run import Engine
    from napari_ovseg._napari.run_request import RunRequests
    from napari_ovseg._napari.runner import Runner

# Who goes through the list of models does not want each of them.
_WAIT_MS = 800
LOADING_AHEAD = "loading the model..."

# Its name, and the device that it runs on.
Wanted = tuple[str, str]


class Ahead(QObject):
    """Loads what the panel's fields say in the background; a run that comes meanwhile waits for it.

    Parameters
    ----------
    panel : QWidget
        Once it is on the screen, loading begins.
    form : Form
    requests : RunRequests
        That know what may be loaded without asking.
    runner : Runner
        A job under way loads for itself.
    engine : Engine, optional

    Signals
    -------
    told(str)
        What is going on, "" when nothing is.
    """

    told = Signal(str)

    def __init__(
        self,
        panel: QWidget,
        form: Form,
        requests: RunRequests,
        runner: Runner,
        engine: Engine | None = None,
    ) -> None:
        super().__init__(panel)
        self._panel, self._requests, self._runner, self._engine = panel, requests, runner, engine
        self._background = Background(self, LOADER)
        self._timer = single_shot(self, self._look)
        self._timer.setInterval(_WAIT_MS)
        self._latest: Wanted | None = None
        self._idle: Any = None
        self._allowed = True
        runner.started.connect(self._used)
        form.unload.clicked.connect(self.stop)
        form.model.currentTextChanged.connect(self.look_soon)
        form.device.changed.connect(self.look_soon)
        panel.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """See the panel being shown."""
        if watched is self._panel and event is not None and event.type() == QEvent.Type.Show:
            self.look_soon()
        return super().eventFilter(watched, event)

    def look_soon(self, _text: str = "") -> None:
        """Load what is chosen, once it stays chosen for a moment."""
        self._timer.start()

    def stop(self) -> None:
        """Load nothing until the next run: what was loaded is to be forgotten, or the panel is closed."""
        self._allowed = False
        self._timer.stop()

    def _used(self, _number: int) -> None:
        """A job has begun, which keeps what it uses in memory."""
        self._allowed, self._latest, self._idle = True, None, None
        self._timer.stop()

    def _look(self) -> None:
        wanted = self._requests.ready_model()
        idle = not self._runner.busy and self._allowed and self._panel.isVisible()
        if not idle or wanted is None or wanted == self._latest:
            return
        self._latest = wanted
        before, self._idle = self._idle, None
        self._background.start(partial(_load, wanted, before, self._engine), partial(self._done, wanted))
        self.told.emit(LOADING_AHEAD)

    def _done(self, wanted: Wanted, outcome: Future[Any]) -> None:
        self.told.emit("")
        # what went wrong is told by a run that is asked for
        if outcome.exception() is not None:
            return
        if not self._allowed:
            _forget(outcome.result())
        elif wanted == self._latest:
            self._idle = outcome.result()


def _load(wanted: Wanted, before: Any, engine: Engine | None) -> Any:
    """Load a model in the place of one that nobody has used."""
    if before is not None:
        _forget(before)
    name, device = wanted
    return (engine or run.default_engine()).load_model(name, device=device, progress=lambda *step: None)


def _forget(model: Any) -> None:
    loading = sys.modules.get("napari_ovseg.clip.loading")
    if loading is not None:
        loading.forget(model)
