"""What is kept beside the items of a layer's undo history, so that undo and redo move more than pixels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.annotation.annotation import Position
from napari_ovseg.annotation.corrections import PackedBaseline
from napari_ovseg.categories import Labels


@dataclass(eq=False)
class Agreement:
    """The pixels of one stroke that say what the machine wrote, as a part of one item of the undo history.

    Attributes
    ----------
    atoms : list
        The record of no pixels by which it is found again in the histories.
    place : int
        Of that record among those of the stroke, as long as it is being painted.
    pixels : list of (position, indices, before)
        By slice: flat indices, and the human pixels that were there.
    seen : bool
        Whether the stroke has ended: one that is broken off leaves the history without undo.
    alone : bool
        Whether the stroke has changed no pixel.
    undone : bool
    """

    atoms: list[Any]
    place: int
    pixels: list[tuple[Position, NDArray[np.intp], Labels]] = field(default_factory=list)
    seen: bool = False
    alone: bool = False
    undone: bool = False

    @property
    def size(self) -> int:
        """How many pixels there are."""
        return sum(len(indices) for _, indices, _ in self.pixels)


@dataclass(eq=False)
class Step:
    """One thing the machine wrote, as one item of the layer's undo history.

    Attributes
    ----------
    atoms : list
        The layer's own records of the change, by which it is found again in the histories; none when all
        pixels were so already.
    before, after : dict of tuple of int to PackedBaseline
        Of the slices that were written.
    note : object
        What the writer wants to know again when undo or redo moves over the step.
    undone : bool
    """

    atoms: list[Any]
    before: dict[Position, PackedBaseline]
    after: dict[Position, PackedBaseline]
    note: Any = None
    undone: bool = False


def atoms_of(history: Iterable[Iterable[Any]]) -> dict[int, Any]:
    """The records of a history by their Python ids."""
    return {id(atom): atom for item in history for atom in item}


def is_in(step: Step | Agreement, atoms: Mapping[int, Any]) -> bool:
    """Whether a step is among atoms by their Python ids: they hold arrays, which can't be compared."""
    return bool(step.atoms) and id(step.atoms[0]) in atoms


def no_pixels(data: Any) -> Any:
    """Return a record of a layer's history that changes none of its pixels."""
    none = np.zeros(0, np.intp)
    return (none,) * data.ndim, np.zeros(0, data.dtype), data.dtype.type(0)
