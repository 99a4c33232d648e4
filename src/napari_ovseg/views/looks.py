"""Looks: renderings of a picture in which a model may know things that it does not know as they are.

A model that was trained on dim pictures of bright things knows neither dark things nor well exposed ones. A
look dims a picture, turns dark into bright, and takes away what is wider than things are. It belongs to the
whole picture: what it depends on is measured once, by `fit`, and then holds in every window.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.errors import InputError

BACKGROUND_WIDTH = 48
"""Width, in rendered pixels, from which on what is bright counts as background; 6 patches of 8 pixels."""

AUTO = "auto"
"""The look that suits the picture, whichever that is."""
_AS_IT_IS = "as it is"
_INVERTED = "dark things"
_BACKGROUND = "background removed"
_GAINS = {"dimmed": 0.25, "dimmed strongly": 0.12}
_DIMMED_TO = re.compile(r"dimmed to (\d*\.?\d+)")
_MEND = (
    f'write "{_AS_IT_IS}", or one or more of "{_INVERTED}", "{_BACKGROUND}" and "dimmed", "dimmed strongly" '
    'or "dimmed to 0.5", separated by commas'
)
# the share of pixels that may be brighter than white
_ABOVE_WHITE = 0.001
# what is measured of the whole picture is measured on this many pixels along its long side at most
_MEASURED_SIDE = 1024


@dataclass(frozen=True)
class Look:
    """One way to render a picture before a model sees it; it says itself in a user's words by `str`.

    Attributes
    ----------
    inverted : bool
        Whether dark is turned into bright, for things that are darker than what is around them.
    background : bool
        Whether what is wider than `BACKGROUND_WIDTH` is subtracted, and the rest stretched to white.
    gain : float
        Factor on the brightness, above 0 and at most 1, which is applied last.

    Raises
    ------
    InputError
        When the gain is not above 0 and at most 1.
    """

    inverted: bool = False
    background: bool = False
    gain: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.gain <= 1:
            raise InputError(
                f"A picture can't be dimmed to {self.gain:g}: give a number above 0 and up to 1."
            )

    def __str__(self) -> str:
        words = [_INVERTED] * self.inverted + [_BACKGROUND] * self.background
        if self.gain != 1:
            named = {gain: word for word, gain in _GAINS.items()}
            words.append(named.get(self.gain, f"dimmed to {self.gain:.6g}"))
        return ", ".join(words) or _AS_IT_IS


AS_IT_IS = Look()


def parse_look(text: str) -> Look:
    """Read a look from what `Look` calls itself: its words in any order, separated by commas.

    Parameters
    ----------
    text : str
        Such as "as it is" or "dark things, background removed, dimmed strongly"; case does not matter.

    Raises
    ------
    InputError
        When a word is not known or contradicts another, with what may be written.
    """
    words = [" ".join(part.lower().split()) for part in text.split(",")]
    if words == [_AS_IT_IS]:
        return AS_IT_IS
    gains = [gain for word in words if (gain := _gain(word)) is not None]
    others = [word for word in words if _gain(word) is None]
    if len(gains) > 1 or len(set(others)) < len(others) or not set(others) <= {_INVERTED, _BACKGROUND}:
        raise InputError(f'There is no look "{text}": {_MEND}.')
    return Look(_INVERTED in others, _BACKGROUND in others, gains[0] if gains else 1.0)


def look_called(typed: str) -> str:
    """Return what was typed as looks call themselves, or "auto".

    Raises
    ------
    InputError
        When there is no such look.
    """
    return AUTO if typed.strip().casefold() == AUTO else str(parse_look(typed))


def _gain(word: str) -> float | None:
    """The gain that a word says, if it says one."""
    if word in _GAINS:
        return _GAINS[word]
    said = _DIMMED_TO.fullmatch(word)
    return float(said[1]) if said else None


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
    def margin(self) -> int:
        """How many pixels around a window have a say in it, where the picture goes on."""
        # the opening is a minimum and a maximum, and a mean follows: half a width each
        return 3 * (self.width // 2)

    def at(self, factor: float) -> Rendering:
        """Return the rendering for a picture that was shrunk by a factor in (0, 1]."""
        return self if factor == 1 or not self.width else replace(self, width=_odd(self.width * factor))


def fit(picture: NDArray[np.float32], look: Look, level: float) -> Rendering:
    """Measure what a look needs to know of a whole picture.

    Parameters
    ----------
    picture : np.ndarray
        ``(H, W, 3)``, float32 in [0, 1].
    look : Look
    level : float
        Rendered pixels for each pixel of the picture: how much the model's views enlarge it.
    """
    if not look.background:
        return Rendering(look, 0, 1.0)
    width = _odd(BACKGROUND_WIDTH / level)
    small, factor = picture, math.ceil(max(picture.shape[:2]) / _MEASURED_SIDE)
    if factor > 1:
        small = _shrunk(picture, factor)
    flat = _without_background(_turned(small, look), _odd(width / factor))
    white = float(np.quantile(flat, 1 - _ABOVE_WHITE))
    return Rendering(look, width, white if white > 0 else 1.0)


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
    return shown * np.float32(rendering.look.gain)


def _turned(picture: NDArray[np.float32], look: Look) -> NDArray[np.float32]:
    return 1 - picture if look.inverted else picture


def _without_background(picture: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Subtract the grey opening of a square of ``width``, smoothed, from each colour."""
    # SciPy's images take a while to import, and settings only read what looks are called
    from scipy import ndimage

    background = ndimage.grey_opening(picture, (width, width, 1), mode="nearest")
    background = ndimage.uniform_filter(background, (width, width, 1), mode="nearest")
    return np.maximum(picture - background, 0)


def _odd(width: float) -> int:
    """The nearest odd number, 3 at least: a square of odd width has a centre."""
    return max(3, 2 * round((width - 1) / 2) + 1)


def _shrunk(picture: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """Average squares of ``factor`` pixels; what is left over at the far sides is left out."""
    height, width = (side // factor for side in picture.shape[:2])
    squares = picture[: height * factor, : width * factor].reshape(height, factor, width, factor, -1)
    return squares.mean((1, 3), dtype=np.float32)
