"""Labelled pictures that are hard to hand on: their pixels, names, files and sizes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from napari_ovseg.labelled import LabelledPicture, NamedLabel

_NAMES = {
    2: "🧫 cell, 細胞",
    3: 'a "b": c',
    7: "yes",
    20: "a: b",
    21: "#x",
    60: "it's; 100 %",
    101: "null",
    150: "- Köter",
    200: "1e3",
    254: "C:\\tmp {e} [f] <g> &h",
}
CATEGORIES = tuple(
    NamedLabel(number, name, (25 * place + 5, 250 - 25 * place, place * 83 % 256), ("other",) * (place % 2))
    for place, (number, name) in enumerate(_NAMES.items())
)
NAME_OF = {category.id: category.name for category in CATEGORIES}
COLOUR_OF = {category.id: category.colour for category in CATEGORIES}
VOID = 255
# Height and width of a pixel.
PIXEL_SIZE, UNIT = (0.5, 0.25), "micrometer"
TURNED, PLAIN = "turned", "細胞 🧫"


def labels(turned: bool) -> np.ndarray:
    """Holes, things in holes, corners that touch, lines, borders, single pixels, void; ids with gaps."""
    drawn = np.zeros((60, 90), np.uint8)
    drawn[2:20, 2:24] = 2
    drawn[6:15, 6:18] = 0
    drawn[8:12, 9:14] = 3
    drawn[24:28, 2:6] = drawn[28:32, 6:10] = 7
    drawn[32:34, 10:14] = drawn[40:, :10] = 20
    drawn[40:52, 3:7] = 0
    drawn[24:40, 30:50] = 21
    # A hole that meets the outside at a corner.
    drawn[24, 30] = drawn[25, 31] = 0
    drawn[50 + np.arange(6), 20 + np.arange(6)] = 60
    drawn[0, -1] = drawn[-1, -1] = 101
    drawn[10:20, 60:70], drawn[10:20, 70:80], drawn[20:30, 60:80] = 150, 200, 254
    drawn[40:50, 60:75] = VOID
    return drawn if turned else drawn[::-1].copy()


def shown(turned: bool) -> np.ndarray:
    """The picture (60, 90, 3) as a person sees it."""
    return np.random.default_rng(turned).integers(0, 256, (60, 90, 3), dtype=np.uint8)


def hard_pictures(folder: Path) -> list[LabelledPicture]:
    """Write two pictures, one of them stored on its side with a tag that says so; return their labels."""
    folder.mkdir()
    tag = Image.Exif()
    tag[274] = 6
    Image.fromarray(np.rot90(shown(True)).copy()).save(folder / f"{TURNED}.png", exif=tag)
    Image.fromarray(shown(False)).save(folder / f"{PLAIN}.png")
    return [
        LabelledPicture(name, labels(name == TURNED), CATEGORIES, folder / f"{name}.png", PIXEL_SIZE, UNIT)
        for name in (TURNED, PLAIN)
    ]


def things(drawn: np.ndarray, *, void: bool = False) -> Iterator[tuple[int, np.ndarray]]:
    """The category and the mask of each thing; corners join."""
    for number in np.unique(drawn).tolist():
        if number and (void or number != VOID):
            parts, count = ndimage.label(drawn == number, np.ones((3, 3)))
            for part in range(1, count + 1):
                yield number, parts == part


def with_border(mask: np.ndarray) -> np.ndarray:
    """What a polygon along pixel edges covers when its border is drawn, too: more to the right and below."""
    return ndimage.binary_dilation(ndimage.binary_fill_holes(mask), np.ones((2, 2)), origin=(-1, -1))


def same_things(read: list[tuple[str, np.ndarray]], expected: list[tuple[int, np.ndarray]]) -> None:
    """Compare names and masks, in any order."""
    as_bytes = sorted((name, np.asarray(mask, bool).tobytes()) for name, mask in read)
    assert as_bytes == sorted((NAME_OF[number], mask.tobytes()) for number, mask in expected)
