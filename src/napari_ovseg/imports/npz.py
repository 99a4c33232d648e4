"""Labels as NumPy archives that `export` wrote."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from napari_ovseg.errors import InputError
from napari_ovseg.export import CATEGORIES_FILE
from napari_ovseg.imports.named import found_picture, named_label, read_json, size_of_pixel
from napari_ovseg.labelled import LabelledPicture

_ARRAYS = {"labels", "ids", "names", "colours", "about"}


def peek(path: Path) -> bool:
    """Whether a file is an archive with our arrays, or a folder whose map of names lists such files."""
    if path.is_dir() or path.name.endswith(CATEGORIES_FILE):
        return bool(_listed(path))
    if path.suffix.lower() != ".npz":
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return {f"{name}.npy" for name in _ARRAYS} <= set(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def read(path: Path) -> list[LabelledPicture]:
    """Read one archive, or all of a folder."""
    files = _listed(path) if path.is_dir() or path.name.endswith(CATEGORIES_FILE) else [path]
    return [_read(file) for file in files]


def _listed(path: Path) -> list[Path]:
    file = path / CATEGORIES_FILE if path.is_dir() else path
    try:
        images = read_json(file)["images"]
        return [
            file.parent / name for image in images for name in image.get("files", ()) if name.endswith(".npz")
        ]
    except (InputError, KeyError, TypeError, AttributeError):
        return []


def _read(path: Path) -> LabelledPicture:
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays: dict[str, Any] = {name: archive[name] for name in _ARRAYS}
        about = json.loads(str(arrays["about"]))
        rows = zip(arrays["ids"], arrays["names"], arrays["colours"], about["synonyms"], strict=True)
        categories = tuple(named_label(*row, path) for row in rows)
        record = about.get("record")
        return LabelledPicture(
            name=about["name"],
            labels=arrays["labels"],
            categories=categories,
            picture_path=found_picture(about.get("picture"), path.parent),
            pixel_size=size_of_pixel(about.get("pixel_size")),
            unit=about.get("unit"),
            record=record if isinstance(record, dict) else {},
            done=about.get("done"),
        )
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path} can't be read as labels ({type(error).__name__}): it is missing or damaged."
        ) from error
