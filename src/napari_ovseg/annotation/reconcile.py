"""What a job in the background found, brought together with what the person did meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import replace

import numpy as np

from napari_ovseg.annotation.annotation import SliceAnnotation
from napari_ovseg.annotation.found import same_in
from napari_ovseg.annotation.label_table import LabelTable
from napari_ovseg.annotation.relabel import after_deleting, after_merging, after_renaming
from napari_ovseg.categories import Labels, void_of
from napari_ovseg.errors import InputError
from napari_ovseg.labelled import NamedLabel


def fates(before: LabelTable, now: LabelTable) -> dict[int, NamedLabel | None]:
    """Return what each id of a table has become in a later state of the same table; None if it was deleted.

    Ids are stable, so one that is still there is the same category, whatever it is called now. One that was
    deleted may have been added again by its name.
    """
    later, found = {label.id: label for label in now.labels}, {}
    for label in before.labels:
        id = label.id
        while id not in later and id in now.merged:
            id = now.merged[id]
        found[label.id] = later.get(id) or same_in(now, label, before)
    return found


def brought(piece: SliceAnnotation, before: LabelTable, now: LabelTable) -> SliceAnnotation:
    """Return a slice in the ids of a later state of its table: what went does not come back."""
    to, gone = fates(before, now), []
    for label in before.labels:
        fate = to[label.id]
        if fate is not None and fate.id == label.id:
            piece = after_renaming(piece, label.name, fate.name)
        else:
            gone.append((label, fate))
    for label, fate in gone:
        piece = after_deleting(piece, label) if fate is None else after_merging(piece, label, fate)
    return piece


def followed(
    table: LabelTable, before: LabelTable, now: LabelTable, needed: Collection[int] = ()
) -> LabelTable:
    """Do to the table of a run what was done since to the table that it was made from.

    Parameters
    ----------
    table : LabelTable
        Of the run, by the names of `before` where both have them; its ids stay what they are.
    before, now : LabelTable
        The other table when the run began, and as it is.
    needed : collection of int
        Ids of `now` that pixels have: they get a place in the table if they have none.
    """
    if table is before:
        return now
    found = ((same_in(table, label, before, synonyms=False), label) for label in before.labels)
    pairs = [(ours, label) for ours, label in found if ours is not None]
    to = fates(before, now)
    for ours, label in pairs:
        fate = to[label.id]
        if fate is None:
            table = table.unlock(ours.id).delete(ours.id)
        elif fate.id == label.id:
            table = _as_in(table, ours.id, fate, now)
    for ours, label in pairs:
        fate = to[label.id]
        if fate is not None and fate.id != label.id:
            table = _merged(table, ours.id, fate, now)
    for label in now.labels:
        new = label.id in needed or label.id not in before.ids
        if new and same_in(table, label, now) is None:
            table = _as_in(table.keep(replace(label, synonyms=())), table.last_id + 1, label, now)
    return table


def _as_in(table: LabelTable, id: int, like: NamedLabel, other: LabelTable) -> LabelTable:
    """Give a category the name, the colour and the lock that it has in another table."""
    with suppress(InputError):  # another has this name by now
        if table.find(id).name != like.name:
            table = table.rename(id, like.name)
    with suppress(InputError):  # another has this colour by now
        table = table.recolour(id, like.colour)
    return table.lock(id) if like.id in other.locked else table.unlock(id)


def _merged(table: LabelTable, id: int, into: NamedLabel, other: LabelTable) -> LabelTable:
    kept = same_in(table, into, other)
    if kept is None:
        return _as_in(table, id, into, other)
    if kept.id == id:
        return table
    merged = table.unlock(id).unlock(kept.id).merge(id, kept.id)
    return merged.lock(kept.id) if kept.id in table.locked else merged


def held(found: Labels, masks: Labels, locked: Iterable[int]) -> Labels:
    """Return labels that neither give a locked id to a pixel of `masks` nor take it from one."""
    ids = list(locked)
    return np.where(np.isin(masks, ids) | np.isin(found, ids), masks, found)


def met(piece: SliceAnnotation, now: SliceAnnotation, locked: Collection[int] = ()) -> SliceAnnotation:
    """Return what was found of a slice, with its human pixels and locked categories as they are now."""
    masks = held(piece.masks, now.masks, locked)
    masks = np.where(now.human != void_of(now.human), now.human, masks)
    return replace(piece, masks=masks, human=now.human)
