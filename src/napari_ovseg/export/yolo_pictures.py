"""Pictures as YOLO's own reader takes them: copied where it sees what is seen here, else converted."""

from __future__ import annotations

import shutil
from enum import Enum
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from napari_ovseg.errors import InputError
from napari_ovseg.export.plan import Notes
from napari_ovseg.images import to_rgb
from napari_ovseg.pictures import is_turned, read_picture
from napari_ovseg.pictures.with_pillow import any_size

# What Ultralytics opens, by ending.
_ENDINGS = {".avif", ".bmp", ".dng", ".heic", ".jpeg", ".jpg", ".mpo", ".png", ".tif", ".tiff", ".webp"}
_MODES = {"1", "L", "LA", "P", "RGB", "RGBA"}
# A photo of some cameras, with a smaller one inside.
_SEVERAL_BUT_ONE = "MPO"


class Kept(Enum):
    """What becomes of a picture."""

    AS_IT_IS = "copied byte for byte"
    CONVERTED = "written as PNG"
    NOT = "left to the person"


def kept(path: Path | None, shape: tuple[int, ...], notes: Notes, name: str, folder: str) -> Kept:
    """Decide what becomes of a picture, and note what isn't a plain copy.

    Parameters
    ----------
    path : Path, optional
    shape : tuple of int
        Height and width of its labels.
    notes : Notes
    name : str
        Of the picture.
    folder : str
        Where YOLO looks for it.
    """
    if path is None or not path.is_file():
        notes.count(
            f"pictures have no known file: put each into {folder}/, under the name of its text", 1, name
        )
        return Kept.NOT
    try:
        pixels = read_picture(path).pixels
        _in_8_bits(pixels)
    except InputError:
        if path.suffix.lower() in _ENDINGS and _can_be_opened(path):
            # of a kind that is not read here, such as a raw photo
            return Kept.AS_IT_IS
        notes.count(f"pictures can't be read: convert each and put it into {folder}/", 1, name)
        return Kept.NOT
    if pixels.shape[:2] != shape:
        notes.count(
            "pictures have another size than their labels: those fit only if all was scaled alike", 1, name
        )
    if not (_has_8_bits(pixels) and path.suffix.lower() in _ENDINGS and _is_plain(path)):
        notes.count(
            "pictures were written as they are shown here, as 8-bit PNG: YOLO would read them otherwise",
            1,
            name,
        )
        return Kept.CONVERTED
    if is_turned(path):
        notes.count(
            "pictures were written upright, as PNG: not every program obeys an orientation tag", 1, name
        )
        return Kept.CONVERTED
    return Kept.AS_IT_IS


def write_copy(path: Path, file: BinaryIO) -> None:
    """Copy a picture byte for byte."""
    with path.open("rb") as picture:
        shutil.copyfileobj(picture, file)


def write_converted(path: Path, file: BinaryIO) -> None:
    """Write a picture upright, in 8 bits a colour, without tags."""
    Image.fromarray(_in_8_bits(read_picture(path).pixels)).save(file, format="PNG")


def _can_be_opened(path: Path) -> bool:
    """Whether it can be copied: one that can't is said, and must not end the export."""
    try:
        with path.open("rb"):
            return True
    except OSError:
        return False


def _has_8_bits(pixels: NDArray[Any]) -> bool:
    flat = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[-1] in (3, 4))
    return flat and pixels.dtype == np.uint8


def _in_8_bits(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Pixels with the contrast of the window; raises `InputError` for what is no flat picture."""
    if _has_8_bits(pixels):
        return pixels
    return np.rint(to_rgb(pixels) * 255).astype(np.uint8)


def _is_plain(path: Path) -> bool:
    """Whether OpenCV, which reads for YOLO, shows the colours that are shown here."""
    try:
        with any_size(), Image.open(path) as picture:
            alone = getattr(picture, "n_frames", 1) == 1 or picture.format == _SEVERAL_BUT_ONE
            return picture.mode in _MODES and alone
    except UnidentifiedImageError:
        # a TIFF that only tifffile reads
        return False
