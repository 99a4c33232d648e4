"""The model that is chosen, loaded before anybody asks for a run: of the first, that is the longest part."""

from __future__ import annotations

import sys
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, Signal
from qtpy.QtWidgets import QWidget

from napari_ovseg._napari.background import Background, single_shot
from napari_ovseg._napari.jobs import engine as engines
from napari_ovseg._napari.jobs.loading import LOADER
from napari_ovseg._napari.layers import adding

if TYPE_CHECKING:
    from napari_ovseg._napari.jobs.engine import Engine
    from napari_ovseg._napari.jobs.run_request import RunRequests
    from napari_ovseg._napari.jobs.runner import Runner
    from napari_ovseg._napari.panel.form import Form

# Who goes through the list of models does not want each of them.
_WAIT_MS = 800
LOADING_AHEAD = "loading the model..."
_UNLOADING = "unloading the models..."

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
        While a job is under way, nothing is loaded; one that needs a model loads it, see `use`.
    engine : Engine, optional

    Signals
    -------
    told(str)
        What is going on, "" when nothing is.
    unloaded()
        No model is in memory now.
    """

    told = Signal(str)
    unloaded = Signal()

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
        # of what the fields say, or of the last run; in memory, or soon
        self._latest: Wanted | None = None
        # loaded ahead, and used by no run so far
        self._idle: Any = None
        self._used: set[str] = set()
        self._allowed = True
        self._loading = 0
        self._begun: list[Future[Any]] = []
        self._unloading = False
        runner.started.connect(self._timer.stop)
        # its first layers follow
        runner.started.connect(self._prepare)
        runner.idle.connect(self.look_soon)
        form.unload.clicked.connect(self.unload)
        form.model.currentTextChanged.connect(self.look_soon)
        form.device.changed.connect(self.look_soon)
        panel.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """See the panel being shown."""
        if watched is self._panel and event is not None and event.type() == QEvent.Type.Show:
            self.look_soon()
        return super().eventFilter(watched, event)

    def _prepare(self, _number: int) -> None:
        self._background.start(adding.prepare, _done)

    def look_soon(self, _text: str = "") -> None:
        """Load what is chosen, once it stays chosen for a moment."""
        self._timer.start()

    def stop(self) -> None:
        """Load nothing until the next run: the panel is closed."""
        self._allowed = False
        self._timer.stop()
        for future in self._begun:
            future.cancel()

    def unload(self) -> None:
        """Free the memory that loaded models take, also one that is being loaded; load none until a run."""
        self.stop()
        self._latest = self._idle = None
        self._used.clear()
        self._unloading = True
        self._background.start(_unload, self._unloaded)
        self._tell()

    def use(self, name: str, device: str) -> None:
        """A run or a search for names has begun: it keeps the model that it uses in memory."""
        if self._idle is not None and self._latest != (name, device):
            self._background.start(partial(_forget, self._idle), _done)
        self._allowed, self._latest, self._idle = True, (name, device), None
        self._used.add(name)

    def _look(self) -> None:
        wanted = self._requests.ready_model()
        idle = not self._runner.busy and self._allowed and self._panel.isVisible()
        if not idle or wanted is None or wanted == self._latest:
            return
        self._latest = wanted
        before, self._idle = self._idle, None
        self._loading += 1
        load = partial(_load, wanted, before, self._engine)
        self._begun = [one for one in self._begun if not one.done()]
        self._begun.append(self._background.start(load, partial(self._loaded, wanted)))
        self._tell()

    def _loaded(self, wanted: Wanted, outcome: Future[Any]) -> None:
        self._loading -= 1
        self._tell()
        # what went wrong is told by a run that is asked for
        if outcome.cancelled():
            self._latest = None
            return
        if outcome.exception() is not None or wanted[0] in self._used:
            return
        if self._allowed and wanted == self._latest:
            self._idle = outcome.result()
        else:
            self._background.start(partial(_forget, outcome.result()), _done)

    def _unloaded(self, _outcome: Future[Any]) -> None:
        self._unloading = False
        self._tell()
        # a run that was started meanwhile loads its model again
        if not self._allowed:
            self.unloaded.emit()

    def _tell(self) -> None:
        self.told.emit(_UNLOADING if self._unloading else LOADING_AHEAD if self._loading else "")


def _load(wanted: Wanted, before: Any, engine: Engine | None) -> Any:
    """Load a model in the place of one that nobody has used."""
    if before is not None:
        _forget(before)
    name, device = wanted
    return (engine or engines.default_engine()).load_model(name, device=device, progress=lambda *step: None)


# In the loading thread too: whoever loads keeps others out until it is done.
def _forget(model: Any) -> None:
    loading = sys.modules.get("napari_ovseg.models.loading")
    if loading is not None:
        loading.forget(model)


def _unload() -> None:
    # before anything was loaded, importing PyTorch would take memory instead
    loading = sys.modules.get("napari_ovseg.models.loading")
    if loading is not None:
        loading.unload()


def _done(_outcome: Future[Any]) -> None:
    """Nothing follows."""
