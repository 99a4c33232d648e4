"""The list of pictures to choose from: follows the viewer's layers and which of them is selected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal
from superqt.utils import signals_blocked

from napari_ovseg._napari.layers.picture_file import file_of
from napari_ovseg._napari.layers.result_layers import (
    COMES_BACK,
    METADATA_KEY,
    PSEUDO_LABELS,
    belongs_to,
    picture_key_of,
)
from napari_ovseg._napari.layers.shown import picture_key
from napari_ovseg._napari.layers.shown_pictures import is_picture
from napari_ovseg._napari.outside import Outside

# Layers that are blended so do not hide what is below them.
_SEEN_THROUGH = ("additive", "minimum", "multiplicative")

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image
    from qtpy.QtWidgets import QAbstractButton

    from napari_ovseg._napari.panel.choice_box import ChoiceBox


class PictureChoice(QObject):
    """Keeps a box of pictures in step with the viewer.

    Choosing in the box shows the picture. `only` is a button that can be checked: the layers of other
    pictures are then hidden, until it is unchecked. Call `list_images` when a layer was removed: who else
    has to know of that comes first.

    Signals
    -------
    chosen()
        Another picture, or none, is chosen.
    """

    chosen = Signal()

    def __init__(self, viewer: ViewerModel, box: ChoiceBox, only: QAbstractButton) -> None:
        super().__init__(box)
        self.viewer, self._box, self._only = viewer, box, only
        # layers that are read as part of the picture that is chosen
        self.parts: frozenset[str] = frozenset()
        self._order: list[Any] = []
        box.currentIndexChanged.connect(lambda _index: self.chosen.emit())
        # by the person, and not since another layer was selected
        box.activated.connect(lambda _index: self.show())
        self.chosen.connect(self.show_only)
        only.toggled.connect(lambda _checked: self.show_only())
        layers, outside = viewer.layers, Outside(self)
        # nobody could show them again
        outside.at_end(lambda: only.setChecked(False))
        for event in (layers.events.inserted, layers.events.reordered, layers.events.renamed):
            outside.hear(event, self.list_images)
        outside.hear(layers.events.inserted, lambda _event: self.show_only())
        outside.hear(layers.selection.events.active, self.follow_selection)

    @property
    def image(self) -> Image | None:
        """The image layer that is chosen."""
        chosen = self._box.currentData()
        return next((layer for layer in self.viewer.layers if layer.unique_id == chosen), None)

    def list_images(self, _event: Any = None) -> None:
        """List all image layers but those that show how sure the masks are, or are about to be replaced."""
        box = self._box
        images = {layer.unique_id: layer for layer in self.viewer.layers if is_picture(layer)}
        # a picture that is brought to the top stays where it is in the list
        new = [one for one in reversed(images) if one not in self._order]
        self._order = [*new, *(one for one in self._order if one in images)]
        wanted = [(images[one].name, one) for one in self._order]
        shown = [(box.itemText(i), box.itemData(i)) for i in range(box.count())]
        if wanted == shown:
            return
        chosen = box.currentData()
        with signals_blocked(box):
            box.clear()
            for one in self._order:
                box.offer(images[one].name, one, file_of(images[one]) or "")
            ids = [unique_id for _, unique_id in wanted]
            box.setCurrentIndex(ids.index(chosen) if chosen in ids else 0 if ids else -1)
        box.tell()
        self.chosen.emit()

    def show(self) -> None:
        """Bring the picture that is chosen onto the canvas, and select its masks, or else itself."""
        image = self.image
        if image is None:
            return
        if not image.visible:
            image.visible = True
        self.uncover()
        masks = [layer for layer in self._layers_of(image) if picture_key_of(layer) and layer.visible]
        self.viewer.layers.selection.active = masks[-1] if masks else image

    def uncover(self) -> None:
        """Put the picture that is chosen, with its layers, above the pictures that cover it."""
        image, layers = self.image, self.viewer.layers
        if image is None:
            return
        own = self._layers_of(image)
        above = list(layers)[layers.index(image) + 1 :]
        covering = [
            layer
            for layer in above
            if is_picture(layer)
            and layer.visible
            and str(layer.unique_id) not in self.parts
            and str(layer.blending) not in _SEEN_THROUGH
        ]
        if covering:
            top = max(layers.index(layer) for one in covering for layer in self._layers_of(one))
            layers.move_multiple([layers.index(layer) for layer in own], top + 1)

    def show_only(self) -> None:
        """Hide the layers of all other pictures where that is wanted, and show those again that were."""
        image = self.image if self._only.isChecked() else None
        others = [
            layer
            for other in self.viewer.layers
            if is_picture(other) and image is not None and other is not image
            if str(other.unique_id) not in self.parts
            for layer in self._layers_of(other)
        ]
        for layer in [layer for layer in self.viewer.layers if layer not in others]:
            if layer.metadata.get(METADATA_KEY, {}).pop(COMES_BACK, False) and not layer.visible:
                layer.visible = True
        for layer in others:
            if layer.visible:
                layer.visible = False
                # the first guess of a run is only shown until the masks are there
                known = layer.metadata.setdefault(METADATA_KEY, {})
                known[COMES_BACK] = known.get("result", {}).get("kind") != PSEUDO_LABELS

    def _layers_of(self, image: Image) -> list[Any]:
        """A picture and its layers, from below."""
        key = picture_key(image)
        return [layer for layer in self.viewer.layers if layer is image or belongs_to(layer) == key]

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
    key = picture_key_of(layer)
    return next((one for one in viewer.layers if is_picture(one) and picture_key(one) == key), None)
