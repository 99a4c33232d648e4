"""What the table of categories asks for, done to layers and names; a change of pixels is one undo step."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import partial

import numpy as np

from napari_ovseg._napari.layers.annotated import Annotated
from napari_ovseg._napari.preferences import chosen_palette
from napari_ovseg.annotation.annotation import Position
from napari_ovseg.annotation.label_table import LabelTable
from napari_ovseg.annotation.relabel import after_deleting, after_merging, after_renaming
from napari_ovseg.errors import InputError


def rename(annotated: Annotated, id: int, name: str) -> None:
    """Call a category by another name, everywhere."""
    table = annotated.table.rename(id, name)
    old, new = annotated.table.find(id).name, table.find(id).name
    back, again = (partial(after_renaming, old=one, new=other) for one, other in ((new, old), (old, new)))
    annotated.edit_names(table, f"'{old}' is called '{new}'", (back, again))


def recolour(annotated: Annotated, id: int, colour: tuple[int, int, int]) -> None:
    """Give a category another colour, everywhere."""
    name = annotated.table.find(id).name
    annotated.edit_names(annotated.table.recolour(id, colour), f"another colour of '{name}'")


def lock(annotated: Annotated, id: int, locked: bool) -> None:
    """Keep runs and updates from changing the pixels of a category, or of the background (0), or let them."""
    table = annotated.table.lock(id) if locked else annotated.table.unlock(id)
    name = annotated.table.find(id).name if id else "background"
    annotated.edit_names(table, f"'{name}' is {'locked' if locked else 'unlocked'}")


def add(annotated: Annotated, typed: str) -> list[str]:
    """Add categories, typed as in the box of names; returns their names."""
    table = annotated.table.add_typed(typed, chosen_palette())
    if table.dtype != annotated.masks.layer.data.dtype:
        raise InputError(
            "These layers hold 254 categories at most: type the further names in the box and run again."
        )
    added = [label.name for label in table.labels if label.id not in annotated.table.ids]
    annotated.edit_names(table, f"{', '.join(repr(name) for name in added)} added")
    return added


def name_painted(annotated: Annotated, position: Position) -> bool:
    """Give a name to ids that were painted without one; tells whether there were any."""
    table = annotated.table
    for id in _unnamed(annotated, position):
        if (annotated.human_pixels(position) == id).any():
            added = _add_named_after(table, id)
            named = replace(added.labels[-1], id=id)
            table = LabelTable((*table.labels, named), table.locked, max(table.last_id, id))
    if table is annotated.table:
        return False
    annotated.show_table(table)
    return True


def _unnamed(annotated: Annotated, position: Position) -> list[int]:
    """The ids on either layer of a slice that have no name."""
    counts = annotated.masks.counts(position) + annotated.pseudo_labels.counts(position)
    void = len(counts) - 1
    return [id for id in np.flatnonzero(counts).tolist() if id not in (0, void, *annotated.table.ids)]


def _add_named_after(table: LabelTable, id: int) -> LabelTable:
    """Add "label 7", or "label 7 (2)" where something else is called that."""
    for number in itertools.count(1):
        try:
            name = f"label {id}" if number == 1 else f"label {id} ({number})"
            return table.add(name, palette=chosen_palette())
        except InputError:
            if number > len(table.labels) + 1:
                raise
    raise AssertionError


def merge(annotated: Annotated, source: int, into: int) -> None:
    """Give all pixels of one category to another."""
    gone, kept = annotated.table.find(source), annotated.table.find(into)
    table = annotated.table.merge(source, into)
    what = f"'{gone.name}' merged into '{kept.name}'"
    annotated.edit(table, lambda piece: after_merging(piece, gone, kept), what)


def delete(annotated: Annotated, id: int) -> None:
    """Take a category out; its pixels become background until an update decides."""
    gone = annotated.table.find(id)
    table = annotated.table.delete(id)
    annotated.edit(table, lambda piece: after_deleting(piece, gone), f"'{gone.name}' deleted")


def human_pixels_of(annotated: Annotated, id: int) -> int:
    """How many pixels of a category a person has painted."""
    painted = filter(annotated.has_corrections, annotated.masks.positions)
    return sum(int((annotated.human_pixels(at) == id).sum()) for at in painted)
