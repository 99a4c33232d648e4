"""Pictures of one hue: grey ones, and those in which one colour stands for brightness, such as green."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Hue = tuple[float, float, float]
GREY: Hue = (1.0, 1.0, 1.0)
# a difference of two colours that is only a tint, and the share of pixels that may have more: a scale bar
LEAST_COLOUR, MOST_COLOURED = 0.04, 0.01
# among things of one hue a few pixels of another may be the small things that are looked for
MOST_OF_ANOTHER = 0.001


def hue_of(picture: NDArray[np.float32]) -> Hue | None:
    """Find the hue that all of a picture has.

    Parameters
    ----------
    picture : np.ndarray
        ``(h, w, 3)``, float32 in [0, 1]; a reduced one is enough.

    Returns
    -------
    tuple of three floats in [0, 1], or None
        `GREY` for a picture without colour but a tint or a scale bar. Another hue, its largest part 1, where
        each pixel is that hue, brighter or darker. None for a picture in several colours.
    """
    coloured = picture.max(2) - picture.min(2) >= LEAST_COLOUR
    few = np.mean(coloured) <= MOST_OF_ANOTHER
    # a scale bar has one colour; a few things in two colours are not to be taken for one
    if few or (np.mean(coloured) < MOST_COLOURED and _only_hue(picture[coloured]) is not None):
        return GREY
    return _only_hue(picture.reshape(-1, 3))


def _only_hue(pixels: NDArray[np.float32]) -> Hue | None:
    """The hue that all pixels ``(N, 3)`` have but a few; None where they have several."""
    # black has every hue, so the line along which colours lie goes through it
    _, directions = np.linalg.eigh(pixels.T @ pixels.astype(np.float64))
    along = np.abs(directions[:, -1])
    red, green, blue = (float(part) for part in np.round(along / along.max(), 4))
    off = np.abs(pixels - pixels.max(1)[:, None] * np.array([red, green, blue], np.float32)).max(1)
    return (red, green, blue) if np.mean(off >= LEAST_COLOUR) <= MOST_OF_ANOTHER else None


def brightest(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """How bright each pixel ``(H, W)`` of a picture ``(H, W, 3)`` of one hue is: its largest part.

    The few pixels of another hue, such as a scale bar, stay as bright as they are.
    """
    return picture.max(2)
