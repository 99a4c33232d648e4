"""How the chosen picture is read: keeps the row of channels in step with the viewer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject

from napari_ovseg._napari.background import single_shot
from napari_ovseg._napari.layers.channel_readings import preview_of, readings_of, show_beside_channels
from napari_ovseg._napari.layers.layer_parts import numbers, recorded_names
from napari_ovseg._napari.layers.result_layers import has_results
from napari_ovseg._napari.layers.source import stack_lengths
from napari_ovseg._napari.layers.together import group_of
from napari_ovseg._napari.outside import Outside
from napari_ovseg._napari.panel.reading import TOGETHER
from napari_ovseg.errors import OvsegError

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

    from napari_ovseg._napari.layers.annotated import Annotated
    from napari_ovseg._napari.layers.picture_choice import PictureChoice
    from napari_ovseg._napari.layers.source import LayerSource
    from napari_ovseg._napari.panel.channels_row import ChannelsRow
    from napari_ovseg._napari.panel.form import Form

# Contrast is dragged: the preview follows when it rests.
_SETTLE_MS = 200


class ReadingChoice(QObject):
    """Offers the ways to read a picture, and shows what comes of the one that is chosen.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    form : Form
    pictures : PictureChoice
    read : callable
        ``read(image) -> LayerSource``: the picture as it is read now.
    """

    def __init__(
        self, viewer: ViewerModel, form: Form, pictures: PictureChoice, read: Callable[[Image], LayerSource]
    ) -> None:
        super().__init__(form)
        self.viewer, self._form, self._pictures, self._read = viewer, form, pictures, read
        self._heard: list[Image] = []
        Outside(self).at_end(lambda: self._hear([]))
        self._soon = single_shot(self, self.offer)
        self._soon.setInterval(_SETTLE_MS)
        form.channels.changed.connect(self._changed)

    def offer(self, work: Annotated | None = None) -> None:
        """Offer the ways to read the picture that is chosen now; `work` is what is being worked on."""
        image, row = self._pictures.image, self._form.channels
        readings, first = readings_of(self.viewer, image)
        worked_on = image is not None and has_results(self.viewer, image)
        of = None if image is None else str(image.unique_id)
        # no picture that has work is read otherwise than it was, unless a person says so
        self._form.offer_readings(of, readings, None if worked_on else first)
        if work is not None and work.image is image and row.fresh:
            source = next(iter(work.sources.values()), None)
            if source is not None:
                show_reading(row, source.reading)
        self._changed()

    def _changed(self) -> None:
        """Offer the slices of the picture as it is read now, and show what the model sees."""
        image, row = self._pictures.image, self._form.channels
        group = [] if image is None else group_of(self.viewer, image)
        self._hear(group or ([] if image is None else [image]))
        together = row.key is not None and not isinstance(row.key, int)
        if together and group and group[0] is not image:
            # the work belongs to the first, so that there is one of it
            row.hand_over(str(group[0].unique_id))
            self._pictures.choose(group[0])
            return
        self._pictures.parts = frozenset(str(layer.unique_id) for layer in group if together)
        axis = row.key if isinstance(row.key, int) else None
        if image is not None and axis is not None:
            show_beside_channels(self.viewer, image, axis)
        self._form.offer_slices(() if image is None else stack_lengths(image, self.viewer.dims, axis))
        self._preview(image)

    def _preview(self, image: Image | None) -> None:
        row = self._form.channels
        try:
            seen = image is not None and row.key is not None
            row.show_preview(preview_of(self._read(image)) if image is not None and seen else None)
        except OvsegError:
            row.show_preview(None)

    def _hear(self, layers: list[Image]) -> None:
        """Follow the colours and the contrast of the layers that are read."""
        for heard, change in ((self._heard, "disconnect"), (layers, "connect")):
            for layer in heard:
                for event in (layer.events.colormap, layer.events.contrast_limits, layer.events.gamma):
                    getattr(event, change)(self._look_again)
        self._heard = list(layers)

    def _look_again(self, _event: Any = None) -> None:
        self._soon.start()


def show_reading(row: ChannelsRow, reading: Mapping[str, Any]) -> None:
    """Read a picture as a record says, as far as that is offered; nothing in the record is trusted."""
    names, axis = recorded_names(reading.get("layers")), reading.get("channel_axis")
    if names:
        row.choose(TOGETHER, row.places(names))
    elif axis is None or isinstance(axis, int):
        row.choose(axis, [int(channel) for channel in numbers(reading.get("channels")) or ()])
