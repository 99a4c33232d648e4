"""Labels as NumPy archives that `export` wrote."""

from __future__ import annotations

import json
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from napari_ovseg.errors import InputError
from napari_ovseg.export import CATEGORIES_FILE
from napari_ovseg.file_names import path_of
from napari_ovseg.imports.drawing import MOST_PIXELS
from napari_ovseg.imports.files import Places
from napari_ovseg.imports.named import (
    named_labels_of,
    read_json,
    record_of,
    size_of_pixel,
    text_or_none,
)
from napari_ovseg.imports.skipped import Skipped, read_each, with_notes
from napari_ovseg.labelled import LabelledPicture

# Each array with its axes and the kind of what it holds.
_ARRAYS = {"labels": (2, "u"), "ids": (1, "ui"), "names": (1, "U"), "colours": (2, "u"), "about": (0, "U")}
_MOST_BYTES = 2**28


def peek(path: Path) -> bool:
    """Whether a file is an archive with our arrays, or a folder whose map of names lists such files."""
    if path.is_dir() or path.name.endswith(CATEGORIES_FILE):
        return bool(_listed(path))
    if path.suffix.lower() != ".npz":
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return {f"{name}.npy" for name in _ARRAYS} <= set(archive.namelist())
    # Whatever is wrong, it is no archive of ours.
    except Exception:
        return False


def read(path: Path, places: Places | None = None) -> list[LabelledPicture]:
    """Read one archive, or all of a folder; of a folder, what can't be read is named in the notes."""
    places = places or Places()
    if path.is_dir() or path.name.endswith(CATEGORIES_FILE):
        return read_each(_listed(path), partial(_read, places=places), places.refused)
    return [_read(path, places)]


def _listed(path: Path) -> list[Path]:
    file = path / CATEGORIES_FILE if path.is_dir() else path
    try:
        images = read_json(file)["images"]
        names = [name for image in images for name in image.get("files", ()) if name.endswith(".npz")]
        return [path_of(name, file.parent) for name in names]
    except (InputError, KeyError, TypeError, AttributeError):
        return []


def _read(path: Path, places: Places) -> LabelledPicture:
    try:
        arrays = _arrays(path)
        about = json.loads(str(arrays["about"]))
        rows = zip(
            arrays["ids"].tolist(),
            arrays["names"].tolist(),
            arrays["colours"].tolist(),
            about["synonyms"],
            strict=True,
        )
        skipped = Skipped(path, "category")
        categories = named_labels_of(rows, path, skipped)
    except InputError:
        raise
    # An archive that is damaged raises whatever its parts do.
    except Exception as error:
        raise InputError(
            f"{path} can't be read as labels ({type(error).__name__}): it is missing or damaged."
        ) from error
    done = about.get("done")
    picture = LabelledPicture(
        name=text_or_none(about.get("name")) or path.name.removesuffix(".npz").removesuffix(".ovseg"),
        labels=arrays["labels"],
        categories=categories,
        picture_path=places.beside(path).find(about.get("picture")),
        pixel_size=size_of_pixel(about.get("pixel_size")),
        unit=text_or_none(about.get("unit")),
        record=record_of(about.get("record"), path),
        done=done if isinstance(done, bool) else None,
    )
    return with_notes([picture], skipped.sentences())[0]


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read our arrays, each after its size was looked at; objects, which could run anything, never."""
    found = {}
    with zipfile.ZipFile(path) as archive:
        for name, (axes, kinds) in _ARRAYS.items():
            with archive.open(f"{name}.npy") as file:
                shape, dtype = _header(file)
            if len(shape) != axes or dtype.kind not in kinds:
                raise InputError(f"{path} can't be read as labels: '{name}' is {dtype.str} of shape {shape}.")
            most = MOST_PIXELS if name == "labels" else _MOST_BYTES // max(dtype.itemsize, 1)
            if np.prod([float(side) for side in shape]) > most or 0 in shape[:1] * (name == "labels"):
                raise InputError(f"{path} can't be read as labels: '{name}' claims to be of shape {shape}.")
            with archive.open(f"{name}.npy") as file:
                found[name] = npy.read_array(file, allow_pickle=False)
    labels = found["labels"]
    if labels.dtype.itemsize > 2:
        raise InputError(f"{path} can't be read as labels: they are {labels.dtype}, not of 8 or 16 bits.")
    found["labels"] = labels.astype(labels.dtype.newbyteorder("="), copy=False)
    return found


def _header(file: Any) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = npy.read_magic(file)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(file)
    return shape, dtype
