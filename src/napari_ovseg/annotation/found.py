"""What a run found, in the ids of an annotation's table."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

import numpy as np

from napari_ovseg.annotation.annotation import SliceAnnotation
from napari_ovseg.annotation.asked import asked
from napari_ovseg.annotation.label_table import LabelTable
from napari_ovseg.annotation.relabel import after_deleting, after_merging, after_renaming
from napari_ovseg.categories import Category, Labels, same_name, void_of
from napari_ovseg.colours import STANDARD, VOID, Palette
from napari_ovseg.errors import InputError
from napari_ovseg.labelled import NamedLabel, named_labels
from napari_ovseg.segmentation import Segmentation


def found_by(result: Segmentation, table: LabelTable) -> SliceAnnotation:
    """Turn a run's result into a slice whose ids are those of a table with the same names.

    Parameters
    ----------
    result : Segmentation
        Ids 1..C in typed order.
    table : LabelTable
        Holds every category of the result, by name or by what is `asked` for it, and perhaps others.

    Returns
    -------
    SliceAnnotation
        Without human pixels; arrays in the dtype of the table.
    """
    new = ids_in(table, result.categories)
    names = {
        category.name: table.find(id).name for category, id in zip(result.categories, new[1:], strict=True)
    }
    record = result.record
    if "absent" in record:
        record = record | {"absent": [names.get(name, name) for name in record["absent"]]}
    if "stands_for" in record:
        meant = record["stands_for"]
        record = record | {"stands_for": {names.get(name, name): by for name, by in meant.items()}}
    masks, rough = (renumbered(labels, new, table) for labels in (result.masks, result.pseudo_labels))
    return SliceAnnotation(
        masks=masks,
        human=np.full_like(masks, void_of(masks)),
        pseudo_labels=rough,
        confidence=result.confidence,
        presence=dict(zip(names.values(), map(float, result.presence), strict=True)),
        state=replace(result.state, ids=tuple(new[1:].tolist())),
        record=record,
    )


def ids_in(table: LabelTable, categories: Iterable[Category]) -> np.ndarray:
    """Return the ids of background and of categories in a table, ``(C + 1,)``; background words have none."""
    ids = {category.name: id for id, category in asked(table.labels).items()}
    ids |= {label.name: label.id for label in table.labels}
    return np.array([0, *(ids[category.name] for category in categories if not category.background)])


def renumbered(labels: Labels, ids: np.ndarray, table: LabelTable) -> Labels:
    """Return labels whose ids 0..C are ``ids (C + 1,)`` in a table; void and ids beyond C become its void."""
    lookup = np.full(void_of(labels) + 1, table.void, table.dtype)
    lookup[: len(ids)] = ids
    return lookup[labels]


def table_for(
    typed: Iterable[Category],
    earlier: LabelTable | None = None,
    painted: Iterable[int] = (),
    palette: Palette = STANDARD,
) -> LabelTable:
    """Return the table of a new run.

    Parameters
    ----------
    typed : iterable of Category
        Ids 1, 2, ... in this order. If they are all that can be asked of `earlier`, it is used on.
    earlier : LabelTable, optional
        Of the same picture; a name that it holds, or what is asked for it, keeps its name, colour and lock.
    painted : iterable of int
        Ids of `earlier` that a person has painted, or that slices hold which are not run again: they are
        kept, after the typed ones, typed again or not.
    palette : str
        Of the colours of new categories, see `colours.PALETTES`.
    """
    sought = [category for category in typed if not category.background]
    if earlier is None:
        return LabelTable(named_labels(sought, palette))
    words = asked(earlier.labels)
    if set(sought) == set(words.values()):
        return earlier
    known = {label.name: label for label in earlier.labels}
    meant = {category.name: earlier.find(id) for id, category in words.items()} | known
    table = LabelTable()
    for category in sought:
        label = meant.get(category.name, NamedLabel(0, category.name, VOID, category.synonyms))
        if words.get(label.id) != category:
            label = replace(label, synonyms=category.synonyms)
        table = table.keep(label, palette)
    for label in earlier.labels:
        if label.id in set(painted) and same_in(table, label, earlier) is None:
            table = table.keep(replace(label, synonyms=()), palette)
    for label in table.labels:
        if label.name in known:
            table = _as_before(table, label.id, known[label.name], earlier)
    return table


def same_in(
    table: LabelTable, label: NamedLabel, of: LabelTable, *, synonyms: bool = True
) -> NamedLabel | None:
    """The category of a table that is called like one of another table, or has its name as a synonym.

    Case and the like don't matter, unless the other table has both spellings.
    """
    for one in table.labels:
        if one.name == label.name:
            return one
    apart = {other.name for other in of.labels}
    for one in table.labels:
        if same_name(one.name, label.name) and one.name not in apart:
            return one
        if synonyms and any(same_name(word, label.name) for word in one.synonyms):
            return one
    return None


def _as_before(table: LabelTable, id: int, known: NamedLabel, earlier: LabelTable) -> LabelTable:
    with suppress(InputError):  # another name has this colour by now
        table = table.recolour(id, known.colour)
    return table.lock(id) if known.id in earlier.locked else table


def moved(piece: SliceAnnotation, old: LabelTable, new: LabelTable) -> SliceAnnotation:
    """Return a slice in the ids of another table.

    What has no name there goes back to the machine; two that are words of one category there become one.
    """
    to = np.full(max(old.last_id, 0) + 1, new.void)
    to[0] = 0
    into: dict[int, NamedLabel] = {}
    for label in old.labels:
        same = same_in(new, label, old)
        if same is None:
            piece = after_deleting(piece, label)
        elif same.id in into:
            piece = after_merging(piece, label, into[same.id])
        else:
            into[same.id] = label
            to[label.id] = same.id
            piece = after_renaming(piece, label.name, same.name)
    state = piece.state
    if state is not None:
        state = replace(state, ids=tuple(int(to[id]) for id in state.ids))
    rough = piece.pseudo_labels
    return replace(
        piece,
        masks=renumbered(piece.masks, to, new),
        human=renumbered(piece.human, to, new),
        pseudo_labels=None if rough is None else renumbered(rough, to, new),
        state=state,
    )
