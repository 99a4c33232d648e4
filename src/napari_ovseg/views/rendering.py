"""Pictures rendered as a look says: measured once for the whole picture, then the same in every window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_ovseg.errors import InputError
from napari_ovseg.views.hue import Hue, brightest, hue_of
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
_HUE_SIDE = 512


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
    hue : tuple of three floats, or None
        Of a picture of one hue, which is shown in grey; None for colours, which are treated one by one.
    """

    look: Look
    width: int
    white: float
    hue: Hue | None = None

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
        hue = None if self.hue is None else list(self.hue)
        return {"look": str(self.look), "width": self.width, "white": self.white, "hue": hue}


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
        # older records have no hue: each colour was treated by itself
        look, hue = parse_look(str(saved.get("look"))), _saved_hue(saved.get("hue"))
    except InputError:
        return None
    return Rendering(look, width, float(white), hue)


def _saved_hue(saved: Any) -> Hue | None:
    """Read a hue, its largest part 1; InputError for what is none."""
    if saved is None:
        return None
    if not (isinstance(saved, Sequence) and len(saved) == 3 and all(isinstance(one, float) for one in saved)):
        raise InputError(f"A hue is three numbers, not {saved!r}.")
    red, green, blue = saved
    if not (all(one >= 0 for one in saved) and max(saved) == 1):
        raise InputError(f"The largest part of a hue is 1, and none is under 0: {saved!r}.")
    return (red, green, blue)


def fit(source: PictureSource, look: Look, level: float) -> Rendering:
    """Measure what a look needs to know of a whole picture.

    Parameters
    ----------
    source : PictureSource
    look : Look
    level : float
        Rendered pixels for each pixel of the picture: how much the model's views enlarge it.
    """
    if look == AS_IT_IS:
        return Rendering(look, 0, 1.0)
    hue = hue_of(source.read(side=_HUE_SIDE))
    if not look.background:
        return Rendering(look, 0, 1.0, hue)
    width = _odd(BACKGROUND_WIDTH / level)
    small = source.read(side=_MEASURED_SIDE)
    narrow = _odd(width * max(small.shape[:2]) / max(source.size))
    flat = _without_background(_turned(_in_hue(small, hue), look), narrow)
    white = float(np.quantile(flat, 1 - _ABOVE_WHITE))
    return Rendering(look, width, white if white >= _LEAST_WHITE else 1.0, hue)


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
    shown = _turned(_in_hue(picture, rendering.hue), rendering.look)
    if rendering.width:
        shown = _without_background(shown, rendering.width) / np.float32(rendering.white)
        shown = np.minimum(shown, 1, out=shown)
    if rendering.look.evened:
        shown = np.sqrt(shown)
    shown = shown * np.float32(rendering.look.gain)
    return np.repeat(shown, 3, 2) if shown.shape[2] == 1 else shown


def _in_hue(picture: NDArray[np.float32], hue: Hue | None) -> NDArray[np.float32]:
    """A picture of one hue as one plane ``(H, W, 1)``, which is a third of the work; else as it is."""
    return picture if hue is None else brightest(picture)[..., None]


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
