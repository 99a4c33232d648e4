"""Ids from a picture file: masks, whose numbers count and whose colours don't."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.errors import InputError
from napari_ovseg.pictures import tiff, with_pillow
from napari_ovseg.pictures.opening import readable
from napari_ovseg.pictures.orientation import upright


def read_ids(path: str | Path) -> NDArray[np.unsignedinteger[Any]]:
    """Read the ids in a picture file of one channel.

    Parameters
    ----------
    path : str or Path
        Of any codec and size.

    Returns
    -------
    np.ndarray
        ``(H, W)``, unsigned integers as they are stored, upright; a palette is not looked up, and white is
        not turned into zero.

    Raises
    ------
    InputError
        When the file is missing or damaged, or holds anything else than one channel of whole numbers that
        aren't negative.
    """
    path = Path(path)
    with readable(path, "mask") as start:
        if tiff.is_tiff(start):
            with tiff.open_series(path) as (_, series):
                if len(series.shape) > 2 and "S" not in series.axes:
                    raise InputError(_pages(path, int(np.prod(series.shape[:-2]))))
                values = tiff.read_values(path, series)
        else:
            with with_pillow.opened(path) as picture:
                with_pillow.check(path, picture)
                frames = getattr(picture, "n_frames", 1)
                if frames > 1:
                    raise InputError(_pages(path, frames))
                values = upright(
                    with_pillow.values_of(path, picture), with_pillow.orientation_of(path, picture)
                )
    return _as_ids(path, values)


def _pages(path: Path, count: int) -> str:
    return f"{path} has {count} pages: save the mask of this picture alone."


def _as_ids(path: Path, values: NDArray[Any]) -> NDArray[np.unsignedinteger[Any]]:
    if values.ndim != 2:
        raise InputError(
            f"{path} has {values.shape[-1]} channels, such as colours: convert it to a mask of one channel "
            "that holds class values."
        )
    if values.dtype.kind not in "bui":
        raise InputError(
            f"{path} holds {values.dtype} values: save it with whole numbers, as class values are."
        )
    if values.dtype.kind == "b":
        return values.astype(np.uint8)
    if values.dtype.kind == "i":
        if values.size and values.min() < 0:
            raise InputError(
                f"{path} holds the value {values.min()}, and ids are never negative: save it with others."
            )
        return values.astype(f"u{values.dtype.itemsize}")
    return values
