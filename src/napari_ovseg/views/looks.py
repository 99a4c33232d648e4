"""Looks: renderings of a picture in which a model may know things that it does not know as they are.

A model that was trained on dim pictures of bright things knows neither dark things nor well exposed ones. A
look dims a picture, turns dark into bright, and takes away what is wider than things are. Here is what looks
are called; `views.rendering` renders them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from napari_ovseg.errors import InputError

LEAST_GAIN = 0.001
AUTO = "auto"
"""The look that suits the picture, whichever that is."""
_AS_IT_IS = "as it is"
_INVERTED = "dark things"
_BACKGROUND = "background removed"
_EVENED = "faint things raised"
_WORDS = {_INVERTED, _BACKGROUND, _EVENED}
_GAINS = {"dimmed": 0.25, "dimmed strongly": 0.12}
_DIMMED_TO = re.compile(r"dimmed to (\d*\.?\d+)")
_MEND = (
    f'write "{_AS_IT_IS}", or one or more of "{_INVERTED}", "{_BACKGROUND}", "{_EVENED}" and "dimmed", '
    '"dimmed strongly" or "dimmed to 0.5", separated by commas'
)


@dataclass(frozen=True)
class Look:
    """One way to render a picture before a model sees it; it says itself in a user's words by `str`.

    Attributes
    ----------
    inverted : bool
        Whether dark is turned into bright, for things that are darker than what is around them.
    background : bool
        Whether what is wider than `rendering.BACKGROUND_WIDTH` is subtracted, the rest stretched to white.
    evened : bool
        Whether the square root is taken of what is left, so that faint things are nearly as bright as others.
    gain : float
        Factor on the brightness, 0.001 to 1, which is applied last.

    Raises
    ------
    InputError
        When the gain is under 0.001 or above 1.
    """

    inverted: bool = False
    background: bool = False
    evened: bool = False
    gain: float = 1.0

    def __post_init__(self) -> None:
        if not LEAST_GAIN <= self.gain <= 1:
            raise InputError(
                f"A picture can't be dimmed to {self.gain:g}: give a number from {LEAST_GAIN} to 1."
            )

    def __str__(self) -> str:
        said = {_INVERTED: self.inverted, _BACKGROUND: self.background, _EVENED: self.evened}
        words = [word for word, wanted in said.items() if wanted]
        if self.gain != 1:
            named = {gain: word for word, gain in _GAINS.items()}
            words.append(named.get(self.gain, f"dimmed to {self.gain:.6g}"))
        return ", ".join(words) or _AS_IT_IS


AS_IT_IS = Look()
MEASURED = (
    AS_IT_IS,
    Look(gain=0.25),
    Look(background=True, evened=True, gain=0.25),
    Look(background=True, gain=0.25),
    Look(inverted=True, background=True, gain=0.25),
    Look(inverted=True, background=True, gain=0.12),
)
"""Looks in which the bundled model was measured, see ``docs/looks.md``."""


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
    if len(gains) > 1 or len(set(others)) < len(others) or not set(others) <= _WORDS:
        raise InputError(f'There is no look "{text}": {_MEND}.')
    inverted, background, evened = (word in others for word in (_INVERTED, _BACKGROUND, _EVENED))
    return Look(inverted, background, evened, gains[0] if gains else 1.0)


def look_called(typed: str) -> str:
    """Return what was typed as looks call themselves, or "auto".

    Raises
    ------
    InputError
        When there is no such look.
    """
    return AUTO if typed.strip().casefold() == AUTO else str(parse_look(typed))


def spoken(recorded: Any) -> str:
    """Say in a line how a picture was shown, from a record; "" where it was as it is.

    Parameters
    ----------
    recorded : str, dict of str to str, or anything
        The look of all names, or that of each.
    """
    if isinstance(recorded, dict):
        return "; ".join(f"{name}: {look}" for name, look in recorded.items())
    return "" if recorded in (None, _AS_IT_IS) else str(recorded)


def _gain(word: str) -> float | None:
    """The gain that a word says, if it says one."""
    if word in _GAINS:
        return _GAINS[word]
    said = _DIMMED_TO.fullmatch(word)
    return float(said[1]) if said else None
