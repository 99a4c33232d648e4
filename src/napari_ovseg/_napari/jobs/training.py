"""Training a model from the window: asked for in its dialog, done beside all other jobs, and stopped."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import QCoreApplication, QObject, QTimer, Signal

from napari_ovseg._napari.background import Background
from napari_ovseg._napari.jobs.engine import Engine
from napari_ovseg._napari.jobs.events import failure
from napari_ovseg._napari.jobs.run_request import RunRequests
from napari_ovseg._napari.jobs.runs import report
from napari_ovseg._napari.jobs.time_left import spoken
from napari_ovseg._napari.jobs.train import Watched, train
from napari_ovseg._napari.panel.form import Form
from napari_ovseg._napari.panel.last_training import keep_plan, last_plan
from napari_ovseg._napari.panel.train_dialog import TrainDialog
from napari_ovseg._napari.panel.trained_models import remember_trained
from napari_ovseg._napari.panel.training_kinds import Plan
from napari_ovseg.errors import Cancelled

_LOOK_EVERY_MS = 200


class Training(QObject):
    """One training at a time, in a thread of its own: a run may be started meanwhile, and both go on.

    Parameters
    ----------
    form : Form
        In its list of models the trained one is chosen.
    requests : RunRequests
        That remember which licences were accepted.
    pictures : callable
        ``pictures() -> Path or None``: a folder that may be learnt from, offered first.
    engine : Engine, optional

    Signals
    -------
    told(str)
        What goes on, in a few words; "" when nothing does.
    trained()
        There is one more model in the list.
    used(str)
        A person wants the next run to use this model.
    """

    told = Signal(str)
    trained = Signal()
    used = Signal(str)

    def __init__(
        self,
        form: Form,
        requests: RunRequests,
        pictures: Callable[[], Path | None],
        engine: Engine | None = None,
    ) -> None:
        super().__init__(form)
        self._form, self._requests, self._pictures, self._engine = form, requests, pictures, engine
        # not one of Qt's threads: there are as many as processors, and a run needs one
        self._background = Background(self, ThreadPoolExecutor(1, "napari-ovseg-training"))
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_EVERY_MS)
        self._timer.timeout.connect(self._look)
        self._plan: Plan | None = None
        self._watched: Watched | None = None
        self.dialog: TrainDialog | None = None
        form.train.clicked.connect(self.open)
        application = QCoreApplication.instance()
        if application is not None:
            # Python waits for threads before it ends
            application.aboutToQuit.connect(self.stop)

    @property
    def busy(self) -> bool:
        """Whether a model is being trained."""
        return self._watched is not None

    def open(self) -> None:
        """Show the dialog, as it was left; at first with what was trained last."""
        if self.dialog is None:
            self.dialog = dialog = TrainDialog(self._form)
            dialog.asked.connect(self.start)
            dialog.stopped.connect(self.stop)
            dialog.used.connect(self.used)
            self._fill_in(dialog)
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def start(self, plan: Plan) -> None:
        """Begin a training, or go on with it, unless the licence of its teacher is declined."""
        dialog = self.dialog
        if dialog is None or self.busy:
            return
        if not self._requests.accepts_licence(plan.teacher):
            dialog.show_message(f"'{plan.teacher}' was not used, since its licence was not accepted.")
            return
        keep_plan(plan)
        self._plan, self._watched = plan, Watched()
        dialog.show_running(True)
        self._timer.start()
        self._look()
        work = partial(train, plan, self._watched, self._engine)
        self._background.start(work, partial(self._ended, plan, self._watched))

    def stop(self) -> None:
        """Stop the training, if one is under way; what is done is kept, and it can go on."""
        if self._watched is not None:
            self._watched.stop()

    def end(self) -> None:
        """The panel is closed: a training stops, and can go on."""
        self.stop()
        if self.dialog is not None:
            self.dialog.close()

    def _fill_in(self, dialog: TrainDialog) -> None:
        last, pictures = last_plan(), self._pictures()
        if last is not None and (pictures is None or last.kind.standing(last).can == "go on"):
            dialog.fields.show_plan(last)
        else:
            dialog.fields.pictures.show_folder(pictures)

    def _look(self) -> None:
        """Show how far it is."""
        watched, plan = self._watched, self._plan
        if watched is None or plan is None:
            return
        place, losses = watched.place, list(watched.losses)
        # what comes after the first loss is the last stage
        left = spoken(place.left(last=bool(losses)))
        if self.dialog is not None:
            self.dialog.show_progress(place.stage, place.done, place.total, left, losses)
        self.told.emit(f"training a model, {left or place.stage.lower()}")

    def _ended(self, plan: Plan, watched: Watched, outcome: Future[Any]) -> None:
        self._timer.stop()
        self._watched = self._plan = None
        self.told.emit("")
        error = outcome.exception()
        if error is None:
            self._trained(plan, outcome.result())
        elif isinstance(error, Cancelled):
            self._say(_stopped(watched))
        elif isinstance(error, Exception):
            failed = failure(0, error)
            self._say(failed.message, error=True)
            if failed.error is not None:
                report(failed.error)

    def _trained(self, plan: Plan, card: Any) -> None:
        remember_trained(str(plan.output))
        self.trained.emit()
        skipped = card.skipped
        count = f"{card.pictures} picture{'s' * (card.pictures != 1)}"
        said = f"The model has learnt from {count}; the loss of the last steps is {card.loss:.4f}."
        if skipped:
            said += f" {len(skipped)} {'was' if len(skipped) == 1 else 'were'} left out:"
        self._say(said, skipped)

    def _say(self, message: str, skipped: tuple[str, ...] = (), *, error: bool = False) -> None:
        dialog = self.dialog
        if dialog is not None:
            dialog.show_ended(message, skipped, error=error)
        if dialog is None or not dialog.isVisible():
            more = " Train... lists them." if skipped else ""
            self._form.show_message(f"Training: {message.replace(' out:', ' out.')}{more}", error=error)


def _stopped(watched: Watched) -> str:
    if watched.losses:
        return (
            f"Stopped after {len(watched.losses)} of {watched.place.total} steps. Go on continues from there."
        )
    return "Stopped before the first step; what was looked at is kept. Go on continues from there."
