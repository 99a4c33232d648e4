"""What a file says about the labels in it, where its format has a place for that: it comes back alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from napari_ovseg.categories import void_id
from napari_ovseg.export.plan import Dataset, Item
from napari_ovseg.file_names import seen_from
from napari_ovseg.labelled import NamedLabel

# Before the text in ImageJ's info; the namespace of the annotation in OME-XML; the key in JSON and OME-Zarr.
ABOUT = "napari-ovseg"
LABELS = "labels 1"
THINGS = "things 1"
_LONGEST_LEGEND = 120


def about(item: Item, dataset: Dataset) -> dict[str, Any]:
    """All that is known of a picture's labels but their pixels and how they were made; what JSON can hold.

    Keys: ``format``, ``name``, ``picture`` (as seen from the file, or None), ``size`` (height and width),
    ``pixel_size``, ``unit``, ``done``, ``void``, and ``categories``, each with ``id``, ``name``, ``synonyms``
    and ``colour`` (three numbers).
    """
    picture = item.picture
    inside = dataset.folder / Path(item.path("")).parent
    return {
        "format": LABELS,
        "name": picture.name,
        "picture": None if picture.picture_path is None else seen_from(inside, picture.picture_path),
        "size": list(picture.labels.shape),
        "pixel_size": picture.pixel_size,
        "unit": picture.unit,
        "done": picture.done,
        "void": void_id(max((category.id for category in dataset.categories), default=0)),
        "categories": [
            {"id": one.id, "name": one.name, "synonyms": list(one.synonyms), "colour": list(one.colour)}
            for one in dataset.categories
        ],
    }


def about_text(content: dict[str, Any]) -> str:
    """One line of ASCII, so that no format and no reader of it has trouble with a letter."""
    return json.dumps(content)


def names_as_lines(categories: Iterable[NamedLabel]) -> str:
    """``1: cat`` and so on, for people; ImageJ's macros find a name by its id in such lines."""
    return "\n".join(f"{one.id}: {on_one_line(one.name)}" for one in categories)


def legend(categories: Iterable[NamedLabel]) -> str:
    """``1 cat, 2 dog``, cut off where it would be too long for a title."""
    text = ", ".join(f"{one.id} {on_one_line(one.name)}" for one in categories)
    return text if len(text) <= _LONGEST_LEGEND else f"{text[: _LONGEST_LEGEND - 1]}…"


def on_one_line(name: str) -> str:
    """A name without line breaks, control characters, and others that XML can't hold."""
    return re.sub(r"[\x00-\x20\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+", " ", name).strip()
