"""What a model says of names in the looks that were chosen for them, brought to one scale."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from napari_ovseg.levels import levels_for
from napari_ovseg.look_choice import LookChoice
from napari_ovseg.models.card import MapMethod
from napari_ovseg.models.map_model import MapModel
from napari_ovseg.picture_relevance import LOOKING
from napari_ovseg.seen_in_look import FINEST, see
from napari_ovseg.segmentation import Run
from napari_ovseg.settings import Settings
from napari_ovseg.single_image.standing_out import best_threshold
from napari_ovseg.views.fusion import on_one_grid
from napari_ovseg.views.rendering import Rendering
from napari_ovseg.views.shown import Shown
from napari_ovseg.views.source import PictureSource
from napari_ovseg.wording import GUESS, Pack, find_pack

# one half is where a mask ends: background is as strong as what is missing to 1
POWER = 1.0
GUIDE_SIDE = 1024


@dataclass(frozen=True)
class Measured:
    """What is measured of a whole picture, and then holds in each part of it.

    Attributes
    ----------
    renderings : tuple of Rendering
        For each of C names, its look as it is for the picture.
    thresholds : tuple of float
        For each name, the cosine from which on its map marks it.
    """

    renderings: tuple[Rendering, ...]
    thresholds: tuple[float, ...]


@dataclass(frozen=True)
class InLooks:
    """Where C names are, each in its look.

    Attributes
    ----------
    maps : torch.Tensor
        ``(C, h, w)``, float32 in [0, 1]: one half at a map's threshold, for a background power of `POWER`.
    features : torch.Tensor or None
        ``(F, h, w)``, float32: deep features of the picture at the finest level, where the model has any.
    presence : torch.Tensor
        ``(C,)``, float32 in [0, 1].
    guide : Rendering or None
        How the picture is shown to the steps that follow its edges; None for as it is.
    dark : bool
        Whether any name is of things that are darker than what is around them.
    views : int
        How many the model was shown.
    measured : Measured
    """

    maps: Tensor
    features: Tensor | None
    presence: Tensor
    guide: Rendering | None
    dark: bool
    views: int
    measured: Measured


def see_in_looks(
    source: PictureSource,
    choice: LookChoice,
    settings: Settings,
    *,
    model: MapModel,
    method: MapMethod,
    run: Run,
    measured: Measured | None = None,
) -> InLooks:
    """Look for each name in its look.

    Typed background words, and those of a pack that was named, lower the maps of names where they score
    higher. No pack is guessed.

    Parameters
    ----------
    source : PictureSource
    choice : LookChoice
        With another look than "as it is" for every name.
    settings : Settings
    model : MapModel
    method : MapMethod
        Whose maps are cosines.
    run : Run
        Told of the stage, and asked before each batch of windows whether to go on.
    measured : Measured, optional
        Of the picture that this one is a part of: nothing is measured anew.

    Raises
    ------
    Cancelled
        Before the next batch of windows, once the caller wants to stop.
    """
    names, rivals = settings.sought, _rivals(settings)
    maps: dict[int, Tensor] = {}
    thresholds: dict[int, float] = {}
    renderings: dict[int, Rendering] = {}
    presence = torch.zeros(len(names))
    features, finest, guides, count = None, 0.0, [], 0
    ways = list(zip(choice.looks, levels_for(settings, source, model).of_each, strict=True))
    for look, level in dict.fromkeys(ways):
        members = [number for number, own in enumerate(ways) if own == (look, level)]
        asked = tuple(names[number] for number in members)
        closely = FINEST if level is None else level
        known = None if measured is None else measured.renderings[members[0]]
        seen = see(
            source,
            look,
            asked,
            rivals,
            closely,
            stage=LOOKING,
            model=model,
            method=method,
            run=run,
            rendering=known,
        )
        plain = seen.rendering.plain
        guides.append(plain)
        cosines = dict(zip(members, seen.relevance.maps, strict=True))
        if measured is None:
            shown = Shown(source, plain).read(side=GUIDE_SIDE)
            thresholds |= {number: best_threshold(one, shown) for number, one in cosines.items()}
        else:
            thresholds |= {number: measured.thresholds[number] for number in members}
        maps |= {number: _from_half(one, thresholds[number], model) for number, one in cosines.items()}
        renderings |= dict.fromkeys(members, seen.rendering)
        if closely > finest:
            features, finest = seen.relevance.features, closely
        count += len(seen.relevance.image_vectors)
        presence[members] = seen.presence
    # around dark things what is taken for background holds edges too
    # the widest background leaves the largest things whole
    dark = any(one.look.inverted for one in guides)
    guide = None if dark else max(guides, key=lambda one: one.width)
    each = range(len(names))
    found = Measured(tuple(renderings[one] for one in each), tuple(thresholds[one] for one in each))
    return InLooks(on_one_grid([maps[one] for one in each]), features, presence, guide, dark, count, found)


def _from_half(cosines: Tensor, threshold: float, model: MapModel) -> Tensor:
    """Cosines ``(h, w)`` as odds from a threshold on."""
    return torch.sigmoid(model.likeness.scale * (cosines - threshold))


def _rivals(settings: Settings) -> Pack | None:
    """The words that compete and get no map: typed background words, and those of a named pack."""
    named = None if settings.pack == GUESS else find_pack(settings.pack)
    typed = () if settings.background_words is None else settings.background_words.phrases
    if named is None:
        return Pack("typed", "", typed, (), ()) if typed else None
    return replace(named, words=(*typed, *named.rivals(settings.names)))
