"""The map from ids to names that goes beside every exported picture."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_ovseg.atomic import write_atomically
from napari_ovseg.categories import Category, void_id
from napari_ovseg.colours import BACKGROUND, VOID
from napari_ovseg.file_names import as_text, fitting
from napari_ovseg.labelled import NamedLabel, named_labels

CATEGORIES_FILE = "categories.json"
# Beside formats that are JSON themselves: converters take every file of that ending for a picture's.
CATEGORIES_BESIDE_JSON = "categories.ovseg"


def names_beside(path: Path, names_file: str = CATEGORIES_FILE) -> Path:
    """Where the map of names of one exported file is: ``NAME.categories.json``, or as `names_file` ends."""
    ending = f".{names_file}"
    return path.with_name(fitting(path.stem, 255 - len(ending)) + ending)


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
    words = background.synonyms if background else ()
    text = categories_text(named_labels(categories), words, settings=settings, images=images)
    write_atomically(path, lambda file: file.write(text))


def categories_text(
    categories: Iterable[NamedLabel],
    background: Sequence[str] = (),
    *,
    settings: Mapping[str, Any] | None = None,
    images: Iterable[Mapping[str, Any]] = (),
) -> bytes:
    """Return the content of the file, for categories whose ids may have gaps."""
    named = list(categories)
    content = {
        "categories": [
            {"id": 0, "name": "background", "synonyms": list(background), "colour": _hex(BACKGROUND)},
            *(
                {"id": one.id, "name": one.name, "synonyms": list(one.synonyms), "colour": _hex(one.colour)}
                for one in named
            ),
        ],
        "void": {"id": void_id(max((one.id for one in named), default=0)), "colour": _hex(VOID)},
        "settings": dict(settings or {}),
        "images": [dict(image) for image in images],
    }
    # A record may hold any path or name: strict readers refuse a file that is not Unicode throughout.
    return as_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def is_written_for(names: Path, file: Path) -> bool:
    """Whether a map of names was written together with a file of this name, and with no other."""
    try:
        content = json.loads(names.read_bytes())
        named = content["settings"].get("file")
        files = [name for image in content["images"] for name in image.get("files", ())]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    name = as_text(file.name)
    return bool(named == name if named is not None else files == [name])


def _hex(colour: Sequence[int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
