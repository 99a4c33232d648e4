"""What a new run has to go on with: the ids of earlier work, and the corrections it has to hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from napari_ovseg._napari.annotated import Annotated
from napari_ovseg._napari.source import Source
from napari_ovseg.annotation import SliceAnnotation
from napari_ovseg.annotation.annotation import Position
from napari_ovseg.annotation.found import moved, table_for
from napari_ovseg.annotation.label_table import LabelTable
from napari_ovseg.categories import Category
from napari_ovseg.errors import InputError


def continued(
    earlier: Annotated | None, categories: Iterable[Category], positions: Iterable[Position], *, same: bool
) -> tuple[LabelTable, dict[Position, SliceAnnotation]]:
    """Return the table of a run, and the slices that hold corrections, in its ids.

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
        return table_for(categories), {}
    positions = set(positions)
    corrected = [at for at in earlier.masks.positions if earlier.has_corrections(at)]
    used = [earlier.human_pixels(at) for at in corrected]
    # slices that are not run again keep all that they hold
    used += [earlier.masks.labels(at) for at in earlier.masks.positions if at not in positions]
    painted = sorted({id for labels in used for id in np.unique(labels).tolist()})
    table = earlier.table if same else table_for(categories, earlier.table, painted)
    return table, {at: moved(earlier.slice(at), earlier.table, table) for at in positions if at in corrected}


def work_on(annotated: Annotated | None, source: Source, image: object) -> Annotated | None:
    """Return the work if it is on this picture, read this way."""
    if annotated is None or annotated.image is not image:
        return None
    return annotated if annotated.masks.placement.fits(source.placement) else None


def not_done(earlier: Annotated | None, positions: Sequence[Position]) -> list[Position]:
    """Leave out the slices that a person has set to done; raises InputError when no other is left."""
    done = set() if earlier is None else {at for at, piece in earlier.pieces.items() if piece.done}
    left = [at for at in positions if at not in done]
    if not left:
        raise InputError("What you want to run is set to done: untick 'done' to run it again.")
    return left
