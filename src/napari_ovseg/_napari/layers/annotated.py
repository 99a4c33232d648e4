"""One picture under annotation in the viewer: two labels layers, a table, and what updates go on from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_ovseg._napari.layers.colours import Legend
from napari_ovseg._napari.layers.copies import Copies
from napari_ovseg._napari.layers.human_pixels import HumanPixels
from napari_ovseg._napari.layers.notes_of_steps import (
    Beside,
    NamesEdit,
    Note,
    TableEdit,
    as_it_is,
    told_of,
)
from napari_ovseg._napari.layers.result_layers import METADATA_KEY, show_legend
from napari_ovseg._napari.layers.shown import picture_key
from napari_ovseg._napari.layers.steps import Agreement, Step
from napari_ovseg._napari.layers.tracked_labels import TrackedLabels
from napari_ovseg.annotation import Annotation, SliceAnnotation
from napari_ovseg.annotation.annotation import Position
from napari_ovseg.annotation.label_table import LabelTable
from napari_ovseg.annotation.news import NOBODY, learnt_in, with_learnt
from napari_ovseg.categories import Category, Labels, void_of

if TYPE_CHECKING:
    from napari.layers import Image

    from napari_ovseg._napari.layers.source import LayerSource
    from napari_ovseg.segmentation import TriedLook


@dataclass(eq=False)
class Annotated:
    """What belongs to one picture.

    Attributes
    ----------
    image : napari.layers.Image
    masks, pseudo_labels : TrackedLabels
    human : HumanPixels
        Of both layers as one.
    table : LabelTable
    background : Category or None
        The words for what is not wanted.
    settings : dict
        Of the latest run.
    sources : dict of tuple of int to LayerSource
        How to read each slice again.
    pieces : dict of tuple of int to SliceAnnotation
        What is known of each slice besides its pixels, which are those of the layers.
    tried : dict of tuple of int to tuple of TriedLook
        How slices were shown to the model in this session.
    worth_saving : bool
        Whether a person has done anything about it.
    unsaved : set of tuple of int
        Slices whose pixels may have changed since the last snapshot.
    on_table_moved : callable
        Called when undo or redo has brought back another table.
    on_told : callable
        ``on_told(message)``, called when undo or redo has moved over something that no pixel shows.
    """

    image: Image
    masks: TrackedLabels
    pseudo_labels: TrackedLabels
    table: LabelTable
    background: Category | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    sources: dict[Position, LayerSource] = field(default_factory=dict)
    pieces: dict[Position, SliceAnnotation] = field(default_factory=dict)
    tried: dict[Position, tuple[TriedLook, ...]] = field(default_factory=dict, repr=False)
    worth_saving: bool = False
    unsaved: set[Position] = field(default_factory=set)
    on_table_moved: Callable[[], object] = field(default=lambda: None, repr=False)
    on_told: Callable[[str], object] = field(default=lambda message: None, repr=False)
    _copies: Copies = field(default_factory=Copies, repr=False)
    human: HumanPixels = field(init=False, repr=False)
    _saved_beside: tuple[Any, ...] = field(default=(), repr=False)
    # of slices whose latest update was undone: the digest of their human pixels then
    _taken_back: dict[Position, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.human = HumanPixels(self.masks, self.pseudo_labels)
        # so that a panel that is closed and opened again finds it
        self.masks.layer.metadata[METADATA_KEY]["annotated"] = self
        self.masks.on_moved = self._moved
        self.pseudo_labels.on_moved = self._tell_of

    @property
    def key(self) -> str:
        """Which picture it is, see `shown.picture_key`: its layer may show another one now."""
        return str(self.masks.layer.metadata[METADATA_KEY]["result"]["image"])

    def is_of(self, image: Image | None) -> bool:
        """Whether it is the work on the picture that a layer shows now."""
        return self.image is image and image is not None and self.key == picture_key(image)

    @property
    def legend(self) -> Legend:
        return Legend(self.table.labels, void_of(self.masks.layer.data))

    def human_pixels(self, position: Position) -> Labels:
        """Whose id a person gave to each pixel of a slice, ``(H, W)``, void where nobody did."""
        return self.human.of(position)

    def has_corrections(self, position: Position) -> bool:
        """Whether any pixel of a slice is a person's."""
        return self.digest(position) != NOBODY

    def digest(self, position: Position) -> str:
        """What tells the human pixels of a slice from others."""
        return self.human.digest(position)

    def is_taken_back(self, position: Position) -> bool:
        """Whether an update of a slice was undone, and nothing was painted since."""
        return self._taken_back.get(position) == self.digest(position)

    def worked_on(self, position: Position) -> bool:
        """Whether a slice was run or painted, and not only looked at."""
        piece = self.pieces.get(position)
        if piece is not None and (piece.filled or piece.done):
            return True
        if position not in {*self.masks.positions, *self.pseudo_labels.positions}:
            return False
        return bool(self.masks.labels(position).any()) or self.has_corrections(position)

    def locked_in(self, position: Position) -> frozenset[int]:
        """The locked ids that bind a slice: none where only a brush has been, so that all can be found."""
        piece = self.pieces.get(position)
        return self.table.locked if piece is not None and piece.filled else frozenset()

    def slice(self, position: Position) -> SliceAnnotation:
        """All that is known of a slice, as plain data of its own."""
        masks, rough = (tracked.labels(position).copy() for tracked in (self.masks, self.pseudo_labels))
        human = self.human_pixels(position)
        known = self.pieces.get(position) or SliceAnnotation(masks, human)
        return replace(known, masks=masks, human=human, pseudo_labels=rough)

    def write_masks(self, pieces: Mapping[Position, SliceAnnotation], edit: TableEdit | None = None) -> Step:
        """Bring the masks of slices to the screen as one undo step; their human pixels stay a person's."""
        before = {at: self._beside(at) for at in pieces}
        taken = {at: self.human.taken_by(at, piece.human) for at, piece in pieces.items()}
        slices = {at: (piece.masks, piece.human) for at, piece in pieces.items()}
        step = self.masks.write(slices, always=edit is not None)
        for at, strokes in taken.items():
            self.human.take(at, strokes)
        self.know(pieces)
        step.note = Note((before, {at: self._beside(at) for at in pieces}), edit)
        self.unsaved |= set(pieces)
        return step

    def know(self, pieces: Mapping[Position, SliceAnnotation]) -> None:
        """Keep of slices what is known besides their pixels: those of the layers stand for these."""
        for at, piece in pieces.items():
            human = np.broadcast_to(piece.human.dtype.type(void_of(piece.human)), piece.human.shape)
            rough = None if piece.pseudo_labels is None else self.pseudo_labels.labels(at)
            self.pieces[at] = replace(piece, masks=self.masks.labels(at), human=human, pseudo_labels=rough)

    def _beside(self, position: Position) -> Beside:
        piece = self.pieces.get(position)
        sure = None if piece is None or piece.confidence is None else piece.confidence.astype(np.float16)
        return Beside(
            self.human.taken.get(position), sure, None if piece is None else learnt_in(piece.record)
        )

    def write_pseudo_labels(self, pieces: Mapping[Position, SliceAnnotation]) -> Step:
        """Bring the pseudo-labels of slices to the screen; what a person painted there stays a person's.

        Call `write_masks` next, with masks that hold what was painted.
        """
        written = {}
        self.unsaved |= set(pieces)
        for position, piece in pieces.items():
            if piece.pseudo_labels is not None:
                painted = self.pseudo_labels.human_pixels(position)
                void = void_of(painted)
                human = np.where(painted != void, piece.pseudo_labels, void).astype(painted.dtype)
                written[position] = (piece.pseudo_labels, human)
        return self.pseudo_labels.write(written)

    def edit(
        self, table: LabelTable, change: Callable[[SliceAnnotation], SliceAnnotation], what: str
    ) -> None:
        """Change the table and all slices with it, as one undo step of the masks."""
        before, after = dict(self.pieces), self._all_changed(change)
        edit = TableEdit(what, (self.table, table), (before, after), change, self.write_pseudo_labels(after))
        self.write_masks(after, edit)
        # without the pixels
        edit.pieces = before, {at: self.pieces[at] for at in after}
        self.show_table(table)

    def edit_names(
        self,
        table: LabelTable,
        what: str,
        changes: tuple[Callable[[SliceAnnotation], SliceAnnotation], ...] = (as_it_is, as_it_is),
    ) -> None:
        """Change the table and no pixel, as one undo step of the masks, see `NamesEdit`."""
        if (table.labels, table.locked) == (self.table.labels, self.table.locked):
            return
        edit = NamesEdit(what, (self.table, table), (changes[0], changes[1]))
        self.masks.note(edit)
        self._change_names(changes[1], table)

    def _change_names(self, change: Callable[[SliceAnnotation], SliceAnnotation], table: LabelTable) -> None:
        self.pieces = {at: change(piece) for at, piece in self.pieces.items()}
        self.show_table(table)

    def show_pseudo_labels(self, tracked: TrackedLabels) -> None:
        """Have another layer of pseudo-labels from now on; none of it is known to the masks."""
        if tracked is not self.pseudo_labels:
            self.pseudo_labels = tracked
            tracked.on_moved = self._tell_of
            self.human = HumanPixels(self.masks, tracked)

    def _all_changed(
        self, change: Callable[[SliceAnnotation], SliceAnnotation]
    ) -> dict[Position, SliceAnnotation]:
        return {at: change(self.slice(at)) for at in self.masks.positions}

    def _moved(self, step: Step | Agreement) -> None:
        """Undo or redo has moved over a step: bring back what belongs to it besides the masks."""
        self._tell_of(step)
        if isinstance(step, Step) and isinstance(step.note, NamesEdit):
            edit, undone = step.note, step.undone
            left, to = edit.table[::-1] if undone else edit.table
            self._change_names(edit.changes[0 if undone else 1], self.table.stepped(left, to))
            self.on_table_moved()
        if isinstance(step, Agreement) or not isinstance(step.note, Note):
            return
        for at, beside in step.note.beside[0 if step.undone else 1].items():
            self.human.take(at, beside.taken)
            sure = None if beside.confidence is None else beside.confidence.astype(np.float32)
            if at in self.pieces:
                learnt, record = learnt_in(self.pieces[at].record), self.pieces[at].record
                record = with_learnt(record, beside.learnt)
                self.pieces[at] = replace(self.pieces[at], confidence=sure, record=record)
                self._taken_back.pop(at, None)
                if step.undone and learnt != beside.learnt:
                    self._taken_back[at] = self.digest(at)
        if step.note.edit is not None:
            self._move_table(step.note.edit, undone=step.undone)

    def _tell_of(self, step: Step | Agreement) -> None:
        if said := told_of(step):
            self.on_told(said)

    def _move_table(self, edit: TableEdit, *, undone: bool) -> None:
        left, to = edit.table if not undone else edit.table[::-1]
        if undone:
            self.pseudo_labels.take_back(edit.rough)
        else:
            edit.rough = self.write_pseudo_labels(self._all_changed(edit.change))
        for at, piece in edit.pieces[0 if undone else 1].items():
            self.pieces[at] = replace(piece, done=self.pieces[at].done)
        self.unsaved |= set(self.pieces)
        self.show_table(self.table.stepped(left, to))
        self.on_table_moved()

    def show_table(self, table: LabelTable) -> None:
        """Give both layers the names and colours of a table."""
        self.table = table
        for tracked in (self.masks, self.pseudo_labels):
            show_legend(tracked.layer, self.legend)

    @property
    def has_news(self) -> bool:
        """Whether anything has changed since it was last said to be saved."""
        return bool(self.touched()) or self._saved_beside != self._beside_pixels()

    def mark_saved(self) -> None:
        """All of it is saved, or in a snapshot that will be."""
        self.touched()
        self.unsaved = set()
        self._saved_beside = self._beside_pixels()

    def _beside_pixels(self) -> tuple[Any, ...]:
        done = {at for at, piece in self.pieces.items() if piece.done}
        return self.table, self.background, dict(self.settings), done

    def touched(self) -> set[Position]:
        """The slices whose pixels may have changed since the last snapshot, in view or not."""
        for tracked in (self.masks, self.pseudo_labels):
            self.unsaved |= tracked.take_touched()
        return self.unsaved

    def snapshot(self, *, whole: bool = True) -> Annotation:
        """Everything worth saving, as plain data of its own.

        Not `whole`, slices that have not changed since the last snapshot are not copied again.
        """
        slices = {}
        self.touched()
        for position in sorted({*self.masks.positions, *self.pseudo_labels.positions}):
            if not whole and position in self._copies and position not in self.unsaved:
                slices[position] = self._copies.last(position, self.pieces.get(position))
            else:
                slices[position] = self.slice(position)
                pixels = self.masks.labels(position), self.pseudo_labels.labels(position)
                self._copies.keep(position, slices[position], *pixels)
        return Annotation(
            labels=self.table.labels,
            background=self.background,
            locked=self.table.locked,
            last_id=self.table.last_id,
            slices=slices,
            settings=dict(self.settings),
        )
