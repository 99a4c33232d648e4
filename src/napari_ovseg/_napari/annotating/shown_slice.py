"""What the panel shows of the slice in view: the table of categories, and whether the slice is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from superqt.utils import signals_blocked

from napari_ovseg._napari.layers.annotated import Annotated
from napari_ovseg._napari.layers.confidence import ConfidenceLayer

if TYPE_CHECKING:
    import numpy as np
    from napari.components import ViewerModel
    from numpy.typing import NDArray

    from napari_ovseg._napari.panel.category_table import CategoryTable
    from napari_ovseg._napari.panel.correct_controls import CorrectControls
    from napari_ovseg.annotation.annotation import Position


class ShownSlice:
    """Fills the table and the buttons below it; remembers which categories it showed as absent."""

    def __init__(self, viewer: ViewerModel, table: CategoryTable, controls: CorrectControls) -> None:
        self._table, self._controls = table, controls
        self._absent: frozenset[str] = frozenset()
        self.confidence = ConfidenceLayer(viewer)

    def fill(self, annotated: Annotated, position: Position | None) -> None:
        """Show the categories anew; None: the slider is off the picture."""
        counts = None if position is None else annotated.masks.counts(position)
        piece = annotated.pieces.get(position or ())
        self._absent = _absent(annotated, position, counts)
        table, presence = annotated.table, {} if piece is None else piece.presence
        stands_for = {} if piece is None else piece.record.get("stands_for", {})
        self._table.show_categories(table.labels, table.locked, presence, self._absent, stands_for)
        self.show_brush(annotated)
        self._show(annotated, position, counts)

    def follow(self, annotated: Annotated, position: Position | None) -> list[str]:
        """Show what was painted or found since; returns what is there now and was shown as absent."""
        counts = None if position is None else annotated.masks.counts(position)
        before, now = self._absent, _absent(annotated, position, counts)
        if now != before:
            self.fill(annotated, position)
        else:
            self._show(annotated, position, counts)
        return sorted(before - now)

    def show_brush(self, annotated: Annotated) -> None:
        """Show what is painted with, and whether only that is seen."""
        layer = annotated.masks.layer
        label = int(layer.selected_label)
        self._table.mark(label)
        self._table.show_only(label if layer.show_selected_label else None)

    def _show(self, annotated: Annotated, position: Position | None, counts: NDArray[np.intp] | None) -> None:
        if position is None:
            return
        self._table.show_shares(counts if annotated.worked_on(position) else None)
        piece = annotated.pieces.get(position)
        with signals_blocked(self._controls.done):
            self._controls.done.setChecked(piece is not None and piece.done)
        self.confidence.refresh(annotated, position)


def _absent(
    annotated: Annotated, position: Position | None, counts: NDArray[np.intp] | None
) -> frozenset[str]:
    """What the model took to be absent, but for what is in the masks all the same: a person said so."""
    piece = None if position is None else annotated.pieces.get(position)
    if piece is None or counts is None:
        return frozenset()
    said = set(piece.record.get("absent", ()))
    return frozenset(
        label.name for label in annotated.table.labels if label.name in said and not counts[label.id]
    )
