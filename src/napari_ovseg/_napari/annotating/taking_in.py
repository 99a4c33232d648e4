"""Labels of any origin become the masks of a picture, on request: to correct and to update without a run."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_ovseg._napari.background import Background, single_shot
from napari_ovseg._napari.layers.labelled_layers import pictures_of
from napari_ovseg._napari.layers.on_grid import has_own_place, on_grid
from napari_ovseg._napari.layers.restore import restore
from napari_ovseg._napari.layers.result_layers import tracked_labels
from napari_ovseg._napari.layers.source import LayerSource
from napari_ovseg._napari.layers.things_layer import is_things
from napari_ovseg._napari.outside import Outside
from napari_ovseg._napari.panel.long_words import shortened
from napari_ovseg.annotation.annotation import Position
from napari_ovseg.annotation.asked import asked
from napari_ovseg.annotation.full_size import at_size
from napari_ovseg.annotation.taken_in import taken_in
from napari_ovseg.annotation.typed import is_unnamed
from napari_ovseg.annotation.without_names import IdsFound, as_categories, ids_found
from napari_ovseg.errors import InputError, OvsegError
from napari_ovseg.export.plan import Notes

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image, Labels

    from napari_ovseg._napari.layers.annotated import Annotated
    from napari_ovseg._napari.layers.picture_choice import PictureChoice
    from napari_ovseg._napari.panel.take_in_row import TakeInRow
    from napari_ovseg.annotation import Annotation


# ids are counted again once the brush rests
_SETTLE_MS = 300


class TakingIn(QObject):
    """Offers the selected labels where they fit the picture that is chosen, and takes them.

    Ids without names are counted first, in the background: that decides what is offered.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    row : TakeInRow
    pictures : PictureChoice
    source : callable
        ``source(image) -> LayerSource``: how the picture is read; may raise InputError.
    busy : callable
        ``busy() -> bool``: whether a job is under way, which could write into the new layers.

    Signals
    -------
    taken(Annotated)
    said(message, is_error)
    """

    taken = Signal(object)
    said = Signal(str, bool)

    def __init__(
        self,
        viewer: ViewerModel,
        row: TakeInRow,
        pictures: PictureChoice,
        source: Callable[[Image], LayerSource],
        busy: Callable[[], bool],
    ) -> None:
        super().__init__(row)
        self.viewer, self._row, self._pictures = viewer, row, pictures
        self._source, self._busy = source, busy
        self._counting, self._number = Background(self), 0
        self._heard: Labels | None = None
        self._soon = single_shot(self, self._offer)
        self._soon.setInterval(_SETTLE_MS)
        row.wanted.connect(self._take)
        pictures.chosen.connect(self._offer)
        outside = Outside(self)
        outside.hear(viewer.layers.selection.events.active, self._offer)
        outside.at_end(lambda: self._hear(None))

    def _offer(self, _event: Any = None) -> None:
        labels = _foreign_labels(self.viewer)
        unnamed = labels if labels is not None and not _has_names(labels) else None
        self._hear(unnamed)
        # what is being counted is out of date
        self._number += 1
        if unnamed is None:
            self._show()
            return
        number, data = self._number, unnamed.data
        self._counting.start(
            lambda: ids_found(data, lambda: number != self._number), partial(self._counted, number)
        )

    def _counted(self, number: int, found: Future[IdsFound]) -> None:
        if number != self._number:
            return
        there = found.exception() is None and found.result().count > 0
        if there:
            self._show(found.result())
        else:
            self._row.offer(None)

    def _show(self, ids: IdsFound | None = None) -> None:
        image = self._pictures.image
        labels = fitting_labels(self.viewer, image, self._source)
        names = None if labels is None or image is None else (labels.name, image.name)
        self._row.offer(names, misfit(self.viewer, image, self._source) if labels is None else "", ids)

    def _hear(self, layer: Labels | None) -> None:
        """Follow what is painted on a layer without names, and whether it gets some."""
        if layer is self._heard:
            return
        for heard, change in ((self._heard, "disconnect"), (layer, "connect")):
            if heard is not None:
                for event in (heard.events.labels_update, heard.events.data, heard.events.features):
                    getattr(event, change)(self._changed)
        self._heard = layer

    def _changed(self, _event: Any = None) -> None:
        self._soon.start()

    def _take(self) -> None:
        """Make the selected labels the masks of the picture; their own layer stays as it is, hidden."""
        image = self._pictures.image
        labels = fitting_labels(self.viewer, image, self._source)
        if image is None or labels is None:
            return
        if self._busy():
            self.said.emit("Something is running: wait for its end, or press Cancel first.", True)
            return
        try:
            source = self._source(image)
            work = annotation_of(
                labels, source, image, mine=self._row.mine.isChecked(), one=self._row.one.isChecked()
            )
            annotated = restore(self.viewer, image, source, work)
        except OvsegError as error:
            self.said.emit(str(error), True)
            return
        labels.visible = False
        annotated.worth_saving = True
        self.taken.emit(annotated)
        said = _what_became(labels, annotated)
        if has_own_place(labels, image, source.placement):
            said += " They were brought onto the pixels of the picture, from where they lay."
        self.said.emit(said, False)


def _what_became(taken: Labels, annotated: Annotated) -> str:
    masks = annotated.masks
    said = f"'{taken.name}' became '{masks.layer.name}': paint, then update."
    coarser = any(masks.placement.factors[axis] > 1 for axis in masks.placement.axes)
    if coarser and taken.data.size > masks.layer.data.size:
        rows, columns = (masks.placement.shape[axis] for axis in masks.placement.axes)
        said += (
            f" The masks lie on a coarser level of the picture, {rows} x {columns}, and hold no finer detail."
        )
    labels = annotated.table.labels
    words = asked(labels)
    unasked = [f"'{shortened(label.name)}'" for label in labels if label.id not in words or is_unnamed(label)]
    if not unasked:
        return said
    names = ", ".join(unasked[:3]) + (f" and {len(unasked) - 3} more" if len(unasked) > 3 else "")
    return f"{said} No model can be asked for {names}: rename what a run is to find."


def fitting_labels(
    viewer: ViewerModel, image: Image | None, source: Callable[[Image], LayerSource]
) -> Labels | None:
    """Return the selected labels layer if it can be the masks of a picture: of its size, or placed on it.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    image : napari.layers.Image or None
        The picture that is chosen.
    source : callable
        ``source(image) -> LayerSource``: how the picture is read; may raise InputError.
    """
    labels = _foreign_labels(viewer)
    return labels if labels is not None and _fits(labels, image, source) else None


def _fits(labels: Labels, image: Image | None, source: Callable[[Image], LayerSource]) -> bool:
    fitting = _shapes(image, source)
    if image is None or not fitting or tuple(labels.data.shape) in fitting:
        return bool(fitting)
    # labels of a part, or of other pixels, which say where they lie
    placement = source(image).placement
    whole = labels.ndim == image.ndim or (labels.ndim == 2 and not placement.stack_axes)
    return whole and has_own_place(labels, image, placement)


def misfit(viewer: ViewerModel, image: Image | None, source: Callable[[Image], LayerSource]) -> str:
    """Say why the selected labels can't be the masks of a picture; "" where they can."""
    labels = _foreign_labels(viewer)
    fitting = _shapes(image, source)
    if labels is None or image is None or not fitting or _fits(labels, image, source):
        return ""
    has, needs = (" x ".join(map(str, shape)) for shape in (labels.data.shape, fitting[-1]))
    return (
        f"'{labels.name}' has {has} pixels, and '{image.name}' has {needs}: labels become masks of a picture "
        "of their own size."
    )


def _foreign_labels(viewer: ViewerModel) -> Labels | None:
    """The selected labels layer, if it is no result of the panel."""
    from napari.layers import Labels

    active = viewer.layers.selection.active
    if not isinstance(active, Labels) or active.multiscale:
        return None
    if tracked_labels(active) is not None or is_things(active.metadata):
        return None
    return active


def _has_names(labels: Labels) -> bool:
    return {"index", "name"} <= set(labels.features) and len(labels.features) > 0


def _shapes(image: Image | None, source: Callable[[Image], LayerSource]) -> list[tuple[int, ...]]:
    """The shapes that labels of a picture may have: of its masks and, of a flat one, of its finest level."""
    if image is None:
        return []
    try:
        placement = source(image).placement
    except InputError:
        return []
    if placement.stack_axes:
        without_channels = [
            length for axis, length in enumerate(placement.shape) if axis != placement.channel_axis
        ]
        return [tuple(without_channels), placement.shape]
    plane = tuple(placement.shape[axis] for axis in placement.axes)
    return [plane, tuple(round(placement.shape[axis] * placement.factors[axis]) for axis in placement.axes)]


def annotation_of(
    layer: Labels, source: LayerSource, image: Image, *, mine: bool, one: bool = False
) -> Annotation:
    """Return a labels layer as work on the picture it fits; raises InputError when that can't be.

    `one` makes all ids without names one category.
    """
    data, meta, _ = layer.as_layer_data_tuple()
    stack, channels = source.placement.stack_axes, source.placement.channel_axis
    if has_own_place(layer, image, source.placement):
        data = on_grid(layer, image, source.placement)
    if not _has_names(layer):
        ids, data = data, as_categories(np.asarray(data), one=one)
        # under other numbers they would get the colours of others
        meta |= {} if np.array_equal(ids, data) else {"colormap": None}
    pictures = pictures_of(data, meta, Notes())
    held: list[Position] = [()]
    if stack and channels is not None and data.ndim < image.ndim:
        data = np.expand_dims(data, channels)
    if stack:
        axes = tuple(axis for axis in range(data.ndim) if axis not in stack)
        held = [tuple(map(int, at)) for at in np.argwhere(np.asarray(data).any(axis=axes))]
    if not pictures or len(held) != len(pictures):
        raise InputError(f"'{layer.name}' does not fit the slices of '{source.name}' as it is read now.")
    sides = [source.placement.shape[axis] for axis in source.placement.axes]
    planes = [replace(picture, labels=at_size(picture.labels, sides, layer.name)) for picture in pictures]
    return taken_in(dict(zip(held, planes, strict=True)), layer.name, mine=mine)
