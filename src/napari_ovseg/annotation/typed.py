"""The typed list of names kept in step with the table: what was typed and not run yet stays as it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from napari_ovseg.annotation.asked import asked
from napari_ovseg.categories import Category, format_categories, parse_categories, same_name
from napari_ovseg.errors import InputError
from napari_ovseg.labelled import NamedLabel

_PAINTED = re.compile(r"label (\d+)(?: \(\d+\))?")


def is_unnamed(label: NamedLabel) -> bool:
    """Whether a category has the name that it got when it was painted without one: no word for a model."""
    found = _PAINTED.fullmatch(label.name)
    return found is not None and int(found[1]) == label.id


def to_type(labels: Sequence[NamedLabel]) -> list[Category]:
    """Return what is typed to look for the categories of a table, but for those that nobody has named."""
    words = asked(labels)
    return [words[label.id] for label in labels if label.id in words and not is_unnamed(label)]


def typed_after(text: str, before: Sequence[NamedLabel], now: Sequence[NamedLabel]) -> str | None:
    """Do to a typed list what was done to the table.

    Parameters
    ----------
    text : str
        As it is, perhaps with names that were not run yet, and without others that are in the table.
    before, now : sequence of NamedLabel
        The categories of the table before and after an edit.

    Returns
    -------
    str or None
        The list with renamed names, without deleted ones, and with added ones at its end; None where it stays
        as it is, also where what is typed can't be read.
    """
    try:
        typed = parse_categories(text) if text.strip() else ()
    except InputError:
        return None
    old, new = asked(before), asked(now)
    unnamed = {label.id for label in before if is_unnamed(label)}
    kept: list[Category] = []
    for category in typed:
        id = next((i for i, one in old.items() if same_name(one.name, category.name)), None)
        if id is None or category.background or new.get(id) == old[id]:
            kept.append(category)
        elif id in new:
            kept.append(_moved(category, old[id], new[id]))
    still = {label.id for label in now if not is_unnamed(label)}
    added = [new[id] for id in new if id in still and (id not in old or id in unnamed)]
    words = [category for category in kept if category.background]
    names = [category for category in kept if not category.background]
    for category in added:
        if not any(same_name(category.name, one.name) for one in names):
            names.append(category)
    found = _each_once([*names, *words])
    return None if tuple(found) == tuple(typed) else format_categories(found)


def _moved(category: Category, old: Category, new: Category) -> Category:
    """A typed category with what became of its name and synonyms."""
    synonyms = new.synonyms if new.synonyms != old.synonyms else category.synonyms
    return replace(category, name=new.name, synonyms=tuple(w for w in synonyms if not same_name(w, new.name)))


def _each_once(categories: Sequence[Category]) -> list[Category]:
    """Leave out names that come twice: one that was typed, and one that was renamed to it."""
    found: list[Category] = []
    for category in categories:
        if not any(same_name(category.name, one.name) for one in found):
            found.append(category)
    return found
