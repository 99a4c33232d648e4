"""The ways to read a picture with more than two axes, or of several layers, as they are offered."""

from __future__ import annotations

from dataclasses import dataclass

# An axis of channels, layers that are channels of one picture, or neither.
Key = int | str | None
TOGETHER = "layers"
# The longer side of a preview, in pixels.
PREVIEW = 40


@dataclass(frozen=True)
class Reading:
    """One way to read a picture.

    Attributes
    ----------
    key : int, str or None
        The axis of the layer that holds channels, `TOGETHER`, or None for slice by slice.
    title : str
        As it is listed.
    said : str
        What is taken for what, a sentence or two.
    names : tuple of str
        Of the channels; empty without any.
    ids : tuple of str
        What tells them apart when they are offered again under other names, or fewer.
    colours : tuple of str, optional
        Of each channel, "#rrggbb", as its layer or its file says; by default those that
        are ticked get red, green and blue in turn.
    """

    key: Key
    title: str
    said: str = ""
    names: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    colours: tuple[str, ...] | None = None
