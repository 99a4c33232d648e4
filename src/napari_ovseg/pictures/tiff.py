"""TIFF files: stacks, pyramids, OME and ImageJ; decoded by tifffile, and by Pillow what it can't decode."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.errors import InputError
from napari_ovseg.pictures.colours import YCBCR, as_shown, plain
from napari_ovseg.pictures.limits import ANY, DEFLATE, JPEG_PIXELS, LZW, refuse_claim, refuse_memory
from napari_ovseg.pictures.orientation import ORIENTATION, upright, upright_sides
from napari_ovseg.pictures.with_pillow import any_size, opened, shown

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPageSeries

_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_NONE = 1
_JPEG = {6, 7, 33007, 34892}
# What decodes to RGB by itself.
_COLOURED = {*_JPEG, 33003, 33004, 33005, 34712, 34927, 50001}
# The most bytes that one byte of a strip can become.
_MOST = {
    _NONE: 1,
    5: LZW,
    8: DEFLATE,
    32946: DEFLATE,
    32773: 64,
    34925: 8_000,
    34926: 33_000,
    50000: 33_000,
} | dict.fromkeys(_JPEG, 4 * JPEG_PIXELS)


def is_tiff(start: bytes) -> bool:
    """Whether a file that starts so is TIFF or BigTIFF, whatever its name ends in."""
    return start.startswith(_STARTS)


@contextmanager
def open_series(path: Path, *, lazily: bool = False) -> Iterator[tuple[TiffFile, TiffPageSeries]]:
    """Open a file and its first picture at full size, with all pages that belong to it.

    One that the memory can't take is refused, unless it is to be read lazily.
    """
    import tifffile

    with tifffile.TiffFile(path) as tiff:
        series = next((one for one in tiff.series if not one.keyframe.is_reduced), None)
        series = tiff.series[0] if series is None else series
        _check(path, tiff, series)
        if not lazily:
            _refuse_memory(path, series)
        yield tiff, series


def tiff_size(path: Path) -> tuple[int, int]:
    """Height and width of the upright picture, from the tags."""
    with open_series(path) as (_, series):
        sizes = dict(zip(series.axes, series.shape, strict=True))
        return upright_sides((sizes.get("Y", 1), sizes.get("X", 1)), orientation_of(series))


def read_series(path: Path, series: TiffPageSeries) -> NDArray[Any]:
    """Return the pixels as shown: pages are leading axes, colours the last one."""
    try:
        if int(series.keyframe.photometric) == YCBCR and int(series.keyframe.compression) not in _COLOURED:
            return _pages_by_pillow(path, series)
        pixels, axes = _stored(series)
    # Decoders raise whatever they like on what they don't know.
    except Exception as error:
        if _is_damage(series, error):
            raise
        return _otherwise(path, series, error)
    pixels, sampled = as_shown(pixels, series.keyframe, axes.endswith("S"))
    return _upright(pixels, axes.rstrip("S") + "S" * sampled, series)


def samples_are_shown(series: TiffPageSeries) -> bool:
    """Whether the samples are grey values or colours as they are seen."""
    return plain(series.keyframe) and series.axes.find("S") in (-1, len(series.axes) - 1)


def read_values(path: Path, series: TiffPageSeries) -> NDArray[Any]:
    """Return the numbers as they are stored, upright; no colour is looked up."""
    try:
        pixels, axes = _stored(series)
    except Exception as error:
        raise _undecodable(path, series, error) from error
    return _upright(pixels, axes, series)


def orientation_of(series: TiffPageSeries) -> Any:
    """Return the orientation tag of a picture, 1 where there is none."""
    return series.keyframe.tags.valueof(ORIENTATION, 1)


def _check(path: Path, tiff: TiffFile, series: TiffPageSeries) -> None:
    """Refuse sizes that the strips or tiles of the file can't hold."""
    page = series.keyframe
    compression = int(page.compression)
    length = tiff.filehandle.size
    counts = [
        max(0, min(int(count), length - int(offset)))
        for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False)
    ]
    filled = sum(count > 0 for count in counts)
    needed = prod(page.shape) * int(page.bitspersample) / 8 * (filled / len(counts) if counts else 1)
    if compression != _NONE and prod(page.chunked) > len(counts):
        refuse_claim(path, page.shape, 1, 0)
    # Bits that fill up bytes at the end of rows are no claim, nor is what is stored once for many.
    refuse_claim(path, page.shape, needed, sum(counts) * _MOST.get(compression, ANY) + 1)
    if compression == _NONE and len(series.pages) == 1 and prod(series.shape) > prod(page.shape):
        refuse_claim(path, series.shape, prod(series.shape) * int(page.bitspersample) / 8, length)


def _refuse_memory(path: Path, series: TiffPageSeries) -> None:
    dtype = series.dtype or series.keyframe.dtype
    refuse_memory(path, series.shape, prod(series.shape) * dtype.itemsize)


def _stored(series: TiffPageSeries) -> tuple[NDArray[Any], str]:
    """Samples in the byte order of this machine, with those of a pixel last, and the names of the axes."""
    pixels, axes = np.asarray(series.asarray()), series.axes
    pixels = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    if "S" in axes:
        pixels = np.moveaxis(pixels, axes.index("S"), -1)
        axes = axes.replace("S", "") + "S"
    # An axis of length 1 is left out, also where it is the rows or the columns.
    if "X" not in axes:
        at = axes.index("Y") + 1 if "Y" in axes else len(axes.rstrip("S"))
        pixels, axes = np.expand_dims(pixels, at), axes[:at] + "X" + axes[at:]
    if "Y" not in axes:
        at = axes.index("X")
        pixels, axes = np.expand_dims(pixels, at), axes[:at] + "Y" + axes[at:]
    return pixels, axes


def _upright(pixels: NDArray[Any], axes: str, series: TiffPageSeries) -> NDArray[Any]:
    return upright(pixels, orientation_of(series), axes.index("Y"), axes.index("X"))


def _is_damage(series: TiffPageSeries, error: Exception) -> bool:
    """Whether a codec has failed that is there, so that another one would fail, and print why."""
    failed = isinstance(error, (RuntimeError, zlib.error)) and not isinstance(error, NotImplementedError)
    return failed and int(series.keyframe.compression) not in _JPEG


def _otherwise(path: Path, series: TiffPageSeries, error: Exception) -> NDArray[Any]:
    """Let Pillow try what tifffile could not decode."""
    try:
        return _pages_by_pillow(path, series)
    except Exception:
        raise _undecodable(path, series, error) from error


def _pages_by_pillow(path: Path, series: TiffPageSeries) -> NDArray[Any]:
    """Pages as Pillow shows them, which turns them upright by itself."""
    with opened(path) as picture:
        pages = []
        for page in series.pages:
            with any_size():
                picture.seek(0 if page is None else page.index)
                picture.load()
            pages.append(shown(picture))
    if len(pages) == 1:
        return pages[0]
    outer = series.shape[: series.axes.replace("S", "").index("Y")]
    return np.stack(pages).reshape(*outer, *pages[0].shape)


def _undecodable(path: Path, series: TiffPageSeries, error: Exception) -> Exception:
    """Say which codec is missing, if that is the reason."""
    from tifffile import TIFF

    page = series.keyframe
    if page.compression in TIFF.DECOMPRESSORS:
        return error
    name = getattr(page.compression, "name", page.compression)
    way = (
        "save it uncompressed, or as PNG, in the program that wrote it"
        if find_spec("imagecodecs")
        else "run pip install imagecodecs"
    )
    return InputError(f"{path} is compressed with {name}, which can't be read here: {way}.")
