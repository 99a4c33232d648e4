"""A picture and its ground truth as class numbers, or what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.errors import InputError
from napari_ovseg.evaluation.datasets import VOID, Dataset
from napari_ovseg.evaluation.layouts import Pair
from napari_ovseg.evaluation.problems import BadPicture
from napari_ovseg.images import read_image, to_rgb
from napari_ovseg.pictures import read_ids

_ADD = "add it, or unpack the archive again"


def missing(pair: Pair) -> str:
    """Name the file that is missing, or nothing."""
    if not pair.masks:
        return f"There is no mask for {pair.picture}: {_ADD}."
    named = [("picture", pair.picture), *(("mask", mask) for mask in pair.masks)]
    return next((_missing(what, path) for what, path in named if not path.is_file()), "")


def _missing(what: str, path: Path) -> str:
    if path.is_dir():
        return f"{path} is a folder, not a {what}: put the {what} in its place."
    return f"There is no {what} {path}: {_ADD}."


def read_pair(dataset: Dataset, pair: Pair) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """Read a picture as `images.read_image` does, and its truth.

    Returns
    -------
    picture : np.ndarray
    truth : np.ndarray
        ``(H, W)``, int32: class 0..K-1, or `VOID` where it doesn't count.

    Raises
    ------
    BadPicture
        When a file is missing or unreadable, sizes differ, or a mask holds a value that means nothing.
    """
    problem = missing(pair)
    if problem:
        raise BadPicture(problem)
    try:
        picture = read_image(pair.picture)
    except InputError as error:
        raise BadPicture(str(error)) from error
    try:
        to_rgb(picture)
    except InputError as error:
        raise BadPicture(f"{pair.picture}: {error}") from error
    size = picture.shape[:2]
    if dataset.things:
        covered = np.zeros(size, bool)
        for mask in pair.masks:
            covered |= _mask(mask, size, pair.picture) > 0
        return picture, covered.astype(np.int32)
    return picture, classes_of(_mask(pair.masks[0], size, pair.picture), dataset, pair.masks[0])


def classes_of(values: NDArray[np.integer], dataset: Dataset, path: Path) -> NDArray[np.int32]:
    """Mask values ``(H, W)`` to class numbers; `BadPicture` names the first value that means nothing."""
    held, where = np.unique(values, return_inverse=True)
    unknown = [value for value in held.tolist() if value not in dataset.values]
    if unknown:
        counted = f"{len(dataset.names)} classes of {dataset.name}"
        raise BadPicture(
            f"{path} holds the value {unknown[0]}, which is none of the {counted}: mend the mask."
        )
    meant = np.array([dataset.values[value] for value in held.tolist()], np.int32)
    return meant[where].reshape(values.shape)


def _mask(path: Path, size: Sequence[int], picture: Path) -> NDArray[np.integer]:
    """Mask values as `pictures.read_ids` reads them, of the size of the picture."""
    try:
        values = read_ids(path)
    except InputError as error:
        raise BadPicture(str(error)) from error
    if values.shape != tuple(size):
        mask, shown = (" x ".join(map(str, reversed(sides))) for sides in (values.shape, size))
        raise BadPicture(f"{path} is {mask} pixels, but {picture} is {shown}: use the mask of this picture.")
    return values


def classes_in(truth: NDArray[np.int32]) -> list[int]:
    """The classes that occur, in order."""
    return [number for number in np.unique(truth).tolist() if number != VOID]
