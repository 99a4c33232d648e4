"""The demo in the window: a generated scene, and beside it a photo, one run after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.layers import Layer
from napari.utils.notifications import show_info
from qtpy.QtCore import QObject

from napari_ovseg._napari.files.samples import coffee, generated_scene
from napari_ovseg._napari.panel.model_choice import BUNDLED, model_choices
from napari_ovseg.demo.photo import MODEL, photo_advice

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

    from napari_ovseg._napari.widget import OpenVocabularyWidget

GAP = 20
"""Pixels between the scene and the photo."""


class Demonstration(QObject):
    """Segments the scene with the bundled model, then the photo with the model "photos" if that is installed.

    Where it isn't, one line says how to get it. The photo is only shown if somebody has cancelled the first
    run or gone on alone.
    """

    def __init__(self, viewer: Viewer, widget: OpenVocabularyWidget) -> None:
        super().__init__(widget)
        self._viewer, self._widget = viewer, widget
        self._pair: tuple[Image, Image]

    def start(self) -> None:
        """Open the pictures and start the first run."""
        widget = self._widget
        scene, truth = (Layer.create(*layer) for layer in generated_scene())
        self._viewer.layers.extend([scene, truth])
        advice = photo_advice()
        if advice:
            show_info(advice)
        else:
            (photo,) = (Layer.create(*layer) for layer in coffee())
            photo.translate = (0, scene.data.shape[1] + GAP)
            self._viewer.layers.append(photo)
            widget.pictures.choose(scene)
            self._pair = (scene, photo)
            widget.came_to_rest.connect(self._go_on)
        widget.form.offer_models(model_choices(), BUNDLED)
        widget.start()

    def _go_on(self) -> None:
        widget, (scene, photo) = self._widget, self._pair
        widget.came_to_rest.disconnect(self._go_on)
        current = widget.annotator.current
        finished = current is not None and current.image is scene and widget.pictures.image is scene
        if finished and photo in self._viewer.layers and not widget.busy:
            widget.pictures.choose(photo)
            widget.form.offer_models(model_choices(), MODEL)
            widget.start()
