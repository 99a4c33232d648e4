"""What a run has brought into the viewer so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_ovseg._napari.jobs.continued import Earlier, kept_ids
from napari_ovseg._napari.layers.annotated import Annotated
from napari_ovseg._napari.layers.colours import Legend
from napari_ovseg._napari.layers.result_layers import (
    COMES_BACK,
    MASKS,
    METADATA_KEY,
    PSEUDO_LABELS,
    Written,
    picture_key_of,
    tracked_labels,
    write_labels,
)
from napari_ovseg._napari.layers.shown import picture_key
from napari_ovseg.annotation import SliceAnnotation
from napari_ovseg.annotation.found import moved
from napari_ovseg.annotation.labelled_pictures import slice_called
from napari_ovseg.annotation.pasted import pasted
from napari_ovseg.annotation.reconcile import brought, followed, met
from napari_ovseg.categories import void_of
from napari_ovseg.wording import GUESS, NONE

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image
    from napari.layers import Labels as LabelsLayer

    from napari_ovseg._napari.jobs.run import Request
    from napari_ovseg._napari.layers.source import LayerSource
    from napari_ovseg.annotation.annotation import Position
    from napari_ovseg.annotation.label_table import LabelTable
    from napari_ovseg.annotation.pasted import Part
    from napari_ovseg.categories import Labels


class Outcome:
    """The layers of one run: slices are shown as they arrive; one that is not finished is taken back.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    image : napari.layers.Image
    request : Request
    earlier : Earlier, optional
        The work it goes on with, of which the request holds what a run has to keep.
    """

    def __init__(
        self, viewer: ViewerModel, image: Image, request: Request, earlier: Earlier | None = None
    ) -> None:
        self.viewer = viewer
        self.image = image
        self.request = request
        self._earlier = earlier
        self.annotated = earlier.annotated if earlier is not None and earlier.same else None
        self._active = viewer.layers.selection.active
        self.records: list[dict[str, Any]] = []
        self._pseudo: Written | None = None
        self._pseudo_table = request.table
        self._notes: dict[str, None] = {}

    def show_pseudo_labels(self, source: LayerSource, labels: Labels) -> None:
        """Show the first guess while the masks are still being worked out."""
        if self.annotated is None and not self._is_done(source.placement.position):
            table = self._table()
            rough = _rough_in(labels, None, self.request.table, table)[0]
            self._pseudo = self._write(PSEUDO_LABELS, source, rough, table)
            self._pseudo_table = table

    def show_slice(self, source: LayerSource, piece: SliceAnnotation) -> Annotated | None:
        """Show both layers of a slice that is finished; the first slice decides which layers.

        None, and nothing is shown, where a person has set the slice to done meanwhile.
        """
        position = source.placement.position
        if self._is_done(position):
            self.roll_back()
            self._pseudo = None
            what = slice_called(position).capitalize() if position else f"'{self.image.name}'"
            self._notes[f"{what} was set to done meanwhile and is left as it is."] = None
            return None
        table = self._table()
        piece = brought(piece, self.request.table, table)
        self.records.append(piece.record)
        if self.request.part is not None:
            piece = self._in_its_slice(source, piece, self.request.part)
        if self.annotated is None:
            piece = self._with_strokes_since(position, piece, table)
            self.annotated = self._show_anew(source, piece, table)
        else:
            piece = _taken_in(self.annotated, position, piece)
        self.annotated.background = self.request.settings.background_words
        self.annotated.settings = self.request.settings.saved()
        self.annotated.sources[position] = source
        self.annotated.know({position: piece})
        self.annotated.masks.layer.metadata[METADATA_KEY]["record"] = piece.record
        self.annotated.pseudo_labels.layer.metadata[METADATA_KEY]["record"] = piece.record
        self._pseudo = None
        return self.annotated

    def _in_its_slice(self, source: LayerSource, piece: SliceAnnotation, part: Part) -> SliceAnnotation:
        """A part that was run, in what the slice holds now."""
        placement = source.placement
        if self.annotated is not None and placement.position in self.annotated.masks.positions:
            return pasted(self.annotated.slice(placement.position), piece, part)
        size = tuple(placement.shape[axis] for axis in placement.axes)
        empty = np.zeros(size, piece.masks.dtype)
        return pasted(SliceAnnotation(empty, np.full_like(empty, void_of(empty))), piece, part)

    def message(self) -> str:
        """What there is to say, in a few sentences."""
        return " ".join([*self._notes, *_findings(self.request, self.records)])

    def roll_back(self) -> None:
        """Leave the layers as they were before the slice that is not finished."""
        if self._pseudo is not None:
            self._pseudo.roll_back()

    def _is_done(self, position: Position) -> bool:
        """Whether a person has said that nothing is to change a slice."""
        works = (self.annotated, None if self._earlier is None else self._earlier.annotated)
        piece = next((work.pieces.get(position) for work in works if work is not None), None)
        return piece is not None and piece.done

    def _table(self) -> LabelTable:
        """The table of the run, after all that the person has done to the one of the work meanwhile."""
        if self.annotated is not None:
            return self.annotated.table
        table, earlier = self.request.table, self._earlier
        if earlier is None:
            return table
        positions = {source.placement.position for source in self.request.sources}
        return followed(table, earlier.table, earlier.annotated.table, kept_ids(earlier.annotated, positions))

    def _with_strokes_since(
        self, position: Position, piece: SliceAnnotation, table: LabelTable
    ) -> SliceAnnotation:
        """What the layers so far hold now goes over into the new ones."""
        earlier = None if self._earlier is None else self._earlier.annotated
        if earlier is None or position not in earlier.masks.positions:
            return piece
        now = moved(earlier.slice(position), earlier.table, table)
        return met(piece, now, table.locked if earlier.locked_in(position) else ())

    def _show_anew(self, source: LayerSource, piece: SliceAnnotation, table: LabelTable) -> Annotated:
        position = source.placement.position
        rough = piece.pseudo_labels
        assert rough is not None
        if self._pseudo is None:
            self._pseudo = self._write(PSEUDO_LABELS, source, rough, table)
        elif self._pseudo_table != table:
            shown = self._pseudo.tracked
            painted = shown.human_pixels(position)
            shown.write({position: _rough_in(shown.labels(position), painted, self._pseudo_table, table)})
        held = None if (piece.human == void_of(piece.human)).all() else piece.human
        masks = self._write(MASKS, source, piece.masks, table, held)
        self._pseudo.layer.visible = False
        self._hide_others(masks.layer)
        left = self._left()
        if not masks.layer.visible and not left:
            masks.layer.visible = True
        if not left:
            self.viewer.layers.selection.active = self._active = masks.layer
        known = masks.layer.metadata[METADATA_KEY].get("annotated")
        if not isinstance(known, Annotated) or known.masks is not masks.tracked:
            known = Annotated(self.image, masks.tracked, self._pseudo.tracked, table)
            if masks.kept is not None:
                _carry_other_slices(masks.kept.metadata[METADATA_KEY].get("annotated"), known, position)
        known.show_pseudo_labels(self._pseudo.tracked)
        known.show_table(table)
        return known

    def _hide_others(self, new: LabelsLayer) -> None:
        """Hide other masks of the picture, which would show through where the new ones have nothing."""
        for layer in self.viewer.layers:
            known = layer.metadata.get(METADATA_KEY, {})
            others = tracked_labels(layer) is not None and layer is not new
            if not others or known.get("result") != {"image": picture_key(self.image), "kind": MASKS}:
                continue
            # also those that are to come back with their picture, while only another one is shown
            if known.pop(COMES_BACK, False) or layer.visible:
                layer.visible = False
                self._notes[f"'{layer.name}' is hidden below '{new.name}'."] = None

    def _left(self) -> bool:
        """Whether the person has turned to another picture since the run began."""
        active = self.viewer.layers.selection.active
        if active is None or active is self._active or active is self.image:
            return False
        return picture_key_of(active) != picture_key(self.image)

    def _write_unseen(self, write: Callable[[], Written]) -> Written:
        """Write right above the picture; napari selects what is added, and the person stays elsewhere."""
        selection, layers = self.viewer.layers.selection, self.viewer.layers
        active, there = selection.active, list(layers)
        with selection.events.active.blocker():
            written = write()
            selection.active = active
        if written.layer not in there:
            key = picture_key(self.image)
            # what was replaced is gone
            own = [
                one for one in there if one in layers and (one is self.image or picture_key_of(one) == key)
            ]
            above = max((layers.index(layer) for layer in own), default=len(layers) - 2) + 1
            layers.move(layers.index(written.layer), above)
        return written

    def _write(
        self, kind: str, source: LayerSource, labels: Labels, table: LabelTable, human: Labels | None = None
    ) -> Written:
        left = self._left()
        legend = Legend(table.labels, table.void)
        write = partial(write_labels, self.viewer, self.image, kind, labels, source.placement, legend, human)
        written = self._write_unseen(write) if left else write()
        self._active = self._active if left else self.viewer.layers.selection.active
        if written.kept is not None:
            kept, new = written.kept.name, written.layer.name
            self._notes[f"'{kept}' was edited and is left alone: the new result is '{new}'."] = None
        return written


def _rough_in(
    labels: Labels, painted: Labels | None, before: LabelTable, now: LabelTable
) -> tuple[Labels, Labels]:
    """Pseudo-labels and what a person has painted on them, in the ids of a later state of their table."""
    human = np.full_like(labels, void_of(labels)) if painted is None else painted
    piece = brought(SliceAnnotation(labels, human, labels), before, now)
    assert piece.pseudo_labels is not None
    return piece.pseudo_labels, piece.human


def _taken_in(annotated: Annotated, position: Position, piece: SliceAnnotation) -> SliceAnnotation:
    """Write into layers that may hold corrections, also ones that came during the run."""
    painted = annotated.pseudo_labels.human_pixels(position)
    rough = piece.pseudo_labels
    if rough is not None:
        rough = np.where(painted != void_of(painted), painted, rough)
    piece = replace(met(piece, annotated.slice(position), annotated.locked_in(position)), pseudo_labels=rough)
    annotated.write_pseudo_labels({position: piece})
    annotated.write_masks({position: piece})
    return piece


def _carry_other_slices(old: Annotated | None, new: Annotated, but: Position) -> None:
    """A corrected stack is replaced slice by slice: the new layers begin with all that the old ones hold."""
    if old is None:
        return
    for position in old.masks.positions:
        if position != but:
            piece = moved(old.slice(position), old.table, new.table)
            new.masks.start(position, piece.masks, piece.human)
            new.know({position: piece})
            if position in old.sources:
                new.sources[position] = old.sources[position]
            if position in old.tried:
                new.tried[position] = old.tried[position]
    new.masks.layer.refresh()


def _findings(request: Request, records: list[dict[str, Any]]) -> list[str]:
    """What was found and what was not, over all slices."""
    names = [name.name for name in request.settings.sought]
    absent = [name for name in names if all(name in record.get("absent", []) for record in records)]
    there = [name for name in names if name not in absent]
    where = f" in {len(records)} slices" if len(records) > 1 else ""
    if request.part is not None:
        tall, wide = (one.stop - one.start for one in request.part)
        where = f" in {tall} x {wide} pixels"
    found = [f"Segmented {_listed(there)}{where}."] if there and records else []
    if absent and records:
        found.append(f"Probably absent, and not painted: {_listed(absent)}.")
    packs = list(dict.fromkeys(record.get("pack", NONE) for record in records))
    if packs and packs != [NONE]:
        how = " (guessed)" if request.settings.pack == GUESS else ""
        found.append(f"Background: {', '.join(packs)}{how}.")
    warnings = dict.fromkeys(note for record in records for note in record.get("warnings", []))
    return [*found, *warnings]


def _listed(names: list[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(f"'{name}'" for name in names[:most]) + more
