"""One picture file: its pixels as they are shown, and how large one of them is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.errors import InputError
from napari_ovseg.pictures import pixel_size, tiff, with_pillow
from napari_ovseg.pictures.file_axes import CHANNEL, axis_letters
from napari_ovseg.pictures.opening import readable
from napari_ovseg.pictures.orientation import upright, upright_sides

T = TypeVar("T")


@dataclass(frozen=True)
class Picture:
    """A picture as it is shown.

    Attributes
    ----------
    pixels : np.ndarray
        Upright: ``(H, W)``, ``(H, W, 3 or 4)``, or more axes in front for the pages of a TIFF file. Values
        are as they are stored, where they are not colours of another model than RGB.
    pixel_size : (float, float), optional
        Height and width of a pixel in `unit`, where the file tells it.
    unit : str, optional
        Such as "micrometer"; None with `pixel_size`.
    axes : tuple of str
        Of `pixels`, as in `FileAxes.letters`; empty where the file says nothing of them.
    """

    pixels: NDArray[Any]
    pixel_size: tuple[float, float] | None = None
    unit: str | None = None
    axes: tuple[str, ...] = ()

    @property
    def has_colours(self) -> bool:
        """Whether the last axis holds RGB or RGBA; four channels of other kinds have no alpha."""
        usual = self.pixels.dtype.kind == "f" or self.pixels.dtype in (np.uint8, np.uint16)
        count = self.pixels.shape[-1] if self.pixels.ndim > 2 else 0
        return usual and (count == 3 or (count == 4 and self.axes[-1:] != (CHANNEL,)))


def read_picture(path: str | Path) -> Picture:
    """Read a picture file (PNG, JPEG, TIFF and all else that Pillow or tifffile know) as it is shown.

    Colours are those that Pillow shows: palettes are looked up, CMYK, YCbCr and L*a*b* become RGB, white is
    the highest value also where the file has it at zero, and the picture is turned as its orientation tag
    says. Numbers of more than 8 bits stay exact.

    Parameters
    ----------
    path : str or Path
        The file. Pages of a TIFF file become leading axes, of a pyramid the finest level is read, of an
        animation the first frame.

    Returns
    -------
    Picture

    Raises
    ------
    InputError
        When the file is missing, is not a picture, is damaged, or claims a size that it can't hold or the
        memory can't take.
    """
    path, axes = Path(path), None
    with readable(path) as start:
        if tiff.is_tiff(start):
            with tiff.open_series(path) as (file, series):
                size, unit = pixel_size.of_tiff(file, series)
                orientation = tiff.orientation_of(series)
                pixels = tiff.read_series(path, series)
                axes = axis_letters(series, pixels.shape)
        else:
            with with_pillow.opened(path) as picture:
                with_pillow.check(path, picture)
                orientation = with_pillow.orientation_of(path, picture)
                pixels = upright(with_pillow.pixels_of(path, picture), orientation)
                size, unit = pixel_size.of_dots(picture.info.get("dpi"))
        return Picture(pixels, None if size is None else upright_sides(size, orientation), unit, axes or ())


def read_flat_picture(path: str | Path) -> Picture:
    """Read a picture file of one plane: grey, RGB or RGBA.

    Raises
    ------
    InputError
        As `read_picture`, and when it holds slices or channels.
    """
    picture = read_picture(path)
    before = picture.pixels.ndim - picture.has_colours - 2
    if before <= 0:
        return picture
    # without rows and columns, which are the last axes where nothing is said of them
    called = picture.axes or (*[""] * before, "y", "x", "")
    sides = list(zip(called, picture.pixels.shape, strict=False))
    held = [_counted(letter, count) for letter, count in sides if letter not in ("y", "x")][:before]
    raise InputError(
        f"{path} holds {' of '.join(held)}, and one picture a file is taken here: open it in the window "
        "(napari-ovseg open), where slices and channels are chosen, or save what you need as a picture."
    )


def _counted(letter: str, count: int) -> str:
    """Call what lies along an axis: "5 slices"."""
    name = {"z": "slice", "t": "time", CHANNEL: "channel"}.get(letter, "plane")
    return f"{count} {name}{'s' * (count != 1)}"


def picture_size(path: str | Path) -> tuple[int, int]:
    """Height and width of a picture as it is shown, without decoding it.

    Raises
    ------
    InputError
        As `read_picture`.
    """
    path = Path(path)
    with readable(path) as start:
        if tiff.is_tiff(start):
            return tiff.tiff_size(path)
        with with_pillow.opened(path) as picture:
            with_pillow.check(path, picture)
            return upright_sides(picture.size[::-1], with_pillow.orientation_of(path, picture))


def read_pixel_size(path: str | Path) -> tuple[tuple[float, float], str] | tuple[None, None]:
    """Height and width of a pixel of a picture as it is shown, and their unit, without decoding it.

    Returns
    -------
    (height, width) : tuple of float, or None
        None where the file doesn't tell.
    unit : str or None
        Such as "micrometer".

    Raises
    ------
    InputError
        As `read_picture`.
    """
    path = Path(path)
    (size, unit), orientation = _from_header(
        path,
        lambda file, series: (pixel_size.of_tiff(file, series), tiff.orientation_of(series)),
        lambda other: (pixel_size.of_dots(other.info.get("dpi")), with_pillow.orientation_of(path, other)),
    )
    return (None, None) if size is None or unit is None else (upright_sides(size, orientation), unit)


def stored_as_shown(path: str | Path) -> bool:
    """Whether the samples in a file are the picture, so that a reader that takes them as they are is right.

    Not so where they are turned, in another colour model than grey or RGB, with a palette, with alpha that
    Pillow doesn't keep apart, or cut by such a reader. Nothing is decoded.

    Raises
    ------
    InputError
        As `read_picture`.
    """
    path = Path(path)
    return not is_turned(path) and _from_header(
        path,
        lambda _, series: tiff.samples_are_shown(series),
        lambda other: with_pillow.samples_are_shown(path, other),
    )


def is_turned(path: str | Path) -> bool:
    """Whether a file has an orientation tag that turns what is stored; nothing is decoded.

    Raises
    ------
    InputError
        As `read_picture`.
    """
    path = Path(path)
    orientation = _from_header(
        path,
        lambda _, series: tiff.orientation_of(series),
        lambda other: with_pillow.orientation_of(path, other),
    )
    return orientation in range(2, 9)


def _from_header(path: Path, of_tiff: Callable[[Any, Any], T], of_other: Callable[[Any], T]) -> T:
    """Ask something of a picture file that needs no pixel of it."""
    with readable(path) as start:
        if tiff.is_tiff(start):
            with tiff.open_series(path) as (file, series):
                return of_tiff(file, series)
        with with_pillow.opened(path) as picture:
            return of_other(picture)
