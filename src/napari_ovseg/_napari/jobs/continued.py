"""What a new run has to go on with: the ids of earlier work, and the corrections it has to hold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_ovseg._napari.layers.annotated import Annotated
from napari_ovseg._napari.layers.source import LayerSource
from napari_ovseg._napari.preferences import chosen_palette
from napari_ovseg.annotation import SliceAnnotation
from napari_ovseg.annotation.annotation import Position
from napari_ovseg.annotation.found import moved, table_for
from napari_ovseg.annotation.label_table import LabelTable
from napari_ovseg.categories import Category, ids_in
from napari_ovseg.errors import InputError

if TYPE_CHECKING:
    from napari.layers import Image


@dataclass(frozen=True)
class Earlier:
    """The work that a run goes on with.

    Attributes
    ----------
    annotated : Annotated
    table : LabelTable
        When the run began; a person may edit it meanwhile.
    same : bool
        Whether the result goes into its layers, corrected or not.
    """

    annotated: Annotated
    table: LabelTable
    same: bool = False


def continued(
    earlier: Annotated | None, categories: Iterable[Category], positions: Collection[Position], *, same: bool
) -> tuple[LabelTable, dict[Position, SliceAnnotation]]:
    """Return the table of a run, and the slices that hold corrections or locked categories, in its ids.

    Parameters
    ----------
    earlier : Annotated or None
        The work on the same picture so far.
    categories : iterable of Category
        The typed names.
    positions : iterable of tuple of int
        The slices of the run.
    same : bool
        Whether the run goes into the layers of the earlier work, whose table it then keeps.
    """
    if earlier is None:
        return table_for(categories, palette=chosen_palette()), {}
    table = earlier.table
    if not same:
        table = table_for(categories, earlier.table, kept_ids(earlier, positions), chosen_palette())
    bound = [at for at in positions if at in earlier.masks.positions and _binds(earlier, at)]
    return table, {at: moved(earlier.slice(at), earlier.table, table) for at in bound}


def kept_ids(earlier: Annotated, positions: Collection[Position]) -> set[int]:
    """Return the ids of pixels that a run of some slices leaves: painted, locked, or of other slices."""
    kept: set[int] = set()
    for at in earlier.masks.positions:
        masks = earlier.masks.labels(at)
        if at in positions:
            kept |= ids_in(earlier.human_pixels(at)) | (ids_in(masks) & earlier.locked_in(at))
        else:
            kept |= ids_in(masks) | ids_in(earlier.human_pixels(at))
    return kept


def _binds(earlier: Annotated, at: Position) -> bool:
    """Whether a run has to hold pixels of a slice."""
    if earlier.has_corrections(at):
        return True
    return not earlier.locked_in(at).isdisjoint(ids_in(earlier.masks.labels(at)))


def work_on(annotated: Annotated | None, source: LayerSource, image: Image | None) -> Annotated | None:
    """Return the work if it is on this picture, read this way."""
    if annotated is None or not annotated.is_of(image):
        return None
    return annotated if annotated.masks.placement.fits(source.placement) else None


def not_done(earlier: Annotated | None, positions: Sequence[Position]) -> list[Position]:
    """Leave out the slices that a person has set to done; raises InputError when no other is left."""
    done = set() if earlier is None else {at for at, piece in earlier.pieces.items() if piece.done}
    left = [at for at in positions if at not in done]
    if not left:
        raise InputError("What you want to run is set to done: untick 'done' to run it again.")
    return left
