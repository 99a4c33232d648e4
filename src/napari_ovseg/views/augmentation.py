"""Test-time augmentation: the several ways in which a picture is looked at.

Zabari & Hoshen (ECCVW 2022), section 3: mirrored, contrast-changed and cropped views. The exact list is not
published; ours is in `PRESETS`, and ``docs/refinement.md`` says what each part of it is worth.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_ovseg.views.presets import check_preset
from napari_ovseg.views.source import WHOLE, Box

# A window this elongated still shows things at a size that the model knows; beyond, several windows do.
_LONGEST_WINDOW = 1.8
_MOST_ALONG = 6
STEP = 0.75
"""Neighbouring windows begin about so much of their length apart, and overlap by the rest."""


@dataclass(frozen=True)
class View:
    """One way to look at the picture.

    Parameters
    ----------
    mirror : bool
        Left and right swapped.
    contrast : float
        Factor on the distance of every pixel to the mean of the view; 1 leaves the picture as it is.
    box : tuple of float
        ``(top, left, bottom, right)`` of the part that is looked at, as fractions of the picture.
    """

    mirror: bool = False
    contrast: float = 1.0
    box: Box = WHOLE


@dataclass(frozen=True)
class Preset:
    """How many views: every mirror with every contrast, on windows of each zoom (1 is the entire picture)."""

    mirrors: tuple[bool, ...]
    contrasts: tuple[float, ...]
    zooms: tuple[float, ...]


PRESETS: dict[str, Preset] = {
    "fast": Preset((False, True), (1.0,), (1.0,)),
    "balanced": Preset((False, True), (1.0,), (1.0, 1.6)),
    "best": Preset((False, True), (0.8, 1.0, 1.2), (1.0, 1.6, 2.4)),
}


def _starts(length: float, window: float) -> list[float]:
    """Place the fewest equal windows that cover ``length`` and overlap by at least a quarter."""
    if window >= length:
        return [0.0]
    count = 1 + math.ceil((length - window) / (STEP * window) - 1e-9)
    return [i * (length - window) / (count - 1) for i in range(count)]


def windows(height: int, width: int, zoom: float) -> list[Box]:
    """Overlapping windows that cover a picture of ``height x width`` pixels, in fractions of it.

    Parameters
    ----------
    height, width : int
        Size of the picture in pixels.
    zoom : float
        1 for the entire picture; at 2 a window's sides are half the picture's. Windows of an elongated
        picture are at most 1.8 times as long as wide, unless that would take more than about six along it.
    """
    tall, wide = height / zoom, width / zoom
    longest = max(_LONGEST_WINDOW, max(tall / wide, wide / tall) / _MOST_ALONG)
    tall, wide = min(tall, longest * wide), min(wide, longest * tall)
    return [
        (top / height, left / width, (top + tall) / height, (left + wide) / width)
        for top in _starts(height, tall)
        for left in _starts(width, wide)
    ]


def views_for(preset: str, height: int, width: int) -> list[View]:
    """List the views of a preset for a picture of ``height x width`` pixels, those of all of it first.

    Raises
    ------
    InputError
        When the preset does not exist.
    """
    check_preset(preset)
    chosen = PRESETS[preset]
    return [
        View(mirror, contrast, box)
        for zoom in chosen.zooms
        for box in windows(height, width, zoom)
        for contrast in chosen.contrasts
        for mirror in chosen.mirrors
    ]


def views_at(level: float, height: int, width: int, *, input_size: int) -> list[View]:
    """List the windows of a level of detail, which overlap by about a quarter.

    Parameters
    ----------
    level : float
        Pixels that the model is shown for each pixel of the picture; about, so that windows fit in evenly.
    height, width : int
        Size of the picture in pixels.
    input_size : int
        Side, in pixels, of the square that a view is shown at.
    """
    longest = max(_LONGEST_WINDOW, max(height / width, width / height) / _MOST_ALONG)
    zoom = level * math.sqrt(min(height, longest * width) * min(width, longest * height)) / input_size
    # at a zoom of 1 + 0.75 k windows overlap by just a quarter: between, more of them show no more
    even = 1 + STEP * max(0, round((zoom - 1) / STEP))
    return [View(box=box) for box in windows(height, width, even)]


def view_size(view: View, height: int, width: int, *, input_size: int, patch_size: int) -> tuple[int, int]:
    """Size ``(h, w)`` to show a view at: aspect kept, whole patches, about ``input_size ** 2`` pixels."""
    top, left, bottom, right = view.box
    tall, wide = (bottom - top) * height, (right - left) * width
    scale = input_size / math.sqrt(tall * wide)
    rows, columns = (max(1, round(side * scale / patch_size)) for side in (tall, wide))
    return rows * patch_size, columns * patch_size


def enlargement(view: View, height: int, width: int, *, input_size: int, patch_size: int) -> float:
    """How many pixels a view shows for each pixel of the picture, along a column; see `view_size`."""
    rows, _ = view_size(view, height, width, input_size=input_size, patch_size=patch_size)
    return rows / ((view.box[2] - view.box[0]) * height)


def render(part: np.ndarray, view: View) -> np.ndarray:
    """Mirror the part ``(h, w, 3)`` of the picture that a view looks at, and change its contrast."""
    if view.contrast != 1:
        mean = part.mean(dtype=np.float64)
        part = np.clip(mean + view.contrast * (part - mean), 0, 1).astype(np.float32)
    return np.ascontiguousarray(part[:, ::-1] if view.mirror else part)


def extent(views: Sequence[View], sizes: Sequence[tuple[int, int]]) -> tuple[float, float]:
    """Rows and columns that the entire picture has at the scale of the finest view."""
    rows, columns = (
        max(
            size[side] / (view.box[side + 2] - view.box[side])
            for view, size in zip(views, sizes, strict=True)
        )
        for side in (0, 1)
    )
    return rows, columns
