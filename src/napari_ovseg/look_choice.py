"""Which look a picture is shown to a model in: judged for each name on a coarse pass, without any truth.

Two looks are compared that differ in nothing but polarity: what is found in the right one stands out more.
Where things and the gaps between them stand out nearly alike, the model has to know the things better too. A
name that it finds in neither, or can't tell, is shown as the plainest of the others; where no name is plain
the picture stays as it is. Faint things are raised where there are some. ``docs/looks.md`` has the
measurements.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from napari_ovseg.categories import Category
from napari_ovseg.levels import levels_for
from napari_ovseg.models.card import MapMethod
from napari_ovseg.models.map_model import MapModel
from napari_ovseg.seen_in_look import COARSE, FINEST, see
from napari_ovseg.segmentation import Run
from napari_ovseg.settings import Settings
from napari_ovseg.single_image.standing_out import (
    best_threshold,
    brightness,
    interpolated,
    otsu,
    rise,
    stands_out,
)
from napari_ovseg.views.hue import hue_of
from napari_ovseg.views.looks import AS_IT_IS, AUTO, Look, parse_look
from napari_ovseg.views.mosaic import mosaic_of
from napari_ovseg.views.rendering import Rendering, fit
from napari_ovseg.views.shown import Shown
from napari_ovseg.views.source import PictureInMemory, PictureSource

BRIGHT = Look(background=True, gain=0.25)
DARK = Look(inverted=True, background=True, gain=0.25)
# where some bright things are faint these are raised; dark things are known best when all is dimmed more
RAISED = Look(background=True, evened=True, gain=0.25)
DARKER = Look(inverted=True, background=True, gain=0.12)
KNOWN_FROM = 0.2
# least difference of the two polarities, and least rise along the outline, in `standing_out`'s measures
PLAIN_FROM = 0.4
# least difference of Otsu's thresholds of the two maps, in cosines, where both polarities are steady
KNOWN_BETTER_FROM = 0.075
RISE_FROM = 0.7
# the same where noise, by which neighbours differ everywhere, was smoothed away
SMOOTH_RISE_FROM = 1.75
# how much is to stand out of what is marked only when it is raised: faint things do, haze does not
FAINT_FROM = 1.0
JUDGED_SIDE = 512
# a larger picture is judged by parts from all over it: so many pixels along a side together, and each
MOSAIC, CELL = 1023, 341
# narrower parts would be all seams
LEAST_CELL = 128
CHOOSING = "Choosing how to show the picture"


@dataclass(frozen=True)
class LookChoice:
    """The looks that suit the names in a picture.

    Attributes
    ----------
    looks : tuple of Look
        One for each of the C names.
    sure : tuple of float
        For each name, by how much it stands out more in its polarity than in the other; 0 where the model
        knows it in neither, where what it marks is now brighter, now darker than around it, and where there
        was no choice.
    """

    looks: tuple[Look, ...]
    sure: tuple[float, ...]

    @property
    def as_it_is(self) -> bool:
        """Whether the picture is shown as it is, for every name."""
        return all(look == AS_IT_IS for look in self.looks)

    def said(self, names: tuple[Category, ...]) -> dict[str, Any]:
        """For a record: the look, or that of each name where they differ, and by how much it suits best."""
        called = [str(look) for look in self.looks]
        each = dict(zip((name.name for name in names), called, strict=True))
        return {
            "look": called[0] if len(set(called)) == 1 else each,
            "look_suits_by": [round(one, 3) for one in self.sure],
        }


def choose_looks(
    source: PictureSource,
    settings: Settings,
    *,
    model: MapModel,
    method: MapMethod,
    run: Run,
    judged: PictureSource | None = None,
) -> LookChoice:
    """Choose a look for each name, or take the one that a person has chosen.

    Pictures in several colours stay as they are, and so do all where the model's card doesn't have both
    polarities or the method's maps are not cosines.

    Parameters
    ----------
    source : PictureSource
    settings : Settings
    model : MapModel
    method : MapMethod
        One of the card of the model.
    run : Run
        Told of the stage, and asked before each batch of windows whether to go on.
    judged : PictureSource, optional
        What stands for the picture; by default that is all of it, or a mosaic of it where it is large.

    Raises
    ------
    Cancelled
        Before the next batch of windows, once the caller wants to stop.
    """
    names = settings.sought
    if settings.look != AUTO:
        return LookChoice((parse_look(settings.look),) * len(names), (0.0,) * len(names))
    known_to_it = set(model.card.looks) >= {BRIGHT, DARK, RAISED, DARKER}
    if not known_to_it or method.own_zero or hue_of(source.read(side=JUDGED_SIDE)) is None:
        return LookChoice((AS_IT_IS,) * len(names), (0.0,) * len(names))

    coarsely = _CoarsePass(source, judged or _judged(source), settings, model, method, run)
    judged = coarsely.judged
    every = range(len(names))
    bright, dark = coarsely.see(BRIGHT, every), coarsely.see(DARK, every)
    picture = judged.read(side=JUDGED_SIDE)
    both = [_Polarities(bright[number], dark[number], picture) for number in every]
    plain = [number for number in every if both[number].plain]
    own = {number: BRIGHT if both[number].apart > 0 else DARKER for number in plain}
    raised = coarsely.see(RAISED, [number for number in plain if own[number] == BRIGHT])
    own |= {
        number: RAISED
        for number, one in raised.items()
        if _of_faint_things(bright[number], one, judged) >= FAINT_FROM
    }
    sure = tuple(one.sure for one in both)
    # names that suit neither plainly are shown as the plainest is: the exposure is that of the picture
    others = own[max(plain, key=sure.__getitem__)] if plain else AS_IT_IS
    return LookChoice(tuple(own.get(number, others) for number in every), sure)


def _judged(source: PictureSource) -> PictureSource:
    """Return a picture, or of a large one a mosaic: more of it tells no more of how to show it."""
    side = min(CELL, *source.size)
    if side < LEAST_CELL or math.prod(source.size) <= 1.5 * MOSAIC**2:
        return source
    overview = source.read(side=MOSAIC)
    return PictureInMemory(mosaic_of(source, overview, cell=side, across=MOSAIC // side))


@dataclass(frozen=True)
class _Coarse:
    """What a model says of one name on the coarse pass in one look."""

    map: Tensor
    presence: float
    rendering: Rendering


@dataclass(frozen=True)
class _CoarsePass:
    """Looks for names in what stands for a picture, each at half of its level."""

    source: PictureSource
    judged: PictureSource
    settings: Settings
    model: MapModel
    method: MapMethod
    run: Run

    def see(self, look: Look, asked: Sequence[int]) -> dict[int, _Coarse]:
        """Look for some of the names in a look."""
        found: dict[int, _Coarse] = {}
        for level, members in levels_for(self.settings, self.source, self.model).members().items():
            coarse = COARSE if level is None else level * COARSE / FINEST
            numbers = [number for number in members if number in asked]
            if numbers:
                # what was seen in a look is large: only what speaks for it is kept
                seen = see(
                    self.judged,
                    look,
                    tuple(self.settings.sought[number] for number in numbers),
                    None,
                    coarse,
                    stage=CHOOSING,
                    model=self.model,
                    method=self.method,
                    run=self.run,
                    # measured of the picture, as it will be for its masks
                    rendering=None if self.judged is self.source else fit(self.source, look, coarse),
                )
                of_each = zip(seen.relevance.maps, seen.presence.tolist(), strict=True)
                found |= {
                    number: _Coarse(*one, seen.rendering)
                    for number, one in zip(numbers, of_each, strict=True)
                }
        return found


def _marked(coarse: _Coarse, picture: NDArray[np.float32]) -> tuple[Tensor, Tensor]:
    """What a map marks, ``(h, w)`` bool, and the picture's brightness, inverted where the look is."""
    shown = brightness(1 - picture if coarse.rendering.look.inverted else picture, JUDGED_SIDE)
    return interpolated(coarse.map, shown.shape) > otsu(coarse.map), shown


class _Polarities:
    """What speaks for bright and for dark things of one name in a picture ``(h, w, 3)``.

    Attributes
    ----------
    apart : float
        By how much more what is marked stands out as bright than as dark; below 0 for dark.
    sure : float
        The size of that; 0 where the model doesn't know the name, or what it marks is now brighter, now
        darker than around it.
    plain : bool
        Whether this is enough to choose by.
    """

    def __init__(self, bright: _Coarse, dark: _Coarse, picture: NDArray[np.float32]) -> None:
        self.apart = _effect(bright, picture) - _effect(dark, picture)
        better, other = (bright, dark) if self.apart > 0 else (dark, bright)
        known = max(bright.presence, dark.presence) >= KNOWN_FROM and _steady(better, picture)
        self.sure = abs(self.apart) if known else 0.0
        # where things are crowded the gaps stand out too, and the model has to know the things better
        known_better = otsu(better.map) - otsu(other.map) >= KNOWN_BETTER_FROM and _steady(other, picture)
        self.plain = known and (self.sure >= PLAIN_FROM or known_better)


def _effect(coarse: _Coarse, picture: NDArray[np.float32]) -> float:
    """By how much what is marked is brighter (inverted: darker) than what is around it."""
    return stands_out(*_marked(coarse, picture))


def _steady(coarse: _Coarse, picture: NDArray[np.float32]) -> bool:
    """Whether what is marked is brighter (inverted: darker) all along its outline."""
    inside, shown = _marked(coarse, picture)
    smooth = torch.from_numpy(ndimage.gaussian_filter(shown.numpy(), 1))
    return rise(inside, shown) >= RISE_FROM or rise(inside, smooth) >= SMOOTH_RISE_FROM


def _of_faint_things(plain: _Coarse, raised: _Coarse, source: PictureSource) -> float:
    """By how much what is marked only when raised stands out: faint things do, haze does not."""
    picture = Shown(source, raised.rendering.plain).read(side=JUDGED_SIDE)
    shown = brightness(picture, JUDGED_SIDE)
    seen, seen_raised = (
        interpolated(one.map, shown.shape) > best_threshold(one.map, picture) for one in (plain, raised)
    )
    return stands_out(seen_raised & ~seen, shown, but=seen)
