"""Small pictures of the looks that a model knows, to be seen and chosen from."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.look_choice import FINEST, PLAIN_FROM, LookChoice, is_grey
from napari_ovseg.segmentation import TriedLook
from napari_ovseg.views.looks import AUTO, Look
from napari_ovseg.views.rendering import fit
from napari_ovseg.views.shown import Shown
from napari_ovseg.views.source import Box, PictureSource

# pixels of the picture along a side: its middle tells more than all of it
SHOWN = 160
SIDE = 80
# dimming is shown weaker than it is: a twelfth of the light would be black to a person
SHOWN_GAIN = 1 / 3
SURE_FROM = 1.5 * PLAIN_FROM


def tried_looks(
    source: PictureSource, choice: LookChoice, asked: str, looks: Iterable[Look]
) -> tuple[TriedLook, ...]:
    """Show the middle of a picture in each look.

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
        None where there was no choice: a model that knows one look, or a picture in colours that is shown as
        it is.
    """
    every = tuple(dict.fromkeys((*looks, *choice.looks)))
    if len(every) < 2 or (asked == AUTO and choice.as_it_is and not is_grey(source)):
        return ()
    sure = min(choice.sure) >= SURE_FROM
    return tuple(TriedLook(str(look), _thumbnail(source, look), look in choice.looks, sure) for look in every)


def _thumbnail(source: PictureSource, look: Look) -> NDArray[np.uint8]:
    shown = Shown(source, fit(source, look, FINEST).undimmed).read(
        _middle(source.size), side=max(source.size)
    )
    step = max(1, min(shown.shape[:2]) // SIDE)
    return np.rint(shown[::step, ::step] * look.gain**SHOWN_GAIN * 255).astype(np.uint8)


def _middle(size: tuple[int, int]) -> Box:
    half = [min(1.0, SHOWN / side) / 2 for side in size]
    return (0.5 - half[0], 0.5 - half[1], 0.5 + half[0], 0.5 + half[1])
