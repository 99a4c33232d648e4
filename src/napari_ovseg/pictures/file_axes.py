"""What a file says of its axes: which one holds channels, and what these are called and shown in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPageSeries

CHANNEL = "c"
# what tifffile calls axes of which the file doesn't say what they are
_UNKNOWN = "QI"
_LETTERS = {"C": CHANNEL, "S": CHANNEL}
# TIFF's PhotometricInterpretation of numbers that are no colours
_GREY = 0, 1
# what Bio-Formats writes where it knows no name: the place of a plane in the stack
_PLACE = re.compile(r"[a-z]:\d+/\d+\b")


@dataclass(frozen=True)
class FileAxes:
    """What a file says of the axes of an array that was read from it.

    Attributes
    ----------
    letters : tuple of str
        Of each axis of the array: "c" channels, "z", "t", "y", "x" and so on; "" where the file doesn't say.
    names : tuple of str
        Of the channels; empty where the file has none.
    colours : tuple of str
        Of the channels, "#rrggbb"; empty where the file has none, or one for all.
    """

    letters: tuple[str, ...]
    names: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()


def file_axes(path: str | Path, shape: Sequence[int]) -> FileAxes | None:
    """Return what a TIFF file of any kind says of the axes of an array with its pixels.

    Only the header is read.

    Parameters
    ----------
    path : str or Path
    shape : sequence of int
        Of the array, without an axis of colours. Axes of length 1 may be missing or more than in the file,
        and one may be in front: of a stack of such files.

    Returns
    -------
    FileAxes or None
        None for what is no TIFF, can't be read, or has another shape.
    """
    import tifffile

    try:
        with tifffile.TiffFile(path) as tiff:
            series = next((one for one in tiff.series if not one.keyframe.is_reduced), tiff.series[0])
            letters = axis_letters(series, shape)
            if letters is None:
                return None
            count = shape[letters.index(CHANNEL)] if CHANNEL in letters else 0
            names, colours = _of_ome(tiff) if tiff.is_ome else _of_imagej(tiff, max(1, count))
    # what can't be read here was read otherwise, and says nothing
    except Exception:
        return None
    return FileAxes(
        letters,
        names if len(names) == count else (),
        colours if len(colours) == count and len(set(colours)) > 1 else (),
    )


def axis_letters(series: TiffPageSeries, shape: Sequence[int]) -> tuple[str, ...] | None:
    """Return the letter of each axis of an array, as in `FileAxes`; None where the file has another shape."""
    there = [axis for axis, length in enumerate(shape) if length > 1]
    stored = [side for side in zip(series.axes, series.shape, strict=True) if side[1] > 1]
    # samples of a pixel come last where readers turn them so
    turned = sorted(stored, key=lambda side: side[0] == "S")
    # some programs call three planes colours, whatever they are
    unknown = _UNKNOWN if int(series.keyframe.photometric) in _GREY else f"{_UNKNOWN}S"
    for sides in (stored, turned):
        before = len(there) - len(sides)
        if before in (0, 1) and [shape[axis] for axis in there[before:]] == [length for _, length in sides]:
            said = ("" if letter in unknown else _LETTERS.get(letter, letter.lower()) for letter, _ in sides)
            found = dict(zip(there[before:], said, strict=True))
            return tuple(found.get(axis, "") for axis in range(len(shape)))
    return None


def _of_ome(tiff: TiffFile) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names and colours of channels in OME-XML; one without a name among others is called "channel 2"."""
    import tifffile

    said = tifffile.xml2dict(tiff.ome_metadata or "").get("OME", {})
    listed = _listed(_first(_first(said.get("Image")).get("Pixels")).get("Channel"))
    channels = [one for one in listed if isinstance(one, dict)]
    names = [str(one.get("Name", "")).strip() for one in channels]
    # red, green, blue and alpha, a byte each
    codes = [int(one["Color"]) & 0xFFFFFFFF for one in channels if "Color" in one]
    return _filled(names), tuple(f"#{code >> 8:06x}" for code in codes)


def _of_imagej(tiff: TiffFile, count: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names and colours of channels in what ImageJ writes: labels of planes, and tables of colours."""
    said = tiff.imagej_metadata or {}
    labels = [str(label).strip().split("\n")[0] for label in _listed(said.get("Labels"))]
    # channels are counted first; where another number of planes has labels, or they go on counting, no
    # label is of a channel
    of_each = [set(labels[place::count]) for place in range(count)]
    single = [next(iter(one)) for one in of_each if len(one) == 1]
    named = len(labels) % count == 0 and len(set(single)) == count and not any(map(_PLACE.match, single))
    # in shades of grey the tables are not what is seen
    tables = [np.asarray(one) for one in _listed(said.get("LUTs"))] if said.get("mode") != "grayscale" else []
    ramps = [one for one in tables if one.shape == (3, 256)]
    return _filled(single if named else []), tuple(
        f"#{ramp[:, -1].astype(np.uint8).tobytes().hex()}" for ramp in ramps
    )


def _filled(names: Sequence[str]) -> tuple[str, ...]:
    if not any(names):
        return ()
    return tuple(name or f"channel {place}" for place, name in enumerate(names))


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _first(value: Any) -> dict[str, Any]:
    first = next(iter(_listed(value)), None)
    return first if isinstance(first, dict) else {}
