"""The map from ids to names that goes beside every exported picture."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from napari_ovseg.categories import Category, void_id
from napari_ovseg.colours import VOID, category_colours
from napari_ovseg.export.atomic import write_atomically


def write_categories(
    path: str | Path,
    categories: Sequence[Category],
    background: Category | None = None,
    *,
    settings: Mapping[str, Any] | None = None,
    images: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Write ids, names, synonyms and colours, how the masks were made, and what was found in each picture.

    Parameters
    ----------
    path : str or Path
        The JSON file.
    categories : sequence of C Category
        The foreground: ids 1 to C in this order.
    background : Category, optional
        The words for what is not wanted; the background has id 0.
    settings : mapping, optional
        Model, preset, seed and so on; what JSON can hold.
    images : sequence of mappings, optional
        One per picture: its files, how sure the model was of each category, and the record of the run.

    Raises
    ------
    OutputError
        When the file can't be written.
    """
    count = len(categories)
    colours = [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in category_colours(count).tolist()]
    words = list(background.synonyms) if background else []
    content = {
        "categories": [
            {"id": 0, "name": "background", "synonyms": words, "colour": colours[0]},
            *(
                {"id": number, "name": category.name, "synonyms": list(category.synonyms), "colour": colour}
                for number, (category, colour) in enumerate(zip(categories, colours[1:], strict=True), 1)
            ),
        ],
        "void": {"id": void_id(count), "colour": "#{:02x}{:02x}{:02x}".format(*VOID)},
        "settings": dict(settings or {}),
        "images": [dict(image) for image in images],
    }
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"

    def write(file: BinaryIO) -> None:
        file.write(text.encode("utf-8"))

    write_atomically(path, write)
