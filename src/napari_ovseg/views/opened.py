"""Picture files that are read in parts: TIFF with or without a pyramid, OME-Zarr, Zarr, and .npy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_ovseg.errors import InputError
from napari_ovseg.pictures import pixel_size, tiff
from napari_ovseg.pictures.opening import readable
from napari_ovseg.views.lazy_picture import LazyPicture
from napari_ovseg.views.source import PictureSource

# what is read in parts or not at all, and all that may be
IN_PARTS_ONLY = (".zarr", ".npy")
ENDINGS = (".tif", ".tiff", *IN_PARTS_ONLY)


@dataclass(frozen=True)
class Opened:
    """A picture file that is open.

    Attributes
    ----------
    source : PictureSource
    pixel_size : (float, float), optional
        Height and width of a pixel in `unit`.
    unit : str, optional
        Such as "micrometer".
    """

    source: PictureSource
    pixel_size: tuple[float, float] | None = None
    unit: str | None = None


@contextmanager
def open_lazily(path: str | Path) -> Iterator[Opened]:
    """Open a picture file without reading it.

    Parameters
    ----------
    path : str or Path
        ``.tif`` and ``.tiff`` (also OME-TIFF and BigTIFF, in strips or tiles, with levels), ``.zarr`` (an
        array or OME-Zarr), ``.npy``. One flat picture: grey, RGB or RGBA.

    Yields
    ------
    Opened

    Raises
    ------
    InputError
        When it is none of these, is damaged, holds slices or channels, or zarr is not installed.
    """
    path = Path(path)
    if not path.name.lower().endswith(ENDINGS):
        raise InputError(
            f"{path} can't be read in parts: save it as a tiled TIFF, as OME-Zarr or as .npy, "
            "or crop it so that it fits into memory."
        )
    if path.name.lower().endswith(".zarr"):
        yield _of_zarr(path)
        return
    with readable(path) as start:
        if not tiff.is_tiff(start):
            yield Opened(LazyPicture([np.load(path, mmap_mode="r")]))
            return
        with tiff.open_series(path, lazily=True) as (file, series):
            size, unit = pixel_size.of_tiff(file, series)
            if tiff.orientation_of(series) != 1 or not tiff.samples_are_shown(series):
                raise InputError(
                    f"{path} is turned, or its colours are not RGB, and such pictures can't be read in "
                    "parts: save it upright as grey or RGB."
                )
            yield Opened(LazyPicture(_levels_of_tiff(path, series)), size, unit)


def _levels_of_tiff(path: Path, series: Any) -> list[Any]:
    if series.dataoffset is not None and len(series.levels) == 1:
        # strips may be as large as the picture, and nothing has to be decoded
        dtype = series.dtype.newbyteorder(series.keyframe.parent.byteorder)
        stored = np.memmap(path, dtype, "r", series.dataoffset, series.shape)
        return [_flat(path, stored, series.axes)]
    zarr = _zarr()
    return [
        _flat(path, zarr.open_array(series.aszarr(level=number), mode="r"), level.axes)
        for number, level in enumerate(series.levels)
    ]


def _of_zarr(path: Path) -> Opened:
    zarr = _zarr()
    if not path.is_dir():
        raise InputError(f"There is no folder {path}: check the name.")
    try:
        found = zarr.open(str(path), mode="r")
        if hasattr(found, "shape"):
            return Opened(LazyPicture([found]))
        said = dict(found.attrs)
        shown = (said.get("ome") or said)["multiscales"][0]
        letters = [one["name"] if isinstance(one, dict) else one for one in shown.get("axes", "tczyx")]
        levels = [
            _flat(path, found[one["path"]], "".join(letters).upper().replace("C", "S"))
            for one in shown["datasets"]
        ]
        size, unit = _of_pixel(shown, letters)
    except InputError:
        raise
    # What is damaged raises whatever its parts do.
    except Exception as error:
        raise InputError(
            f"{path} can't be read as a Zarr array or as OME-Zarr ({type(error).__name__}): it holds "
            "something else, or is damaged."
        ) from error
    return Opened(LazyPicture(levels), size, unit)


def _of_pixel(shown: dict[str, Any], letters: Sequence[str]) -> tuple[tuple[float, float] | None, str | None]:
    """Height and width of a pixel, and their unit, where the picture says it."""
    units = {one.get("name"): one.get("unit") for one in shown["axes"] if isinstance(one, dict)}
    changes = shown["datasets"][0].get("coordinateTransformations", ())
    scale = next((one["scale"] for one in changes if one.get("type") == "scale"), None)
    if scale is None or not units.get("y") or units.get("y") != units.get("x"):
        return None, None
    return (float(scale[letters.index("y")]), float(scale[letters.index("x")])), units["y"]


def _flat(path: Path, stored: Any, letters: str) -> Any:
    """A level with axes of these letters as rows, columns and, for colours ("S"), these."""
    kept = "".join(
        letter for letter, n in zip(letters, stored.shape, strict=True) if n != 1 or letter in "YX"
    )
    if kept not in ("YX", "YXS", "SYX"):
        sides = " x ".join(map(str, stored.shape))
        raise InputError(
            f"{path} holds {sides} values along the axes {letters}, and one flat picture is taken here: "
            "save the slice or channel that you need as a picture of its own."
        )
    return _Flat(stored, letters) if kept != letters or kept == "SYX" else stored


class _Flat:
    """An array of more axes, of which one plane or the colours are the picture."""

    def __init__(self, stored: Any, letters: str) -> None:
        self._stored, self._letters = stored, letters
        sides = dict(zip(letters, stored.shape, strict=True))
        colours = (sides["S"],) if sides.get("S", 1) > 1 else ()
        self.shape, self.dtype = (sides["Y"], sides["X"], *colours), stored.dtype

    def __getitem__(self, index: tuple[slice, slice]) -> Any:
        wanted = {"Y": index[0], "X": index[1], "S": slice(None) if len(self.shape) == 3 else 0}
        part = np.asarray(self._stored[tuple(wanted.get(letter, 0) for letter in self._letters)])
        left = [letter for letter in self._letters if isinstance(wanted.get(letter, 0), slice)]
        return part.transpose([left.index(letter) for letter in "YXS"[: part.ndim]])


def _zarr() -> Any:
    try:
        import zarr
    except ImportError as error:
        raise InputError(
            'Such a file needs one more package to be read in parts: pip install "napari-ovseg[ome-zarr]".'
        ) from error
    return zarr
