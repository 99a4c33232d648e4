"""What Run, Update masks and Cancel do, by button or key, and why they can't where they can't."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject

from napari_ovseg._napari.annotating.annotator import Annotator
from napari_ovseg._napari.jobs.events import CANCELLED
from napari_ovseg._napari.jobs.run_request import RunRequests
from napari_ovseg._napari.jobs.runner import Runner
from napari_ovseg._napari.jobs.runs import Runs
from napari_ovseg._napari.jobs.suggesting import Suggesting
from napari_ovseg._napari.jobs.tiling import Tiling
from napari_ovseg._napari.layers.annotated import Annotated
from napari_ovseg._napari.layers.picture_choice import PictureChoice
from napari_ovseg._napari.panel.form import Form
from napari_ovseg._napari.panel.model_choice import ModelChoice, model_choices
from napari_ovseg.errors import OvsegError

if TYPE_CHECKING:
    from napari.layers import Image


class Starting(QObject):
    """Starts a run or an update where none is under way, and stops it."""

    def __init__(
        self,
        form: Form,
        pictures: PictureChoice,
        requests: RunRequests,
        runs: Runs,
        annotator: Annotator,
        suggesting: Suggesting,
        tiling: Tiling,
        runner: Runner,
    ) -> None:
        super().__init__(form)
        self._form, self._pictures, self._requests = form, pictures, requests
        self._runs, self._annotator, self._suggesting, self._runner = runs, annotator, suggesting, runner
        self._tiling = tiling
        # categories were added while something ran
        self._to_find = False
        self._not_started = ""
        form.run.clicked.connect(self.run)
        form.run_here.clicked.connect(self.run_here)
        form.run_in_tiles.clicked.connect(self.run_in_tiles)
        form.cancel.clicked.connect(self.cancel)
        form.correct.update_masks.clicked.connect(self.update_masks)
        form.names.submitted.connect(self.run)
        form.changed.connect(self._look_again)
        annotator.find_requested.connect(self._find_added)
        runs.ended.connect(self._ended)
        suggesting.started.connect(lambda *_: form.show_running(True))
        suggesting.ended.connect(self._ended)
        tiling.started.connect(lambda *_: form.show_running(True))
        tiling.ended.connect(self._ended)
        runner.started.connect(lambda _number: form.begin_job())
        runner.idle.connect(self._on_idle)

    @property
    def by_key(self) -> dict[str, Callable[[], None]]:
        """What keys do, by the names of `keys.KEYS`."""
        return {
            "run": self.run,
            "run_here": self.run_here,
            "update_masks": self.update_masks,
            "cancel": self.cancel,
        }

    def run(self) -> None:
        """Segment the chosen picture, or say in one sentence why not."""
        if self._runner.busy:
            self._say_busy()
        else:
            self._start(None)

    def run_here(self) -> None:
        """Segment only what is in view or inside a drawn rectangle, or say in one sentence why not."""
        if self._runner.busy:
            self._say_busy()
            return
        try:
            part = self._requests.finer_part(self._pictures.image)
        except OvsegError as error:
            self._form.refuse(str(error))
            return
        if part is None:
            self._start(None, here=True)
            return
        self._pictures.viewer.layers.append(part)
        self._pictures.choose(part)
        self._start(None)

    def run_in_tiles(self) -> None:
        """Segment all of a large picture at full detail into a file, or say in one sentence why not."""
        if self._runner.busy:
            self._say_busy()
        else:
            self._tiling.start()

    def _say_busy(self) -> None:
        """Answer a key that can't do anything now."""
        what = "A search for names" if self._suggesting.searching else "An update"
        what = what if self._runs.image is None and self._tiling.image is None else "A segmentation"
        said = f"{what} is running: wait for it, or press Cancel first."
        if not self._form.cancel.isEnabled():
            said = "What was cancelled is still ending: press the key again in a moment."
        self._form.show_message(said)

    def _start(self, into: Annotated | None, *, here: bool = False) -> None:
        """Start a run, of which the result goes into these layers or, by default, where it belongs."""
        if self._runner.busy:
            return
        image, current = self._pictures.image, self._annotator.current
        try:
            gathered = self._requests.gather(image, current, into, self._runner.next_number(), here=here)
        except OvsegError as error:
            self._not_started = str(error)
            self._form.refuse(self._not_started)
            return
        if image is not None and gathered is not None:
            self._form.show_running(True)
            self._pictures.uncover()
            self._runs.start(image, *gathered)

    def update_masks(self) -> None:
        """Learn from what was painted since the last update, in any slice, or say in one sentence why not."""
        if self._runner.busy:
            self._say_busy()
        elif self._annotator.current is None:
            self._form.refuse("There are no masks to update yet: press Run first.")
        else:
            self._annotator.update_requests.update_painted()

    def cancel(self) -> None:
        """Stop the run or the update; slices that are finished are kept, what is not is taken back."""
        if self._runs.image is not None:
            self._runs.stop(CANCELLED)
        elif self._tiling.image is not None:
            self._tiling.stop()
        elif self._runner.busy:
            self._ended(self._annotator.updates.stop())

    def stop_on(self, image: Image) -> bool:
        """Cancel what works on a picture; whether there was something."""
        current, busy = self._annotator.current, self._runner.busy
        works = image in (self._runs.image, self._tiling.image) or (
            busy and current is not None and current.image is image
        )
        if works:
            self.cancel()
        return works

    def _ended(self, message: str, error: bool = False) -> None:
        self._form.show_running(self._runner.busy, stopping=True)
        (self._form.show_failure if error else self._form.show_message)(message)

    def _look_again(self) -> None:
        """Take back why a run was not started as soon as that is mended."""
        if self._not_started and self._form.refusal == self._not_started:
            self._not_started = self._requests.lacking(self._pictures.image)
            self._form.refuse(self._not_started)

    def _find_added(self) -> None:
        """Let the model look for categories that were added; all that it has seen of the picture is kept."""
        self._to_find = self._runner.busy
        current = self._annotator.current
        if current is not None and self._annotator.position in current.pieces:
            self._start(current)

    def _on_idle(self) -> None:
        self._form.show_running(False)
        self._annotator.refresh_controls()
        chosen = self._form.chosen_model()
        # A model that has just been fetched is no longer one to be downloaded.
        self._form.offer_models(model_choices(), chosen.name if isinstance(chosen, ModelChoice) else chosen)
        if self._to_find:
            self._find_added()
