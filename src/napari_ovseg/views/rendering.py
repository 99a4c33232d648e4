"""Pictures rendered as a look says: measured once for the whole picture, then the same in every window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_ovseg.errors import InputError
from napari_ovseg.views.looks import AS_IT_IS, Look, parse_look
from napari_ovseg.views.source import PictureSource

BACKGROUND_WIDTH = 48
"""Width, in rendered pixels, from which on what is bright counts as background; 6 patches of 8 pixels."""

# the share of pixels that may be brighter than white
_ABOVE_WHITE = 0.001
# what a record may say: no more was ever written
_LEAST_WHITE, _MOST_WIDTH = 1e-4, 4095
# what is measured of the whole picture is measured on this many pixels along its long side at most
_MEASURED_SIDE = 1024


@dataclass(frozen=True)
class Rendering:
    """A look as it is for one picture: from `fit`, for `render`.

    Attributes
    ----------
    look : Look
    width : int
        In pixels of the picture, odd: what is wider is background. 0 where none is removed.
    white : float
        Brightness, after background is removed, that is stretched to 1; above 0.
    """

    look: Look
    width: int
    white: float

    @property
    def plain(self) -> Rendering:
        """The same, neither dimmed nor with faint things raised: steps that follow edges do best on it."""
        return replace(self, look=replace(self.look, evened=False, gain=1.0))

    @property
    def margin(self) -> int:
        """How many pixels around a window have a say in it, where the picture goes on."""
        # the opening is a minimum and a maximum, and a mean follows: half a width each
        return 3 * (self.width // 2)

    def at(self, factor: float) -> Rendering:
        """Return the rendering for a picture that was shrunk by a factor in (0, 1]."""
        return self if factor == 1 or not self.width else replace(self, width=_odd(self.width * factor))

    def saved(self) -> dict[str, Any]:
        """Return it as JSON can hold it; `saved_rendering` reads that."""
        return {"look": str(self.look), "width": self.width, "white": self.white}


def saved_rendering(saved: Any) -> Rendering | None:
    """Read a rendering from a record, which is not trusted: None where there is none."""
    if not isinstance(saved, Mapping):
        return None
    width, white = saved.get("width"), saved.get("white")
    if not (isinstance(width, int) and isinstance(white, int | float) and _LEAST_WHITE <= white <= 1):
        return None
    if width != 0 and not (width % 2 and 3 <= width <= _MOST_WIDTH):
        return None
    try:
        return Rendering(parse_look(str(saved.get("look"))), width, float(white))
    except InputError:
        return None


def fit(source: PictureSource, look: Look, level: float) -> Rendering:
    """Measure what a look needs to know of a whole picture.

    Parameters
    ----------
    source : PictureSource
    look : Look
    level : float
        Rendered pixels for each pixel of the picture: how much the model's views enlarge it.
    """
    if not look.background:
        return Rendering(look, 0, 1.0)
    width = _odd(BACKGROUND_WIDTH / level)
    small = source.read(side=_MEASURED_SIDE)
    narrow = _odd(width * max(small.shape[:2]) / max(source.size))
    white = float(np.quantile(_without_background(_turned(small, look), narrow), 1 - _ABOVE_WHITE))
    return Rendering(look, width, white if white >= _LEAST_WHITE else 1.0)


def render(picture: NDArray[np.float32], rendering: Rendering) -> NDArray[np.float32]:
    """Show a picture, or a window of it, in a look.

    Parameters
    ----------
    picture : np.ndarray
        ``(H, W, 3)``, float32 in [0, 1]. Of a window with `Rendering.margin` pixels around it, as far as the
        picture goes, all but that margin is as in the whole picture.
    rendering : Rendering
        From `fit` of the whole picture.

    Returns
    -------
    np.ndarray
        ``(H, W, 3)``, float32 in [0, 1].
    """
    if rendering.look == AS_IT_IS:
        return picture
    shown = _turned(picture, rendering.look)
    if rendering.width:
        shown = _without_background(shown, rendering.width) / np.float32(rendering.white)
        shown = np.minimum(shown, 1, out=shown)
    if rendering.look.evened:
        shown = np.sqrt(shown)
    return shown * np.float32(rendering.look.gain)


def _turned(picture: NDArray[np.float32], look: Look) -> NDArray[np.float32]:
    return 1 - picture if look.inverted else picture


def _without_background(picture: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Subtract the grey opening of a square of ``width``, smoothed, from each colour."""
    background = ndimage.grey_opening(picture, (width, width, 1), mode="nearest")
    background = ndimage.uniform_filter(background, (width, width, 1), mode="nearest")
    return np.maximum(picture - background, 0)


def _odd(width: float) -> int:
    """The nearest odd number, 3 at least: a square of odd width has a centre."""
    return max(3, 2 * round((width - 1) / 2) + 1)
