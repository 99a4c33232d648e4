"""What undo steps of the masks move besides pixels: edits of the table, strokes on the other layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_ovseg._napari.layers.steps import Agreement, Step
from napari_ovseg.annotation import SliceAnnotation
from napari_ovseg.annotation.annotation import Position
from napari_ovseg.annotation.label_table import LabelTable
from napari_ovseg.categories import Labels


def as_it_is(piece: SliceAnnotation) -> SliceAnnotation:
    return piece


@dataclass
class TableEdit:
    """What undo of the masks has to bring back besides their pixels after a change of the table.

    Attributes
    ----------
    what : str
        In words, to tell of.
    table : tuple of LabelTable
        Before and after.
    pieces : tuple of dict
        Before and after; their pixels are of no matter.
    change : callable
        What was done to each slice.
    rough : Step
        What was written to the pseudo-labels.
    """

    what: str
    table: tuple[LabelTable, LabelTable]
    pieces: tuple[dict[Position, SliceAnnotation], dict[Position, SliceAnnotation]]
    change: Callable[[SliceAnnotation], SliceAnnotation]
    rough: Step


@dataclass(frozen=True)
class NamesEdit:
    """A change of the table that changes no pixel: an undo step of the masks all the same.

    Attributes
    ----------
    what : str
        In words, to tell of.
    table : tuple of LabelTable
        Before and after.
    changes : tuple of callable
        What undo and redo do to each slice.
    """

    what: str
    table: tuple[LabelTable, LabelTable]
    changes: tuple[Callable[[SliceAnnotation], SliceAnnotation], Callable[[SliceAnnotation], SliceAnnotation]]


@dataclass(frozen=True, eq=False)
class Taken:
    """The strokes on the pseudo-labels of a slice that its masks hold already.

    Attributes
    ----------
    strokes : np.ndarray
        ``(H, W)``, the ids painted there, void elsewhere.
    alone : np.ndarray
        ``(H, W)``, bool: where no stroke on the masks says the same, so that undo of the stroke withdraws it.
    """

    strokes: Labels
    alone: NDArray[np.bool_]


@dataclass(frozen=True)
class Beside:
    """What belongs to the masks of a slice besides their pixels; half precision, as undo keeps many.

    Attributes
    ----------
    taken : Taken or None
    confidence : np.ndarray or None
    learnt : str or None
        Which human pixels the last update has learnt from, see `news.learnt_in`.
    """

    taken: Taken | None
    confidence: NDArray[np.float16] | None
    learnt: str | None


@dataclass(frozen=True)
class Note:
    """What belongs to one undo step of the masks, before and after."""

    beside: tuple[Mapping[Position, Beside], Mapping[Position, Beside]]
    edit: TableEdit | None


def told_of(step: Step | Agreement) -> str:
    """Say what undo or redo has moved over where no pixel shows it, "" where one does."""
    how = "Taken back" if step.undone else "Done again"
    if isinstance(step, Agreement):
        stroke = f"{how}: a stroke over {step.size:,} pixels that had its label already."
        return stroke if step.alone else ""
    edit = step.note.edit if isinstance(step.note, Note) else step.note
    return f"{how}: {edit.what}." if isinstance(edit, NamesEdit | TableEdit) else ""
