"""Labels in OME-Zarr that have names: ours, and those of others that give their values names."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from napari_ovseg.categories import MAX_CATEGORIES
from napari_ovseg.errors import InputError
from napari_ovseg.export.about import ABOUT
from napari_ovseg.export.lazy_labels import LazyLabels
from napari_ovseg.file_names import as_text
from napari_ovseg.imports.drawing import MOST_PIXELS
from napari_ovseg.imports.files import Places, read_files
from napari_ovseg.imports.named import named_labels_of, tidy_name, whole
from napari_ovseg.imports.skipped import Skipped
from napari_ovseg.imports.told import Told, listed_by, told_beside, told_in
from napari_ovseg.labelled import LabelledPicture

_ROOTS = ("zarr.json", ".zgroup", ".zattrs")
# What a row of properties may call the name of its value.
_NAME_KEYS = ("name", "class", "label-name")
_ROWS_AT_ONCE = 2**24
# pixels: of more labels are only read in bands
LARGE = 8192 * 8192


def peek(path: Path) -> bool:
    """Whether a folder is a Zarr with labels, or holds some that we wrote; or is a file at the top of one."""
    if path.name in _ROOTS and path.is_file():
        path = path.parent
    return path.is_dir() and (_is_root(path) or bool(_inside(path)))


def read(path: Path, places: Places | None = None) -> list[LabelledPicture]:
    """Read all labels with names in a Zarr, or in those of a folder.

    Parameters
    ----------
    path : Path
    places : Places, optional
        Where the pictures may be.

    Raises
    ------
    InputError
        Also when zarr is not installed.
    """
    try:
        import zarr  # noqa: F401
    except ImportError as error:
        raise InputError(
            'OME-Zarr needs one more package: pip install "napari-ovseg[ome-zarr]", or choose another format.'
        ) from error
    if path.name in _ROOTS and path.is_file():
        path = path.parent
    folders = [path] if _is_root(path) else _inside(path)
    places = places or Places()
    return read_files(folders, places, lambda folder: _pictures(folder, places), lambda found, _: found)


def read_in_parts(path: Path) -> LabelledPicture | None:
    """Open the labels of a Zarr that are too many to be read at once, as `segment_large` writes them.

    None for other files and folders, and for labels of `LARGE` pixels or fewer.

    Raises
    ------
    InputError
        When it is damaged.
    """
    if find_spec("zarr") is None or not (os.path.isdir(path) and _is_root(path)):
        return None
    import zarr

    try:
        labels = zarr.open_group(str(path / "labels"), mode="r")
        names = _said(labels).get("labels")
        group = labels[names[0]] if isinstance(names, list) and len(names) == 1 else None
        told = None if group is None else _told(group, path)
        stored = None if group is None else _finest(group)
    # what is damaged raises whatever its parts do
    except Exception as error:
        raise InputError(
            f"{path} can't be read as OME-Zarr ({type(error).__name__}): it is missing or damaged."
        ) from error
    if told is None or stored is None or stored.ndim != 2 or stored.dtype not in (np.uint8, np.uint16):
        return None
    if stored.shape[0] * stored.shape[1] <= LARGE:
        return None
    return _picture(path, LazyLabels(stored), told, Places())


def _is_root(folder: Path) -> bool:
    return (folder / "labels").is_dir() and any((folder / name).is_file() for name in _ROOTS)


def _inside(folder: Path) -> list[Path]:
    listed = listed_by(folder, (".zarr",))
    found = listed or [one for pattern in ("*.zarr", "*/*.zarr") for one in sorted(folder.glob(pattern))]
    return [one for one in found if _is_root(one)]


def _pictures(folder: Path, places: Places) -> list[LabelledPicture]:
    import zarr

    found: list[LabelledPicture] = []
    unnamed: list[str] = []
    try:
        labels = zarr.open_group(str(folder / "labels"), mode="r")
        names = _said(labels).get("labels")
        for name in names if isinstance(names, list) else ():
            group = labels[name]
            told = _told(group, folder)
            if told is None:
                unnamed.append(name)
            else:
                found.append(_picture(folder, _ids(group, folder), told, places))
    except InputError:
        raise
    # What is damaged raises whatever its parts do.
    except Exception as error:
        raise InputError(
            f"{folder} can't be read as OME-Zarr ({type(error).__name__}): it is missing or damaged."
        ) from error
    if not found:
        raise InputError(f"{folder} has no labels whose values have names: choose another file.")
    return found


def _said(group: Any) -> dict[str, Any]:
    """What OME-Zarr says of a group, in version 0.5 under a key of its own."""
    said = dict(group.attrs)
    inner = said.get("ome")
    return inner if isinstance(inner, dict) else said


def _told(group: Any, folder: Path) -> Told | None:
    """What we wrote beside the labels, or the names of others; None where there are none."""
    told = told_in(dict(group.attrs).get(ABOUT), folder)
    if told is not None:
        return told
    image_label = _said(group).get("image-label")
    if not isinstance(image_label, dict):
        return None
    colours = {whole(one.get("label-value")): one.get("rgba") for one in _rows(image_label.get("colors"))}
    rows = []
    for one in _rows(image_label.get("properties")):
        number = whole(one.get("label-value"))
        name = next((tidy_name(one[key]) for key in _NAME_KEYS if one.get(key)), "")
        if name and number and number <= MAX_CATEGORIES:
            rows.append((number, name, colours.get(number), one.get("synonyms")))
    if not rows:
        return None
    skipped = Skipped(folder, "category")
    return Told(labels=named_labels_of(rows, folder, skipped), by=folder, notes=tuple(skipped.sentences()))


def _rows(said: Any) -> list[dict[str, Any]]:
    return [one for one in said if isinstance(one, dict)] if isinstance(said, list) else []


def _picture(folder: Path, labels: Any, told: Told, places: Places) -> LabelledPicture:
    beside = told_beside(folder)
    record = {**told.record, **(beside.record if beside else {}), "read_from": as_text(folder)}
    return LabelledPicture(
        name=told.name or folder.name.partition(".")[0],
        labels=labels,
        categories=told.labels,
        picture_path=places.find(told.by or folder, told.picture, folder),
        pixel_size=told.pixel_size,
        unit=told.unit,
        record=record | ({"notes": list(told.notes)} if told.notes else {}),
        done=told.done,
    )


def _finest(group: Any) -> Any:
    levels = _rows(_said(group).get("multiscales"))[0]["datasets"]
    return group[levels[0]["path"]]


def _ids(group: Any, folder: Path) -> np.ndarray:
    array = _finest(group)
    shape = tuple(length for length in array.shape if length != 1) if array.ndim > 2 else array.shape
    if len(shape) != 2 or array.dtype.kind not in "ui":
        raise InputError(
            f"The labels of {folder} are {array.dtype} of shape {array.shape}: they need two axes."
        )
    if 0 in shape or shape[0] * shape[1] > MOST_PIXELS:
        raise InputError(f"The labels of {folder} claim to be of shape {array.shape}: mend their size.")
    dtype = np.uint8 if array.dtype.itemsize == 1 else np.uint16
    labels = np.zeros(shape, dtype)
    rows = max(1, _ROWS_AT_ONCE // shape[1])
    flat = array.ndim == 2
    for top in range(0, shape[0], rows):
        part = array[top : top + rows] if flat else np.asarray(array[...]).reshape(shape)[top : top + rows]
        part = np.asarray(part)
        if part.size and (part.min() < 0 or part.max() > 65535):
            raise InputError(f"The labels of {folder} go to {part.max()}, and labels hold 65535 at most.")
        labels[top : top + rows] = part
    return labels
