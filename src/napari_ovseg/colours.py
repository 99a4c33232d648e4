"""One colour per category, the same in the window, in exported files and in pictures."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

# Okabe and Ito (2008), chosen to stay apart in the common kinds of colour blindness, without their
# black; the order puts the pairs that are hardest to tell apart far from each other.
_FIRST = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (204, 121, 167),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
)
# Eight more, each the farthest from all before it, and from black and white, as they are and as people
# without green or without red cones see them; all as `benchmarks/palettes.py` measures.
_COLOUR_BLIND = (
    *_FIRST,
    (119, 34, 0),
    (102, 68, 85),
    (0, 0, 170),
    (187, 221, 170),
    (68, 102, 68),
    (221, 221, 255),
    (85, 0, 85),
    (51, 136, 255),
)
# Found likewise among light and strong colours, which stand out from dark grey pictures; differences
# without green cones counted three times, without red ones not.
_BRIGHT = (
    (255, 221, 0),
    (238, 34, 255),
    (255, 85, 17),
    (0, 255, 255),
    (85, 170, 85),
    (255, 102, 136),
    (170, 255, 119),
    (238, 170, 102),
    (221, 170, 255),
    (68, 136, 255),
    (170, 170, 68),
    (34, 221, 170),
    (221, 119, 187),
    (153, 136, 221),
    (255, 136, 119),
)
Palette = Literal["standard", "colour-blind", "bright"]
STANDARD: Final = "standard"
# how each begins; what follows is the same
PALETTES: Mapping[Palette, tuple[tuple[int, int, int], ...]] = {
    STANDARD: _FIRST,
    "colour-blind": _COLOUR_BLIND,
    "bright": _BRIGHT,
}
BACKGROUND = (0, 0, 0)
VOID = (255, 255, 255)
_GOLDEN = 0.6180339887498949


def category_colours(count: int, palette: Palette = STANDARD) -> NDArray[np.uint8]:
    """Return the colours of the background and of `count` categories.

    Parameters
    ----------
    count : int
        How many categories, from 0 up.
    palette : str
        One of `PALETTES`.

    Returns
    -------
    ndarray of uint8 (count + 1, 3)
        Row 0 is black, the background; row ``c`` is the colour of category ``c``. The colours of the first
        categories don't depend on `count`. Void (``VOID``) is white, and no category is.
    """
    rows = [BACKGROUND, *PALETTES[palette]]
    taken = set(rows) | {VOID}
    step = 0
    while len(rows) < count + 1:
        # The golden ratio spreads hues evenly however many are drawn; lightness changes at another pace,
        # because hue alone is what colour-blind readers can't see.
        red, green, blue = colorsys.hls_to_rgb(
            (0.05 + step * _GOLDEN) % 1, 0.35 + 0.4 * ((step * 0.7548776662466927) % 1), 0.75
        )
        colour = (round(red * 255), round(green * 255), round(blue * 255))
        step += 1
        if colour not in taken or step > 20 * count:
            taken.add(colour)
            rows.append(colour)
    return np.array(rows[: count + 1], np.uint8)
