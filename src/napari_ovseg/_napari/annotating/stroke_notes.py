"""What to say of a stroke that does less than a person may think: on a done slice, or on what is locked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from napari_ovseg._napari.panel.long_words import shortened
from napari_ovseg.annotation.labelled_pictures import slice_called

if TYPE_CHECKING:
    from napari_ovseg._napari.layers.annotated import Annotated
    from napari_ovseg._napari.layers.tracked_labels import TrackedLabels
    from napari_ovseg.annotation.annotation import Position


def stroke_note(annotated: Annotated, tracked: TrackedLabels, item: Iterable[Any]) -> str:
    """Return what becomes of a stroke, "" where there is nothing to it.

    Parameters
    ----------
    annotated : Annotated
    tracked : TrackedLabels
        The layer that was painted, its masks or its pseudo-labels.
    item : iterable
        The stroke's records in the undo history of the layer.
    """
    locked, pieces = annotated.table.locked, annotated.pieces
    done = {at for at, piece in pieces.items() if piece.done}
    if not (locked or done):
        return ""
    positions: set[Position] = set()
    given, taken = set(), set()
    for painted in tracked.painted_in(item):
        positions |= set(painted.positions)
        given |= {id for id in locked if (painted.given == id).any()}
        taken |= {id for id in locked if (painted.taken == id).any()}
    said = []
    for at in sorted(done & positions):
        what = slice_called(at).capitalize() if at else "This picture"
        said.append(f"{what} is done: your stroke is kept, and no run or update changes the rest.")
    names = {label.id: f"'{shortened(label.name)}'" for label in annotated.table.labels} | {0: "'background'"}
    for id in sorted(given):
        said.append(f"{names[id]} is locked: your stroke is kept, and updates add no pixels to it.")
    for id in sorted(taken - given):
        said.append(f"{names[id]} is locked for runs and updates: your stroke over it is kept.")
    return " ".join(said)
