"""The categories of a COCO file: which label each becomes, and which are none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_ovseg.categories import BACKGROUND, MAX_CATEGORIES
from napari_ovseg.errors import InputError
from napari_ovseg.imports.named import key_of, named_labels_of, tidy_name
from napari_ovseg.imports.skipped import Skipped
from napari_ovseg.labelled import NamedLabel


@dataclass(frozen=True)
class Categories:
    """What a file says of its categories.

    Attributes
    ----------
    numbers : dict of int or str to int
        The id that labels have for each id of the file.
    labels : tuple of NamedLabel
        In the order of their ids, without background.
    notes : list of str
        What was changed or left out.
    """

    numbers: dict[int | str, int]
    labels: tuple[NamedLabel, ...]
    notes: list[str]


def categories_of(entries: list[Any], used: Collection[int | str | None], path: Path) -> Categories:
    """Give each category the id of a label: its own where labels can have it.

    Id 0 stays background where it is called so; a category that no annotation has and that is only the
    heading of others is left out.

    Parameters
    ----------
    entries : list
        As the file has them.
    used : collection of int or str
        The ids that annotations name, as `named.key_of` returns them.
    path : Path

    Raises
    ------
    InputError
        When there are more categories than labels can hold.
    """
    skipped = Skipped(path, "category")
    known: dict[int | str, dict[str, Any]] = {}
    for place, entry in enumerate(entries, 1):
        id = key_of(entry.get("id")) if isinstance(entry, dict) else None
        if id is None:
            skipped.add(f"number {place} of the list", "it has no id")
        elif id in known:
            skipped.add(f"{entry.get('name')!r:.60}", f"another category has its id {id!r:.40}")
        else:
            known[id] = entry
    numbers: dict[int | str, int] = {}
    if 0 in known and _is_background(known[0]):
        numbers[0] = 0
        del known[0]
    parents = _unused_parents(known, used)
    for id in parents:
        skipped.add(f"{known.pop(id).get('name')!r:.60}", "nothing is of it and others are listed under it")
    if len(known) > MAX_CATEGORIES:
        raise InputError(f"{path} has {len(known)} categories, and labels hold {MAX_CATEGORIES} at most.")
    notes = []
    if all(isinstance(id, int) and 1 <= id <= MAX_CATEGORIES for id in known):
        numbers |= {id: int(id) for id in known}
    else:
        numbers |= {id: place for place, id in enumerate(known, 1)}
        why = "0 is the background here" if 0 in known else f"ids go from 1 to {MAX_CATEGORIES} here"
        notes.append(f"The ids of the categories were counted anew from 1, because {why}.")
    rows = [
        (numbers[id], entry.get("name"), entry.get("color"), entry.get("synonyms"))
        for id, entry in known.items()
    ]
    return Categories(numbers, named_labels_of(rows, path, skipped), [*notes, *skipped.sentences()])


def _is_background(entry: dict[str, Any]) -> bool:
    return tidy_name(entry.get("name")).strip("_").casefold() == BACKGROUND


def _unused_parents(
    known: dict[int | str, dict[str, Any]], used: Collection[int | str | None]
) -> list[int | str]:
    """Headings, as Roboflow lists them: never used, under nothing, and named as that of another category."""
    above = {id: tidy_name(entry.get("supercategory")) for id, entry in known.items()}
    children = Counter(above.values())
    found = []
    for id, entry in known.items():
        name = tidy_name(entry.get("name"))
        others = children[name] - (above[id] == name)
        if id not in used and name and others and above[id] in ("", "none", name):
            found.append(id)
    return found
