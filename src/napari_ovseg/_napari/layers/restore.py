"""Saved work back into layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from napari_ovseg._napari.layers.adding import add
from napari_ovseg._napari.layers.annotated import Annotated
from napari_ovseg._napari.layers.colours import Legend
from napari_ovseg._napari.layers.result_layers import MASKS, PSEUDO_LABELS, new_layer
from napari_ovseg._napari.layers.source import LayerSource, source_at
from napari_ovseg.annotation import Annotation
from napari_ovseg.annotation.annotation import Position
from napari_ovseg.annotation.label_table import LabelTable
from napari_ovseg.annotation.labelled_pictures import slice_called
from napari_ovseg.categories import void_of
from napari_ovseg.errors import InputError

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image


def restore(
    viewer: ViewerModel,
    image: Image,
    source: LayerSource,
    annotation: Annotation,
    digests: Mapping[Position, str] | None = None,
) -> Annotated:
    """Show saved work as layers of a picture.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    image : napari.layers.Image
    source : LayerSource
        Any slice of the picture, read as it was read when the work was done.
    annotation : Annotation
    digests : mapping of tuple of int to str, optional
        Of the human pixels of its slices, see `news.digest_of`. Those that are not given are taken on
        the main thread, once they are asked for.

    Raises
    ------
    InputError
        When the saved slices don't fit the picture; nothing is shown then.
    """
    placement = source.placement
    plane = tuple(placement.shape[axis] for axis in placement.axes)
    stack = tuple(placement.shape[axis] for axis in placement.stack_axes)
    for position, piece in annotation.slices.items():
        inside = len(position) == len(stack) and all(p < n for p, n in zip(position, stack, strict=True))
        if piece.masks.shape != plane or not inside:
            raise InputError(_misfit(image.name, piece.masks.shape, plane, position))
    if not annotation.slices:
        raise InputError(f"No slice of '{image.name}' was saved, so there is nothing to show: press Ignore.")
    dtype = next(iter(annotation.slices.values())).masks.dtype
    table = LabelTable(annotation.labels, annotation.locked, annotation.last_id)
    legend = Legend(table.labels, void_of(next(iter(annotation.slices.values())).masks))
    masks, rough = (new_layer(image, kind, dtype, placement, legend) for kind in (MASKS, PSEUDO_LABELS))
    annotated = Annotated(image, masks, rough, table, annotation.background, dict(annotation.settings))
    for position, piece in annotation.slices.items():
        masks.start(position, piece.masks, piece.human)
        if piece.pseudo_labels is not None:
            rough.start(position, piece.pseudo_labels)
        annotated.sources[position] = source_at(source, position).read_as(piece.record.get("read"))
    annotated.know(annotation.slices)
    annotated.human.know(digests or {})
    rough.layer.visible = False
    for layer in (rough.layer, masks.layer):
        add(viewer, layer)
    viewer.layers.selection.active = masks.layer
    return annotated


def _misfit(name: str, saved: tuple[int, ...], now: tuple[int, ...], position: Position) -> str:
    if saved != now:
        sizes = " x ".join(map(str, saved)), " x ".join(map(str, now))
        what = f"The saved masks have {sizes[0]} pixels, and '{name}' has {sizes[1]} as it is read now"
    else:
        which = f"of {slice_called(position)}" if position else "of a picture without slices"
        what = f"The saved masks are {which}, and '{name}' has no such as it is read now"
    return f"{what}: choose its channels as they were, open the picture as it was, or press Ignore."
