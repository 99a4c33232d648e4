"""Labels from a file become the masks of a picture, on request: to correct and to update without a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_ovseg._napari.labelled_layers import pictures_of
from napari_ovseg._napari.layers import tracked_labels
from napari_ovseg._napari.long_words import shortened
from napari_ovseg._napari.on_grid import has_own_place, on_grid
from napari_ovseg._napari.outside import Outside
from napari_ovseg._napari.restore import restore
from napari_ovseg._napari.source import Source
from napari_ovseg._napari.things_layer import is_things
from napari_ovseg.annotation.annotation import Position
from napari_ovseg.annotation.asked import asked
from napari_ovseg.annotation.full_size import at_size
from napari_ovseg.annotation.taken_in import taken_in
from napari_ovseg.errors import InputError, OvsegError
from napari_ovseg.export.plan import Notes

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image, Labels

    from napari_ovseg._napari.annotated import Annotated
    from napari_ovseg._napari.picture_choice import PictureChoice
    from napari_ovseg._napari.take_in_row import TakeInRow
    from napari_ovseg.annotation import Annotation


class TakingIn(QObject):
    """Offers the selected labels where they fit the picture that is chosen, and takes them.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    row : TakeInRow
    pictures : PictureChoice
    source : callable
        ``source(image) -> Source``: how the picture is read; may raise InputError.
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
        source: Callable[[Image], Source],
        busy: Callable[[], bool],
    ) -> None:
        super().__init__(row)
        self.viewer, self._row, self._pictures = viewer, row, pictures
        self._source, self._busy = source, busy
        row.wanted.connect(self._take)
        pictures.chosen.connect(self._offer)
        Outside(self).hear(viewer.layers.selection.events.active, self._offer)

    def _offer(self, _event: Any = None) -> None:
        image = self._pictures.image
        labels = fitting_labels(self.viewer, image, self._source)
        self._row.offer(labels, image, misfit(self.viewer, image, self._source) if labels is None else "")

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
            work = annotation_of(labels, source, image, mine=self._row.mine.isChecked())
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
    if taken.data.size != masks.layer.data.size:
        rows, columns = (masks.placement.shape[axis] for axis in masks.placement.axes)
        said += (
            f" The masks lie on a coarser level of the picture, {rows} x {columns}, and hold no finer detail."
        )
    labels = annotated.table.labels
    words = asked(labels)
    unasked = [f"'{shortened(label.name)}'" for label in labels if label.id not in words]
    if not unasked:
        return said
    names = ", ".join(unasked[:3]) + (f" and {len(unasked) - 3} more" if len(unasked) > 3 else "")
    return f"{said} No model can be asked for {names}: rename what a run is to find."


def fitting_labels(
    viewer: ViewerModel, image: Image | None, source: Callable[[Image], Source]
) -> Labels | None:
    """Return the selected labels layer if it can be the masks of a picture: it has names, and its size.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    image : napari.layers.Image or None
        The picture that is chosen.
    source : callable
        ``source(image) -> Source``: how the picture is read; may raise InputError.
    """
    labels = _named_labels(viewer)
    return labels if labels is not None and tuple(labels.data.shape) in _shapes(image, source) else None


def misfit(viewer: ViewerModel, image: Image | None, source: Callable[[Image], Source]) -> str:
    """Say why the selected labels, which have names, can't be the masks of a picture; "" where they can."""
    labels = _named_labels(viewer)
    fitting = _shapes(image, source)
    if labels is None or image is None or not fitting or tuple(labels.data.shape) in fitting:
        return ""
    has, needs = (" x ".join(map(str, shape)) for shape in (labels.data.shape, fitting[-1]))
    return (
        f"'{labels.name}' has {has} pixels, and '{image.name}' has {needs}: labels become masks of a picture "
        "of their own size."
    )


def _named_labels(viewer: ViewerModel) -> Labels | None:
    """The selected labels layer, if it has names and is no result of the panel."""
    from napari.layers import Labels

    active = viewer.layers.selection.active
    if not isinstance(active, Labels) or active.multiscale:
        return None
    if tracked_labels(active) is not None or is_things(active.metadata):
        return None
    named = {"index", "name"} <= set(active.features) and len(active.features)
    return active if named else None


def _shapes(image: Image | None, source: Callable[[Image], Source]) -> list[tuple[int, ...]]:
    """The shapes that labels of a picture may have: of its masks and, of a flat one, of its finest level."""
    if image is None:
        return []
    try:
        placement = source(image).placement
    except InputError:
        return []
    if placement.stack_axes:
        return [placement.shape]
    plane = tuple(placement.shape[axis] for axis in placement.axes)
    return [plane, tuple(round(placement.shape[axis] * placement.factors[axis]) for axis in placement.axes)]


def annotation_of(layer: Labels, source: Source, image: Image, *, mine: bool) -> Annotation:
    """Return a labels layer as work on the picture it fits; raises InputError when that can't be."""
    data, meta, _ = layer.as_layer_data_tuple()
    if has_own_place(layer, image, source.placement):
        data = on_grid(layer, image, source.placement)
    pictures = pictures_of(data, meta, Notes())
    stack = source.placement.stack_axes
    held: list[Position] = [()]
    if stack:
        axes = tuple(axis for axis in range(data.ndim) if axis not in stack)
        held = [tuple(map(int, at)) for at in np.argwhere(np.asarray(data).any(axis=axes))]
    if not pictures or len(held) != len(pictures):
        raise InputError(f"'{layer.name}' does not fit the slices of '{source.name}' as it is read now.")
    sides = [source.placement.shape[axis] for axis in source.placement.axes]
    planes = [replace(one, labels=at_size(one.labels, sides, layer.name)) for one in pictures]
    return taken_in(dict(zip(held, planes, strict=True)), layer.name, mine=mine)
