"""The list of pictures to choose from: follows the viewer's layers and which of them is selected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_ovseg._napari.layers import picture_id
from napari_ovseg._napari.picture_file import file_of
from napari_ovseg._napari.shown import picture_key
from napari_ovseg._napari.shown_pictures import is_picture

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

    from napari_ovseg._napari.choice_box import ChoiceBox


class PictureChoice(QObject):
    """Keeps a box of pictures in step with the viewer.

    Call `list_images` when a layer was removed: who else has to know of that comes first.

    Signals
    -------
    chosen()
        Another picture, or none, is chosen.
    """

    chosen = Signal()

    def __init__(self, viewer: ViewerModel, box: ChoiceBox) -> None:
        super().__init__(box)
        self.viewer, self._box = viewer, box
        # layers that are read as part of the picture that is chosen
        self.parts: frozenset[str] = frozenset()
        box.currentIndexChanged.connect(lambda _index: self.chosen.emit())
        layers = viewer.layers
        for event in (layers.events.inserted, layers.events.reordered, layers.events.renamed):
            event.connect(self.list_images)
        layers.selection.events.active.connect(self.follow_selection)

    @property
    def image(self) -> Image | None:
        """The image layer that is chosen."""
        chosen = self._box.currentData()
        return next((layer for layer in self.viewer.layers if layer.unique_id == chosen), None)

    def list_images(self, _event: Any = None) -> None:
        """List all image layers but those that show how sure the masks are, or are about to be replaced."""
        box = self._box
        images = [layer for layer in self.viewer.layers if is_picture(layer)]
        wanted = [(layer.name, layer.unique_id) for layer in reversed(images)]
        shown = [(box.itemText(i), box.itemData(i)) for i in range(box.count())]
        if wanted == shown:
            return
        chosen = box.currentData()
        box.blockSignals(True)
        box.clear()
        for image in reversed(images):
            box.offer(image.name, image.unique_id, file_of(image) or "")
        ids = [unique_id for _, unique_id in wanted]
        box.setCurrentIndex(ids.index(chosen) if chosen in ids else 0 if ids else -1)
        box.blockSignals(False)
        box.tell()
        self.chosen.emit()

    def choose(self, image: Image) -> None:
        """Choose a picture."""
        box = self._box
        ids = [str(box.itemData(i)) for i in range(box.count())]
        if str(image.unique_id) in ids:
            box.setCurrentIndex(ids.index(str(image.unique_id)))

    def follow_selection(self, _event: Any = None) -> None:
        """Choose the picture that is selected, or whose masks are."""
        active = self.viewer.layers.selection.active
        # whoever turns to the masks of a picture is about to work on it
        image = None if active is None else picture_of(self.viewer, active)
        if image is not None and str(image.unique_id) in self.parts:
            return
        box = self._box
        wanted = None if image is None else image.unique_id
        index = next((i for i in range(box.count()) if box.itemData(i) == wanted), -1)
        if index >= 0:
            box.setCurrentIndex(index)


def picture_of(viewer: ViewerModel, layer: Any) -> Image | None:
    """Return the picture that a layer is, or is a result of; None for others, and where that is gone."""
    if is_picture(layer):
        return layer
    key = picture_id(layer)
    return next((one for one in viewer.layers if is_picture(one) and picture_key(one) == key), None)
