"""One table of categories for all pictures of an export, so that an id means the same in each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.categories import MAX_CATEGORIES, labels_dtype, void_id
from napari_ovseg.errors import InputError
from napari_ovseg.export.lazy_labels import LazyLabels
from napari_ovseg.export.plan import Notes
from napari_ovseg.labelled import LabelledPicture, NamedLabel

_UNNAMED_COLOUR = (128, 128, 128)
_VOID_16 = 65535


def one_table(
    pictures: Sequence[LabelledPicture], notes: Notes
) -> tuple[tuple[NamedLabel, ...], list[LabelledPicture]]:
    """Bring pictures under one table: a name has one id, and every value in the pixels has a name.

    The ids of the first picture are kept; a later one keeps its ids where they don't mean something else.
    Names that differ only in case are one, unless a picture has both.

    Parameters
    ----------
    pictures : sequence of LabelledPicture
        Void may be 255 or 65535 in each.
    notes : Notes
        Gets what was changed.

    Returns
    -------
    categories : tuple of NamedLabel
        By id; there may be gaps.
    pictures : list of LabelledPicture
        With uint8 labels, or uint16 past id 254, and void as `categories.void_id` of the largest id.

    Raises
    ------
    InputError
        When a picture's labels or names can't be used.
    """
    complete = [_named(picture, notes) for picture in pictures]
    key = _spelling(complete)
    table: dict[str, NamedLabel] = {}
    taken = {category.id for picture, _ in complete for category in picture.categories}
    owners: dict[int, str] = {}
    for picture, _ in complete:
        for category in picture.categories:
            _enter(key(category.name), category, picture.name, table, taken, owners, notes)
    categories = tuple(sorted(table.values(), key=lambda category: category.id))
    largest = max((category.id for category in categories), default=0)
    brought = []
    for picture, void in complete:
        lookup = np.zeros(_VOID_16 + 1, labels_dtype(largest))
        for category in picture.categories:
            lookup[category.id] = table[key(category.name)].id
        lookup[list(void)] = void_id(largest)
        labels = picture.labels
        found: Any = labels.meaning(lookup) if isinstance(labels, LazyLabels) else lookup[labels]
        brought.append(replace(picture, labels=found, categories=categories))
    return categories, brought


def _spelling(pictures: Sequence[tuple[LabelledPicture, set[int]]]) -> Callable[[str], str]:
    """Return what a name is known by: without its case, where no picture has it in two."""
    apart = set()
    for picture, _ in pictures:
        spellings = Counter(category.name.casefold() for category in picture.categories)
        apart |= {folded for folded, number in spellings.items() if number > 1}
    return lambda name: name if name.casefold() in apart else name.casefold()


def _enter(
    key: str,
    category: NamedLabel,
    picture: str,
    table: dict[str, NamedLabel],
    taken: set[int],
    owners: dict[int, str],
    notes: Notes,
) -> None:
    if key not in table:
        number = category.id
        if owners.get(number, key) != key:
            number = max(taken) + 1
            if number > MAX_CATEGORIES:
                raise InputError(
                    f"'{category.name}' of '{picture}' shares the id {category.id} with another name, and no "
                    "larger id is left: give the pictures one table of categories."
                )
        taken.add(number)
        owners[number] = key
        table[key] = replace(category, id=number)
    if table[key].id != category.id:
        notes.say(
            f"'{category.name}' has the id {category.id} in '{picture}' and {table[key].id} in this export, "
            "where an id means the same in every picture."
        )


def _named(picture: LabelledPicture, notes: Notes) -> tuple[LabelledPicture, set[int]]:
    """Give every value in the pixels a name; also return which values are void."""
    _check(picture)
    ids = {category.id for category in picture.categories}
    void = {_VOID_16, void_id(max(ids, default=0))}
    labels = picture.labels
    values, counts = (
        labels.counted() if isinstance(labels, LazyLabels) else np.unique(labels, return_counts=True)
    )
    if values.size and values[-1] > _VOID_16:
        raise InputError(f"'{picture.name}' holds the label {values[-1]}: the largest is {MAX_CATEGORIES}.")
    names = {category.name for category in picture.categories}
    more = []
    for value, count in zip(values.tolist(), counts.tolist(), strict=True):
        if value == 0 or value in ids or value in void:
            continue
        name = next(n for n in _free_names(value) if n not in names)
        more.append(NamedLabel(value, name, _UNNAMED_COLOUR))
        notes.count(
            f"pixels with the label {value}, which has no name, are called '{name}'.", count, picture.name
        )
    return replace(picture, categories=(*picture.categories, *more)), void


def _free_names(value: int) -> list[str]:
    return [f"unnamed {value}", *(f"unnamed {value} ({number})" for number in range(2, 1000))]


def _check(picture: LabelledPicture) -> None:
    labels: NDArray[np.unsignedinteger] = picture.labels
    if labels.ndim != 2 or labels.dtype.kind != "u" or 0 in labels.shape:
        raise InputError(
            f"The labels of '{picture.name}' must be unsigned integers of shape (rows, columns), not "
            f"{labels.dtype} of shape {labels.shape}: convert them, or take one slice."
        )
    seen: set[int | str] = set()
    for category in picture.categories:
        if not 1 <= category.id <= MAX_CATEGORIES:
            raise InputError(
                f"'{category.name}' has the id {category.id}: ids go from 1 to {MAX_CATEGORIES}."
            )
        if not category.name.strip():
            raise InputError(f"The category with the id {category.id} of '{picture.name}' has no name.")
        for key in (category.id, category.name):
            if key in seen:
                raise InputError(f"'{key}' occurs twice in the categories of '{picture.name}': rename one.")
            seen.add(key)
