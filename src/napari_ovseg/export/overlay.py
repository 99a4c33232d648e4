"""The picture under its translucent masks, with outlines and a legend: for looking at, not for training."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from napari_ovseg.atomic import write_atomically
from napari_ovseg.colours import category_colours

_OPACITY = 0.4
# A legend can't be read beside a thumbnail, and nobody looks at more pixels than a screen has.
_MIN_SIDE, _MAX_SIDE = 640, 2048
_PAPER, _INK, _PALE = (255, 255, 255), (30, 30, 30), (150, 150, 150)


def draw_overlay(
    picture: NDArray[np.float32], masks: NDArray[np.integer], names: Sequence[str], absent: Sequence[str] = ()
) -> NDArray[np.uint8]:
    """Draw masks over a picture, with a legend below.

    Parameters
    ----------
    picture : ndarray of float32 (H, W, 3) in [0, 1]
        From `images.to_rgb`.
    masks : ndarray of int (H, W)
        0 background, 1 to C the categories.
    names : sequence of C str
        Their names.
    absent : sequence of str
        The names that were looked for and not found.

    Returns
    -------
    ndarray of uint8 (h, w, 3)
        The longer side of the picture is brought to 640 to 2048 pixels; the legend adds rows.
    """
    pixels, ids = _resized(picture, masks)
    colours = category_colours(max(len(names), int(ids.max(initial=0)))).astype(np.float32)
    painted = ids > 0
    edges = _outlines(ids, width=max(1, round(max(ids.shape) / 500)))
    pixels[painted] += _OPACITY * (colours[ids[painted]] - pixels[painted])
    pixels[edges] = colours[ids[edges]]
    shares = [float((masks == number).mean()) for number in range(1, len(names) + 1)]
    legend = _legend(pixels.shape[1], names, shares, set(absent))
    return np.concatenate([pixels.round().astype(np.uint8), legend])


def write_overlay(
    path: str | Path,
    picture: NDArray[np.float32],
    masks: NDArray[np.integer],
    names: Sequence[str],
    absent: Sequence[str] = (),
) -> None:
    """Write what `draw_overlay` draws as PNG.

    Parameters
    ----------
    path : str or Path
        Replaced if it is there.
    picture : ndarray of float32 (H, W, 3) in [0, 1]
        From `images.to_rgb`.
    masks : ndarray of int (H, W)
        0 background, 1 to C the categories.
    names : sequence of C str
        Their names.
    absent : sequence of str
        The names that were looked for and not found.

    Raises
    ------
    OutputError
        When the file can't be written.
    """
    drawn = Image.fromarray(draw_overlay(picture, masks, names, absent))
    write_atomically(path, partial(drawn.save, format="PNG"))


def _resized(
    picture: NDArray[np.float32], masks: NDArray[np.integer]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    height, width = masks.shape
    factor = min(max(_MIN_SIDE / max(height, width), 1), _MAX_SIDE / max(height, width))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    shown = Image.fromarray((np.clip(picture, 0, 1) * 255).round().astype(np.uint8))
    ids = Image.fromarray(masks.astype(np.int32)).resize(size, Image.Resampling.NEAREST)
    smooth = Image.Resampling.BICUBIC if factor > 1 else Image.Resampling.BOX
    return np.asarray(shown.resize(size, smooth), np.float32), np.asarray(ids, np.int64)


def _outlines(ids: NDArray[np.int64], width: int) -> NDArray[np.bool_]:
    """Pixels of a category that are within `width` of another one or of the background."""
    edges = np.zeros(ids.shape, bool)
    for shift in range(1, width + 1):
        down, right = ids[shift:] != ids[:-shift], ids[:, shift:] != ids[:, :-shift]
        edges[shift:] |= down
        edges[:-shift] |= down
        edges[:, shift:] |= right
        edges[:, :-shift] |= right
    return edges & (ids > 0)


def _legend(width: int, names: Sequence[str], shares: Sequence[float], absent: set[str]) -> NDArray[np.uint8]:
    size = max(16, round(width / 45))
    font = ImageFont.load_default(size)
    gap, row = size // 2, round(size * 1.7)
    entries = []
    for number, (name, share) in enumerate(zip(names, shares, strict=True), 1):
        note = "not found" if name in absent else f"{share:.0%}" if share >= 0.005 or not share else "<1%"
        label = _shortened(f"{name}  {note}", font, width - 4 * gap - size)
        entries.append((number, name in absent, label, size + 3 * gap + round(font.getlength(label))))
    x, y, places = gap, gap, []
    for number, missing, label, room in entries:
        if x > gap and x + room > width:
            x, y = gap, y + row
        places.append((number, missing, label, x, y))
        x += room
    sheet = Image.new("RGB", (width, y + row), _PAPER)
    draw = ImageDraw.Draw(sheet)
    colours = category_colours(len(names))
    for number, missing, label, left, top in places:
        colour = tuple(colours[number].tolist())
        box = (left, top, left + size, top + size)
        draw.rectangle(box, fill=None if missing else colour, outline=_PALE if missing else colour)
        draw.text((left + size + gap, top + size / 2), label, _PALE if missing else _INK, font, anchor="lm")
    return np.asarray(sheet)


def _shortened(label: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, room: float) -> str:
    if font.getlength(label) <= room:
        return label
    while len(label) > 1 and font.getlength(f"{label}...") > room:
        label = label[:-1]
    return f"{label}..."
