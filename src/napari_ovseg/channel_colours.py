"""Channels in colours, added up as light is: how microscopes, and napari, show several channels at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.errors import InputError

# full light each, as microscopy means these words; those of the web have another green and gray
CHANNEL_COLOURS = {
    "red": (1, 0, 0),
    "green": (0, 1, 0),
    "blue": (0, 0, 1),
    "cyan": (0, 1, 1),
    "magenta": (1, 0, 1),
    "yellow": (1, 1, 0),
    "gray": (1, 1, 1),
}


def usual_colours(count: int) -> list[str]:
    """Name the colours of channels for which nobody chose any: one is gray, two are red and green."""
    if count == 1:
        return ["gray"]
    names = list(CHANNEL_COLOURS)[:6]
    return [names[place % len(names)] for place in range(count)]


def as_hex(colour: Iterable[float]) -> str:
    """Write red, green and blue in [0, 1], and whatever follows them, as "#rrggbb"."""
    return "#" + "".join(f"{round(255 * float(part)):02x}" for part in list(colour)[:3])


def colour_ramp(colour: Any) -> NDArray[np.float32]:
    """Return what a channel is shown in, from its darkest value to its brightest.

    Parameters
    ----------
    colour : str, (float, float, float), or array (N, 3)
        A name of `CHANNEL_COLOURS`, "#rrggbb", red, green and blue in [0, 1], or the whole way from dark to
        bright in N even steps.

    Returns
    -------
    ndarray of float32 (N, 3) in [0, 1], N at least 2

    Raises
    ------
    InputError
        When it is no colour.
    """
    named = isinstance(colour, str)
    values = CHANNEL_COLOURS.get(colour.strip().lower()) or _from_hex(colour.strip()) if named else colour
    try:
        ramp = np.asarray(values, np.float32)
    except (TypeError, ValueError):
        ramp = np.zeros(0, np.float32)
    if ramp.shape == (3,):
        ramp = np.stack([np.zeros_like(ramp), ramp])
    good = ramp.ndim == 2 and ramp.shape[0] >= 2 and ramp.shape[1] == 3
    if not good or not ((ramp >= 0) & (ramp <= 1)).all():
        raise InputError(
            f"{colour!r} is no colour of a channel: give one of {', '.join(CHANNEL_COLOURS)}, '#00ff80', or "
            "red, green and blue from 0 to 1."
        )
    return ramp


def added_up(
    planes: Iterable[NDArray[np.float32]], ramps: Sequence[NDArray[np.float32]]
) -> NDArray[np.float32]:
    """Add channels in their colours.

    Parameters
    ----------
    planes : iterable of ndarray (H, W), float32 in [0, 1]
        One a channel; taken one after the other.
    ramps : sequence of ndarray (N, 3)
        The colours of each, see `colour_ramp`.

    Returns
    -------
    ndarray of float32 (H, W, 3) in [0, 1]
        What is brighter than white is white.
    """
    picture: NDArray[np.float32] | None = None
    for plane, ramp in zip(planes, ramps, strict=True):
        steps = np.linspace(0, 1, len(ramp))
        coloured = np.stack([np.interp(plane, steps, ramp[:, part]) for part in range(3)], axis=-1)
        picture = coloured.astype(np.float32) if picture is None else picture + coloured.astype(np.float32)
    if picture is None:
        raise InputError("No channel is chosen: choose at least one.")
    return np.clip(picture, 0, 1)


def _from_hex(text: str) -> tuple[float, ...] | None:
    digits = text.removeprefix("#")
    try:
        return tuple(byte / 255 for byte in bytes.fromhex(digits)) if text.startswith("#") else None
    except ValueError:
        return None
