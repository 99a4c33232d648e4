"""Labels as PNG with ``categories.json`` beside them, as `segment` and `export` write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from napari_ovseg.errors import InputError
from napari_ovseg.export import CATEGORIES_FILE
from napari_ovseg.export.categories_json import names_beside
from napari_ovseg.file_names import as_text
from napari_ovseg.imports.named import found_picture, named_label, read_json, size_of_pixel
from napari_ovseg.labelled import LabelledPicture, NamedLabel

# The keys of an image's files that hold ids.
_LABELS = ("masks", "pseudo_labels")
_MODES = {"P", "L", "1", "I;16", "I;16B", "I"}


def peek(path: Path) -> bool:
    """Whether a folder's map of names lists PNG files of labels, or lists this one."""
    try:
        file, wanted = _map_of(path)
        return file is not None and any(_files(entry, wanted) for entry in _entries(read_json(file)))
    except (InputError, OSError):
        return False


def read(path: Path) -> list[LabelledPicture]:
    """Read all masks that a map of names lists, or the one PNG that was asked for."""
    file, wanted = _map_of(path)
    if file is None:
        raise InputError(f"There is no {CATEGORIES_FILE} beside {path}: put it there, it says what ids mean.")
    content = read_json(file)
    categories = _categories(content, file)
    return [
        _picture(entry, key, file, categories) for entry in _entries(content) for key in _files(entry, wanted)
    ]


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
                return folder / CATEGORIES_FILE, path.absolute().relative_to(folder).as_posix()
    return None, None


def _entries(content: dict[str, Any]) -> list[dict[str, Any]]:
    found = content.get("images")
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _files(entry: dict[str, Any], wanted: str | None) -> list[str]:
    """Which keys of an entry to read: the masks, or the one whose file was asked for."""
    if wanted is None:
        return ["masks"] if isinstance(entry.get("masks"), str) else []
    return [key for key in _LABELS if entry.get(key) == wanted]


def _categories(content: dict[str, Any], file: Path) -> tuple[NamedLabel, ...]:
    try:
        return tuple(
            named_label(
                entry["id"],
                entry["name"],
                bytes.fromhex(entry["colour"].removeprefix("#")),
                entry.get("synonyms", ()),
                file,
            )
            for entry in content["categories"]
            if entry["id"] != 0
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"The categories of {file} can't be read ({type(error).__name__}: {error}): each needs id, "
            'name and colour, as in {"id": 1, "name": "cat", "colour": "#ff0000"}.'
        ) from error


def _picture(
    entry: dict[str, Any], key: str, file: Path, categories: tuple[NamedLabel, ...]
) -> LabelledPicture:
    path = file.parent / entry[key]
    stem = path.stem.removesuffix("_masks").removesuffix("_pseudo")
    name = str(entry.get("name") or stem)
    record = entry.get("record")
    return LabelledPicture(
        name=name if key == "masks" else f"{name} pseudo-labels",
        labels=_read_ids(path),
        categories=categories,
        picture_path=found_picture(entry.get("image"), file.parent),
        pixel_size=size_of_pixel(entry.get("pixel_size")),
        unit=entry.get("unit"),
        record=record if isinstance(record, dict) else {},
        done=entry.get("done"),
    )


def _read_ids(path: Path) -> NDArray[np.unsignedinteger[Any]]:
    try:
        with Image.open(path) as picture:
            if picture.mode not in _MODES:
                raise InputError(f"{path} is a colour picture ({picture.mode}), not ids: name the masks.")
            ids = np.asarray(picture)
    except InputError:
        raise
    # Decoders raise whatever they like on a damaged file.
    except Exception as error:
        raise InputError(
            f"{path} can't be read ({type(error).__name__}): it is missing or damaged; write it again."
        ) from error
    return ids.astype(np.uint8 if ids.dtype.itemsize == 1 else np.uint16)
