"""The dock widget: typed names in, two editable labels layers out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent
from qtpy.QtGui import QCloseEvent
from qtpy.QtWidgets import QMessageBox, QVBoxLayout, QWidget

from napari_ovseg._napari.form import LOCAL_FILE, Form
from napari_ovseg._napari.layers import METADATA_KEY
from napari_ovseg._napari.model_choice import ModelChoice, default_model, licence_notice, model_choices
from napari_ovseg._napari.outcome import MasksView, Outcome
from napari_ovseg._napari.run import Engine, Failed, Finished, Progressed, PseudoLabelled, Request, Runner
from napari_ovseg._napari.source import Source, channel_axes, source_of
from napari_ovseg._napari.time_left import TimeLeft, spoken
from napari_ovseg.categories import parse_categories
from napari_ovseg.errors import InputError, OvsegError

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer


class OpenVocabularyWidget(QWidget):
    """Connects the form, the viewer's layers and the background run; knows nothing of the method."""

    def __init__(self, napari_viewer: Viewer, engine: Engine | None = None) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.form = Form()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.form)
        self.masks = MasksView(napari_viewer, self.form.table)
        self._time_left = TimeLeft()
        self._outcome: Outcome | None = None
        self._licences_accepted: set[str] = set()
        self._suggested = ""
        self._runner = runner = Runner(engine)
        # The widget may be deleted at any time; its thread must not work on for nobody.
        self.destroyed.connect(lambda: runner.stop())
        self._connect()
        self.form.offer_models(model_choices(), default_model())
        self._list_images()
        self._follow_selection()

    def _connect(self) -> None:
        form, layers = self.form, self.viewer.layers
        form.run.clicked.connect(self.start)
        form.cancel.clicked.connect(self.cancel)
        form.unload.clicked.connect(self.unload)
        form.image.currentIndexChanged.connect(self._image_chosen)
        form.names.submitted.connect(self.start)
        self._runner.happened.connect(self._on_event)
        self._runner.idle.connect(self._on_idle)
        for event in (layers.events.inserted, layers.events.reordered, layers.events.renamed):
            event.connect(self._list_images)
        layers.events.removed.connect(self._on_removed)
        layers.selection.events.active.connect(self._follow_selection)

    @property
    def image(self) -> Image | None:
        """The image layer that is chosen."""
        chosen = self.form.image.currentData()
        return next((layer for layer in self.viewer.layers if layer.unique_id == chosen), None)

    @property
    def busy(self) -> bool:
        """Whether a run is under way, or a stopped one is still winding up."""
        return self._runner.busy

    def start(self) -> None:
        """Segment the chosen picture, or say in one sentence why not."""
        if self._runner.busy:
            return
        try:
            image, request = self._request()
        except OvsegError as error:
            self.form.show_message(str(error), error=True)
            return
        if request is None:
            return
        self._outcome = Outcome(self.viewer, image, request)
        self._time_left.start((request.model, request.preset, request.device))
        self.form.show_message("")
        self.form.show_running(True)
        self._runner.start(request)

    def cancel(self) -> None:
        """Stop the run and take back what it has shown."""
        if self._outcome is not None:
            self._stop("Cancelled; the layers are as they were.")

    def unload(self) -> None:
        """Free the memory that loaded models take."""
        # Before the first run nothing is loaded, and importing PyTorch would take memory instead.
        loading = sys.modules.get("napari_ovseg.clip.loading")
        if loading is not None:
            loading.unload()
        self.form.show_message("No model is in memory now; the next run loads its model again.")

    def _request(self) -> tuple[Image, Request | None]:
        """Gather a run's settings; no request when the person declines a licence."""
        image = self.image
        if image is None:
            raise InputError("There is no image layer: open a picture, or take one from File > Open Sample.")
        categories = parse_categories(self.form.names.toPlainText())
        source = self._source(image)
        model, checkpoint = self._model()
        if checkpoint is None and not self._accepts_licence(model):
            self.form.show_message(f"'{model}' was not used, since its licence was not accepted.")
            return image, None
        request = Request(
            number=self._runner.next_number(),
            source=source,
            categories=categories,
            model=model,
            checkpoint=checkpoint,
            preset=self.form.preset.value,
            device=self.form.device.value,
        )
        return image, request

    def _source(self, image: Image) -> Source:
        axis = self.form.channel_axis.currentData()
        channels = self.form.chosen_channels() if axis is not None else None
        return source_of(image, self.viewer.dims, axis, channels)

    def _model(self) -> tuple[str, Path | None]:
        """The model's name, or an architecture and the file with its weights."""
        model = self.form.chosen_model()
        if model == LOCAL_FILE:
            return self.form.weights.chosen()
        name = model.name if isinstance(model, ModelChoice) else model
        if not name:
            raise InputError("No model is chosen: take one from the list.")
        return name, None

    def _accepts_licence(self, model: str) -> bool:
        notice = licence_notice(model)
        if notice is None or model in self._licences_accepted:
            return True
        yes = QMessageBox.StandardButton.Yes
        if QMessageBox.question(self, "Licence of this model", notice) != yes:
            return False
        self._licences_accepted.add(model)
        return True

    def _on_event(self, event: Any) -> None:
        outcome = self._outcome
        if outcome is None:
            return
        if isinstance(event, Progressed):
            seconds = self._time_left.seconds(event.stage, event.done, event.total)
            self.form.show_progress(event.stage, event.done, event.total, spoken(seconds))
        elif isinstance(event, PseudoLabelled):
            outcome.show_pseudo_labels(event.labels)
        elif isinstance(event, Finished):
            self._time_left.finish()
            self._outcome = None
            self.form.show_message(outcome.show_result(event.result))
            self.masks.show(outcome.masks, outcome.legend, event.result)
        elif isinstance(event, Failed):
            self._stop(event.message, error=True)
            if event.error is not None:
                _report(event.error)

    def _stop(self, message: str, *, error: bool = False) -> None:
        outcome, self._outcome = self._outcome, None
        self._runner.stop()
        if outcome is not None:
            outcome.roll_back()
        self.form.show_running(self._runner.busy, stopping=True)
        self.form.show_message(message, error=error)

    def _on_idle(self) -> None:
        self.form.show_running(False)
        chosen = self.form.chosen_model()
        # A model that has just been fetched is no longer one to be downloaded.
        self.form.offer_models(model_choices(), chosen.name if isinstance(chosen, ModelChoice) else chosen)

    def _on_removed(self, event: Any) -> None:
        if self._outcome is not None and event.value is self._outcome.image:
            self._stop(f"'{event.value.name}' was removed, so its run was stopped.")
        self.masks.forget(event.value)
        self._list_images()

    def _list_images(self, _event: Any = None) -> None:
        from napari.layers import Image

        box = self.form.image
        images = [layer for layer in self.viewer.layers if isinstance(layer, Image)]
        wanted = [(layer.name, layer.unique_id) for layer in reversed(images)]
        shown = [(box.itemText(i), box.itemData(i)) for i in range(box.count())]
        if wanted == shown:
            return
        chosen = box.currentData()
        box.blockSignals(True)
        box.clear()
        for name, unique_id in wanted:
            box.addItem(name, unique_id)
        ids = [unique_id for _, unique_id in wanted]
        box.setCurrentIndex(ids.index(chosen) if chosen in ids else 0 if ids else -1)
        box.blockSignals(False)
        self._image_chosen()

    def _follow_selection(self, _event: Any = None) -> None:
        active = self.viewer.layers.selection.active
        index = self.form.image.findData(active.unique_id) if active is not None else -1
        if index >= 0:
            self.form.image.setCurrentIndex(index)

    def _image_chosen(self, _index: int = 0) -> None:
        image = self.image
        axes = [] if image is None else channel_axes(image)
        titles = [f"axis {axis} ({image.axis_labels[axis]}) as channels" for axis in axes] if image else []
        self.form.offer_channel_axes(list(zip(axes, titles, strict=True)))
        if image is not None:
            self._suggest(image.metadata.get(METADATA_KEY, {}).get("names", []))

    def _suggest(self, names: list[str]) -> None:
        """Fill in the names that come with a sample, unless a person has typed their own."""
        if self.form.names.toPlainText() in ("", self._suggested):
            self._suggested = "\n".join(names)
            self.form.names.setPlainText(self._suggested)

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802
        """Taken out of its dock, the panel can't be reached any more: its run ends too."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self.cancel()

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: N802
        """Closing the panel ends its run."""
        self.cancel()
        super().closeEvent(event)


def _report(error: Exception) -> None:
    from napari.utils.notifications import notification_manager

    notification_manager.receive_error(type(error), error, error.__traceback__)
