"""Small pictures of the looks that a model knows, to be seen and chosen from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_ovseg.look_choice import JUDGED_SIDE, PLAIN_FROM, LookChoice
from napari_ovseg.seen_in_look import FINEST
from napari_ovseg.segmentation import TriedLook
from napari_ovseg.views.hue import hue_of
from napari_ovseg.views.looks import AS_IT_IS, AUTO, Look
from napari_ovseg.views.rendering import Rendering, fit
from napari_ovseg.views.shown import Shown
from napari_ovseg.views.source import Box, PictureSource

# pixels of the picture along a side: a part of it at full detail tells more than all of it
SHOWN = 160
SIDE = 80
# all is shown brighter than it is, and dimming weaker: a twelfth of the light would be black to a person
GAMMA = 0.6
SHOWN_GAIN = 1 / 5
SURE_FROM = 1.5 * PLAIN_FROM


def tried_looks(
    source: PictureSource, choice: LookChoice, asked: str, looks: Iterable[Look]
) -> tuple[TriedLook, ...]:
    """Show the part of a picture that changes most in each look, at the level that is usual without a size.

    Parameters
    ----------
    source : PictureSource
    choice : LookChoice
        What was used.
    asked : str
        What a person has chosen: "auto", or a look.
    looks : iterable of Look
        Those on the model's card.

    Returns
    -------
    tuple of TriedLook
        Empty where there was no choice: a model that knows one look, or a picture in several colours that is
        shown as it is.
    """
    every = tuple(dict.fromkeys((*looks, *choice.looks)))
    if len(every) < 2:
        return ()
    if asked == AUTO and choice.as_it_is and hue_of(source.read(side=JUDGED_SIDE)) is None:
        return ()
    sure, part = max(choice.sure) >= SURE_FROM, _liveliest(source)
    return tuple(
        TriedLook(str(one.look), _thumbnail(source, one, part), one.look in choice.looks, sure)
        for one in _renderings(source, every)
    )


def _renderings(source: PictureSource, looks: Iterable[Look]) -> Iterator[Rendering]:
    """Measure once for looks that differ only after what is measured."""
    measured: dict[tuple[bool, bool, bool], Rendering] = {}
    for look in looks:
        key = (look == AS_IT_IS, look.inverted, look.background)
        if key not in measured:
            measured[key] = fit(source, look, FINEST)
        yield replace(measured[key], look=look)


def _thumbnail(source: PictureSource, rendering: Rendering, part: Box) -> NDArray[np.uint8]:
    look, rendered = rendering.look, Shown(source, rendering, keep=False)
    shown = rendered.read(part, side=max(source.size)) / np.float32(look.gain)
    step = max(1, min(shown.shape[:2]) // SIDE)
    return np.rint(shown[::step, ::step] ** GAMMA * look.gain**SHOWN_GAIN * 255).astype(np.uint8)


def _liveliest(source: PictureSource) -> Box:
    """The square of `SHOWN` pixels in which the picture varies most."""
    small = source.read(side=JUDGED_SIDE).mean(2, dtype=np.float64)
    half = [min(1.0, SHOWN / side) / 2 for side in source.size]
    sides = [max(1, round(2 * part * cells)) for part, cells in zip(half, small.shape, strict=True)]
    spread = ndimage.uniform_filter(small**2, sides) - ndimage.uniform_filter(small, sides) ** 2
    where = np.unravel_index(np.argmax(spread), spread.shape)
    row, column = (
        float(np.clip((at + 0.5) / cells, part, 1 - part))
        for at, cells, part in zip(where, small.shape, half, strict=True)
    )
    return (row - half[0], column - half[1], row + half[0], column + half[1])
