"""Labels as PNG with ``categories.json`` beside them, as `segment` and `export` write them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.errors import InputError
from napari_ovseg.export import CATEGORIES_FILE
from napari_ovseg.export.categories_json import names_beside
from napari_ovseg.file_names import as_text, path_of
from napari_ovseg.imports.files import Places
from napari_ovseg.imports.found_pictures import PictureFolders
from napari_ovseg.imports.named import (
    named_labels_of,
    read_json,
    record_of,
    size_of_pixel,
    text_or_none,
    whole,
)
from napari_ovseg.imports.skipped import Skipped, read_each, with_notes
from napari_ovseg.labelled import LabelledPicture, NamedLabel
from napari_ovseg.pictures import read_ids

# The keys of an image's files that hold ids.
_LABELS = ("masks", "pseudo_labels")
_LARGEST = 65535


def peek(path: Path) -> bool:
    """Whether a folder's map of names lists PNG files of labels, or lists this one."""
    try:
        file, wanted = _map_of(path)
        return file is not None and any(_files(entry, wanted) for entry in _entries(read_json(file)))
    except (InputError, OSError):
        return False


def read(path: Path, places: Places | None = None) -> list[LabelledPicture]:
    """Read all masks that a map of names lists, or the one PNG that was asked for.

    What can't be read is named in the notes of the first picture, unless it is all there is.
    """
    places = places or Places()
    file, wanted = _map_of(path)
    if file is None:
        raise InputError(f"There is no {CATEGORIES_FILE} beside {path}: put it there, it says what ids mean.")
    content = read_json(file)
    skipped = Skipped(file, "category")
    categories = _categories(content, file, skipped)
    files = [(entry, key) for entry in _entries(content) for key in _files(entry, wanted)]
    read_one = partial(_picture, file=file, folders=places.beside(file), categories=categories)
    return with_notes(read_each(files, read_one, places.refused), skipped.sentences())


def _map_of(path: Path) -> tuple[Path | None, str | None]:
    """The map of names, and which of its files was asked for, None for all."""
    if path.is_dir():
        file = path / CATEGORIES_FILE
        return (file if file.is_file() else None), None
    if path.name.endswith(CATEGORIES_FILE):
        return path, None
    if path.suffix.lower() == ".png":
        own = names_beside(path)
        if own.is_file():
            return own, as_text(path.name)
        # A file of a split is one folder below the map.
        for folder in list(path.absolute().parents)[:2]:
            if (folder / CATEGORIES_FILE).is_file():
                return folder / CATEGORIES_FILE, as_text(path.absolute().relative_to(folder).as_posix())
    return None, None


def _entries(content: dict[str, Any]) -> list[dict[str, Any]]:
    found = content.get("images")
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _files(entry: dict[str, Any], wanted: str | None) -> list[str]:
    """Which keys of an entry to read: the masks, or the one whose file was asked for."""
    if wanted is None:
        return ["masks"] if isinstance(entry.get("masks"), str) else []
    return [key for key in _LABELS if entry.get(key) == wanted]


def _categories(content: dict[str, Any], file: Path, skipped: Skipped) -> tuple[NamedLabel, ...]:
    entries = content.get("categories")
    if not isinstance(entries, list):
        raise InputError(
            f"{file} lists no categories: it needs them, as in "
            '{"categories": [{"id": 1, "name": "cat", "colour": "#ff0000"}]}.'
        )
    rows = []
    for place, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            skipped.add(f"number {place} of the list", "it is no object")
        elif whole(entry.get("id")) != 0:
            colour = entry.get("colour", entry.get("color"))
            rows.append((entry.get("id"), entry.get("name"), colour, entry.get("synonyms")))
    return named_labels_of(rows, file, skipped)


def _picture(
    listed: tuple[dict[str, Any], str],
    *,
    file: Path,
    folders: PictureFolders,
    categories: tuple[NamedLabel, ...],
) -> LabelledPicture:
    entry, key = listed
    path = path_of(entry[key], file.parent)
    stem = path.stem.removesuffix("_masks").removesuffix("_pseudo")
    name = text_or_none(entry.get("name")) or stem
    done = entry.get("done")
    return LabelledPicture(
        name=name if key == "masks" else f"{name} pseudo-labels",
        labels=ids_in(path),
        categories=categories,
        picture_path=folders.find(entry.get("image")),
        pixel_size=size_of_pixel(entry.get("pixel_size")),
        unit=text_or_none(entry.get("unit")),
        record=record_of(entry.get("record"), path),
        done=done if isinstance(done, bool) else None,
    )


def ids_in(path: Path) -> NDArray[np.unsignedinteger[Any]]:
    """Return the ids in a picture file, in 8 or 16 bits; raises `InputError` where labels can't hold them."""
    ids = read_ids(path)
    if ids.dtype.itemsize > 2 and ids.size and ids.max() > _LARGEST:
        raise InputError(f"{path} holds the id {ids.max()}, and labels hold {_LARGEST} at most: renumber it.")
    return ids.astype(np.uint8 if ids.dtype.itemsize == 1 else np.uint16, copy=False)
