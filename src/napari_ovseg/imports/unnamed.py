"""Label images of other programs, whose values have no names: a person says what they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.categories import Category, labels_dtype
from napari_ovseg.errors import InputError
from napari_ovseg.file_names import as_text
from napari_ovseg.imports.files import Places
from napari_ovseg.labelled import LabelledPicture, named_labels
from napari_ovseg.pictures import read_ids, read_picture

# What programs add to the name of the picture.
_SUFFIX = re.compile(r"(_cp)?_(masks?|labels?|seg)$", re.IGNORECASE)

_ENDINGS = (".png", ".tif", ".tiff")


def label_images(source: Path) -> list[Path]:
    """Return the label images that a path may stand for: itself, or those in a folder.

    Where some in a folder are called like label images, as in ``x_masks.png``, the others are pictures.
    """
    files = sorted(source.iterdir()) if source.is_dir() else [source]
    files = [file for file in files if file.suffix.lower() in _ENDINGS and file.is_file()]
    named_so = [file for file in files if _SUFFIX.search(file.stem)]
    return named_so if named_so and source.is_dir() else files


def read_unnamed(
    path: str | Path, categories: Sequence[Category], pictures: str | Path | None = None
) -> LabelledPicture:
    """Read a label image, as Cellpose, StarDist, Fiji and ilastik write them.

    Parameters
    ----------
    path : str or Path
        A picture of one channel and whole numbers, 0 where nothing is.
    categories : sequence of Category
        One for all values (a value for each cell, say), or one for each value from 1 up.
    pictures : str or Path, optional
        A folder to look for the picture in.

    Raises
    ------
    InputError
        When it can't be read, or has a value without a category.
    """
    path = Path(path)
    labels = named_labels(categories)
    ids = _ids(path)
    notes = []
    if len(labels) == 1:
        count = len(np.unique(ids[ids > 0]))
        ids = (ids > 0).astype(np.uint8)
        if count > 1:
            notes.append(
                f"The {count} values of {path.name} are one category, '{labels[0].name}': where things of it "
                "touch, they are one region."
            )
    elif ids.size and ids.max() > len(labels):
        raise InputError(
            f"{path} holds the value {ids.max()}, and {len(labels)} names were given: name each value from 1 "
            "up, or give one name for all."
        )
    name = _SUFFIX.sub("", path.stem) or path.stem
    # as the picture is called; with an ending of its own, since a file of labels is not its own picture
    called = path if name == path.stem else path.with_name(f"{name}.labels")
    return LabelledPicture(
        name=name,
        labels=ids.astype(labels_dtype(len(labels))),
        categories=labels,
        picture_path=Places(None if pictures is None else Path(pictures)).find(path, None, called),
        record={"read_from": as_text(path), **({"notes": notes} if notes else {})},
    )


def _ids(path: Path) -> NDArray[Any]:
    pixels = read_picture(path).pixels
    if pixels.dtype.kind != "f":
        return read_ids(path)
    if pixels.ndim != 2 or not np.isfinite(pixels).all() or (pixels < 0).any() or (pixels % 1).any():
        raise InputError(f"{path} is no label image: it needs one channel of whole numbers from 0 up.")
    return pixels.astype(np.uint32)
