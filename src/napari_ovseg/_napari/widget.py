"""The dock widget: typed names in, two editable labels layers out."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QTimer, Signal
from qtpy.QtGui import QCloseEvent
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_ovseg._napari.annotating.annotator import Annotator
from napari_ovseg._napari.annotating.next_step import NextStep
from napari_ovseg._napari.annotating.size_line import SizeLine
from napari_ovseg._napari.annotating.taking_in import TakingIn
from napari_ovseg._napari.annotating.typed_names import TypedNames
from napari_ovseg._napari.files.exporting import Exporting
from napari_ovseg._napari.files.measuring import Measuring
from napari_ovseg._napari.jobs.ahead import Ahead
from napari_ovseg._napari.jobs.engine import Engine
from napari_ovseg._napari.jobs.events import Segmented
from napari_ovseg._napari.jobs.run_request import RunRequests
from napari_ovseg._napari.jobs.runner import Runner
from napari_ovseg._napari.jobs.runs import Runs
from napari_ovseg._napari.jobs.suggesting import Suggesting
from napari_ovseg._napari.jobs.tiling import Tiling
from napari_ovseg._napari.jobs.torch_loading import look_through_all
from napari_ovseg._napari.jobs.training import Training
from napari_ovseg._napari.layers.annotated import Annotated
from napari_ovseg._napari.layers.as_shown import AsShown
from napari_ovseg._napari.layers.growing_masks import suits_tiles
from napari_ovseg._napari.layers.picture_choice import PictureChoice
from napari_ovseg._napari.layers.picture_file import file_of
from napari_ovseg._napari.layers.reading_choice import ReadingChoice
from napari_ovseg._napari.layers.result_layers import METADATA_KEY, has_results
from napari_ovseg._napari.layers.tracked_labels import is_being_painted
from napari_ovseg._napari.outside import Outside
from napari_ovseg._napari.panel.form import Form
from napari_ovseg._napari.panel.model_choice import ModelChoice, default_model, model_choices
from napari_ovseg._napari.panel.scrolled import Scrolled
from napari_ovseg._napari.panel.trained_models import remember_trained
from napari_ovseg._napari.panel_keys import PanelKeys
from napari_ovseg._napari.panel_preferences import PanelPreferences
from napari_ovseg._napari.preferences import chosen_model
from napari_ovseg._napari.saving.replacing import Replacing
from napari_ovseg._napari.saving.saved_choices import show_choices
from napari_ovseg._napari.saving.session import Session
from napari_ovseg._napari.starting import Starting
from napari_ovseg.views.looks import AUTO

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer


class OpenVocabularyWidget(QWidget):
    """Connects the form, the viewer's layers and the background run; knows nothing of the method.

    Signals
    -------
    came_to_rest ()
        A run, an update or a search for names has ended, and the next can begin.
    """

    came_to_rest = Signal()

    def __init__(self, napari_viewer: Viewer, engine: Engine | None = None) -> None:
        super().__init__()
        # napari hands plugins a proxy that wraps whatever is reached through it: no layer would be itself
        napari_viewer = getattr(napari_viewer, "__wrapped__", napari_viewer)
        self.viewer = napari_viewer
        self.form = Form()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(Scrolled(self.form))
        # one part after the other, in the order in which they need each other
        self.pictures = PictureChoice(napari_viewer, self.form.image, self.form.only)
        self._requests = RunRequests(napari_viewer, self.form)
        self._runner = runner = Runner(lambda: any(map(is_being_painted, napari_viewer.layers)))
        self.annotator = Annotator(napari_viewer, self.form.table, self.form.correct, runner, engine)
        self.annotator.setParent(self)
        self.session = Session(
            napari_viewer, self.annotator, self.form.resume, self.form.saving, self._requests.source
        )
        self._reading = ReadingChoice(napari_viewer, self.form, self.pictures, self._requests.source)
        self._as_shown = AsShown(napari_viewer, lambda image: has_results(napari_viewer, image), self)
        self._runs = Runs(napari_viewer, runner, engine)
        self.suggesting = Suggesting(self.form, self._requests, lambda: self.pictures.image, runner, engine)
        self.tiling = Tiling(
            napari_viewer, self.form, self._requests, lambda: self.pictures.image, runner, engine
        )
        self.training = Training(self.form, self._requests, self._folder_of_picture, engine)
        self._starting = Starting(
            self.form,
            self.pictures,
            self._requests,
            self._runs,
            self.annotator,
            self.suggesting,
            self.tiling,
            runner,
        )
        self._replacing = Replacing(napari_viewer, self.session, self.pictures, self._starting.stop_on, self)
        self._taking_in = TakingIn(
            napari_viewer, self.form.take_in, self.pictures, self._requests.source, lambda: self.busy
        )
        self.exporting = Exporting(napari_viewer, self.session.places, lambda: self.pictures.image)
        self.measuring = Measuring(
            napari_viewer, self.form.saving, self.exporting, lambda: self.annotator.current
        )
        self._typed = TypedNames(self.form.names, self.annotator)
        self._ahead = Ahead(self, self.form, self._requests, runner, engine)
        self.next_step = NextStep(napari_viewer, self.form, self.pictures, self.annotator)
        self._size_line = SizeLine(napari_viewer, self.form.size_row, lambda: self.pictures.image)
        self._told_of: Image | None = None
        # The widget may be deleted at any time; its thread must not work on for nobody.
        training = self.training
        self.destroyed.connect(lambda: runner.stop())
        self.destroyed.connect(lambda: training.stop())
        self._connect()
        self.preferences = PanelPreferences(self.form, self.session.places, self.session.autosave, self)
        own = {**self._starting.by_key, "save": self.session.save}
        self.keys = PanelKeys(self, self.form, self.annotator, own)
        self.form.offer_models(model_choices(), chosen_model() or default_model())
        self.pictures.list_images()
        self.pictures.follow_selection()

    def _connect(self) -> None:
        form, annotator = self.form, self.annotator
        form.correct.update_anyway.connect(annotator.update_requests.update_anyway)
        self.pictures.chosen.connect(self._image_chosen)
        self._taking_in.taken.connect(self._show_taken)
        self._taking_in.said.connect(lambda said, no: (form.refuse if no else form.show_message)(said))
        self.measuring.refused.connect(form.refuse)
        self.measuring.accepted.connect(form.withdraw_refusal)
        self._runs.segmented.connect(self._show_segmented)
        self._runs.progressed.connect(form.show_progress)
        self.suggesting.progressed.connect(form.show_progress)
        self.tiling.progressed.connect(form.show_progress)
        self._runner.idle.connect(self.came_to_rest)
        annotator.said.connect(form.show_message)
        annotator.refused.connect(form.refuse)
        annotator.failed.connect(form.show_failure)
        annotator.accepted.connect(form.withdraw_refusal)
        self._as_shown.said.connect(lambda message, error: form.show_message(message, error=error))
        self.session.said.connect(lambda message, error: form.show_message(message, error=error))
        self.session.resuming.connect(partial(show_choices, form))
        self.session.resumed.connect(self._take_names)
        # Python waits for threads before it ends
        self.session.closing.closing.connect(self._ahead.stop)
        self.session.closing.closing.connect(annotator.updates.stop_preparing)
        self._runs.started.connect(self._ahead.use)
        self._runs.started.connect(lambda model, _device: remember_trained(model))
        self.training.told.connect(partial(form.status.show_meanwhile, "training"))
        self.training.trained.connect(self._offer_models)
        self.training.used.connect(self._use_model)
        self.suggesting.started.connect(self._ahead.use)
        self.tiling.started.connect(self._ahead.use)
        self._ahead.unloaded.connect(
            partial(form.show_message, "No model is in memory now; the next run loads its model again.")
        )
        self._ahead.told.connect(partial(form.status.show_meanwhile, "model"))
        annotator.updates.told.connect(partial(form.status.show_meanwhile, "updates"))
        annotator.updates.progressed.connect(self._on_update)
        annotator.names_changed.connect(self._typed.follow)
        annotator.changed.connect(self._show_looks)
        form.looks.taken.connect(self._take_look)
        outside = Outside(self)
        outside.hear(self.viewer.layers.events.removing, lambda event: _free_pictures(event))
        outside.hear(self.viewer.layers.events.removed, self._on_removed)
        outside.hear(self.viewer.dims.events.current_step, self._on_slice)
        self._replacing.said.connect(lambda message, error: form.show_message(message, error=error))
        self._replacing.back.connect(self._take_names)

    @property
    def busy(self) -> bool:
        """Whether a run or an update is under way, or a stopped one is still winding up."""
        return self._runner.busy

    def start(self) -> None:
        """Do what the button Run does."""
        self._starting.run()

    def update_masks(self) -> None:
        """Do what the button Update masks does."""
        self._starting.update_masks()

    def cancel(self) -> None:
        """Do what the button Cancel does."""
        self._starting.cancel()

    def _offer_models(self) -> None:
        self.form.offer_models(model_choices(), self.form.model.chosen_name())

    def _use_model(self, name: str) -> None:
        self.form.model.choose(model_choices(), name)
        self.form.show_message(f"The next run uses the model '{name}'.")

    def _folder_of_picture(self) -> Path | None:
        image = self.pictures.image
        path = None if image is None else file_of(image)
        return None if path is None else Path(path).parent

    def _show_segmented(self, event: Segmented, annotated: Annotated) -> None:
        if event.whole:
            annotated.tried[event.source.placement.position] = event.tried
        # where another picture was chosen meanwhile, the result is there when one comes back to its own
        if annotated.is_of(self.pictures.image):
            self.annotator.show(annotated)
            self.annotator.updates.remember(event.source.placement.position, event.learner)

    def _show_looks(self) -> None:
        """Show how the slice that the table is of was shown to the model."""
        current, position = self.annotator.current, self.annotator.position
        tried = () if current is None or position is None else current.tried.get(position, ())
        self.form.looks.show_tried(tried, AUTO if current is None else current.settings.get("look", AUTO))

    def _on_slice(self, _event: Any) -> None:
        self._show_looks()

    def _take_look(self, look: str) -> None:
        if not self.busy:
            self.form.settings.take_look(look)
        self.start()

    def _on_update(self, stage: str, done: int, total: int, time_left: str) -> None:
        """Show how far an update is."""
        self.form.show_running(True)
        self.form.show_progress(stage, done, total, time_left)

    def _show_taken(self, annotated: Annotated) -> None:
        self.annotator.show(annotated)
        self._take_names()

    def _take_names(self) -> None:
        """The table's names are the ones to run with next; the next thing may be an update."""
        if self.annotator.position is not None:
            self.annotator.updates.prepare(self.annotator.position)
        self._typed.take()

    def _on_removed(self, event: Any) -> None:
        image = self._runs.image
        if image is not None and event.value is image:
            self._runs.stop(f"'{image.name}' was removed, so its run was stopped.")
        self.tiling.forget(event.value)
        self.annotator.forget(event.value)
        self.pictures.list_images()

    def _image_chosen(self) -> None:
        image = self.pictures.image
        sample = {} if image is None else image.metadata.get(METADATA_KEY, {})
        if image is not self._told_of:
            if not self.busy:
                # what was said is of another picture
                self.form.show_message("")
            if not chosen_model():
                self.form.model.suit(model_choices(), sample.get("model", ""))
        self._told_of = image
        model = self.form.chosen_model()
        self.session.turn_to(image, model.name if isinstance(model, ModelChoice) else model)
        self._reading.offer(self.annotator.current)
        self.form.run_in_tiles.setVisible(suits_tiles(image))
        self._show_looks()
        if image is not None:
            self._typed.fill_in(sample.get("names", []))

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802
        """Taken out of its dock, the panel can't be reached any more: its run ends too."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self._wind_up()

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: N802
        """Closing the panel ends its run."""
        self._wind_up()
        super().closeEvent(event)

    def _wind_up(self) -> None:
        self.cancel()
        self.training.end()
        self._ahead.stop()
        self.annotator.updates.forget()
        self.session.close()
        for outside in self.findChildren(Outside):
            outside.end()
        # a script may keep it, or dock it again
        self.setEnabled(False)
        self.form.show_message("This panel was closed: open a new one from the menu Plugins.", error=True)


def _free_pictures(event: Any) -> None:
    """Let Python look for garbage among all objects when a picture is removed: so napari frees its memory."""
    from napari.layers import Image

    if isinstance(event.source[event.index], Image):
        QTimer.singleShot(0, look_through_all())
