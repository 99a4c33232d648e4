"""Which look a picture is shown to a model in: judged for each name on a coarse pass, without any truth.

Two looks are compared that differ in nothing but polarity. A name that the model finds in neither, or that
stands out in both alike, is shown as the plainest of the others; where no name is plain the picture stays as
it is. ``docs/looks.md`` has the measurements.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from scipy import ndimage
from torch import Tensor

from napari_ovseg.categories import Category
from napari_ovseg.levels import levels_for
from napari_ovseg.models.card import MapMethod
from napari_ovseg.models.map_model import MapModel
from napari_ovseg.models.presence import presence_of
from napari_ovseg.picture_relevance import PictureRelevance, picture_relevance
from napari_ovseg.segmentation import Run
from napari_ovseg.settings import Settings
from napari_ovseg.single_image.standing_out import brightness, interpolated, otsu, rise, stands_out
from napari_ovseg.views import augmentation
from napari_ovseg.views.hue import hue_of
from napari_ovseg.views.looks import AS_IT_IS, AUTO, Look, parse_look
from napari_ovseg.views.rendering import Rendering, fit
from napari_ovseg.views.shown import Shown
from napari_ovseg.views.source import PictureSource
from napari_ovseg.wording import NONE, Pack

BRIGHT = Look(background=True, gain=0.25)
DARK = Look(inverted=True, background=True, gain=0.25)
# bright things are known best when faint ones are raised, dark ones when all is dimmed more
FINAL = {
    BRIGHT: Look(background=True, evened=True, gain=0.25),
    DARK: Look(inverted=True, background=True, gain=0.12),
}
# pixels that the model is shown for each pixel of the picture: for masks, and on the coarse pass before
FINEST, COARSE = 1.5, 0.75
# the part of the windows that may know a name better than its presence says: none lies alone
SPARED = 0.1
KNOWN_FROM = 0.2
# least difference of the two polarities, and least rise along the outline, in `standing_out`'s measures
PLAIN_FROM = 0.4
RISE_FROM = 0.7
# the same where noise, by which neighbours differ everywhere, was smoothed away
SMOOTH_RISE_FROM = 1.75
JUDGED_SIDE = 512
WINDOWS_AT_ONCE = 16
MOST_CELLS = 512
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


@dataclass(frozen=True)
class SeenInLook:
    """What a model says of a picture in one look, by windows.

    Attributes
    ----------
    relevance : PictureRelevance
    presence : torch.Tensor
        ``(C,)``, float32 in [0, 1]: how sure it is of each name, at least in a tenth of the windows.
    rendering : Rendering
        The look, as it is for this picture.
    """

    relevance: PictureRelevance
    presence: Tensor
    rendering: Rendering


def choose_looks(
    source: PictureSource, settings: Settings, *, model: MapModel, method: MapMethod, run: Run
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

    Raises
    ------
    Cancelled
        Before the next batch of windows, once the caller wants to stop.
    """
    names = settings.sought
    if settings.look != AUTO:
        return LookChoice((parse_look(settings.look),) * len(names), (0.0,) * len(names))
    known_to_it = set(model.card.looks) >= set(FINAL.values())
    if not known_to_it or method.own_zero or hue_of(source.read(side=JUDGED_SIDE)) is None:
        return LookChoice((AS_IT_IS,) * len(names), (0.0,) * len(names))
    (bright, bright_steady, there), (dark, dark_steady, there_dark) = (
        _evidence_of(look, source, settings, model=model, method=method, run=run) for look in FINAL
    )
    apart = bright - dark
    known = torch.maximum(there, there_dark) >= KNOWN_FROM
    steady = torch.where(apart > 0, bright_steady, dark_steady)
    sure = torch.where(known & steady, apart.abs(), 0.0).tolist()
    own = [FINAL[BRIGHT if difference > 0 else DARK] for difference in apart.tolist()]
    plainest = max(range(len(names)), key=lambda number: sure[number])
    # names that suit neither plainly are shown as the plainest is: the exposure is that of the picture
    others = own[plainest] if sure[plainest] >= PLAIN_FROM else AS_IT_IS
    looks = tuple(look if plain >= PLAIN_FROM else others for look, plain in zip(own, sure, strict=True))
    return LookChoice(looks, tuple(sure))


def see(
    source: PictureSource,
    look: Look,
    names: tuple[Category, ...],
    rivals: Pack | None,
    level: float,
    *,
    stage: str,
    model: MapModel,
    method: MapMethod,
    run: Run,
) -> SeenInLook:
    """Look for names in a picture in one look, by windows.

    Parameters
    ----------
    source : PictureSource
        The picture as it is.
    look : Look
    names : tuple of Category
        The C that are looked for.
    rivals : Pack, optional
        Words that lower the maps of names where they score higher.
    level : float
        Pixels that the model is shown for each pixel of the picture, about.
    stage : str
        What this is called when progress is told.
    model, method, run
        As for `choose_looks`.
    """
    views = augmentation.views_at(level, *source.size, input_size=model.input_size)
    shown = augmentation.view_size(
        views[0], *source.size, input_size=model.input_size, patch_size=model.patch_size
    )
    rows = (views[0].box[2] - views[0].box[0]) * source.size[0]
    rendering = fit(source, look, shown[0] / rows)
    with run.stage(stage, len(views)):
        relevance = picture_relevance(
            Shown(source, rendering),
            names,
            views,
            model=model,
            method=method,
            pack=rivals or NONE,
            run=run,
            at_once=WINDOWS_AT_ONCE,
            most_cells=MOST_CELLS,
        )
    phrases = [name.phrases for name in names]
    each = torch.stack([presence_of(model, vector[None], phrases) for vector in relevance.image_vectors])
    return SeenInLook(relevance, each.quantile(1 - SPARED, dim=0), rendering)


def _evidence_of(
    look: Look, source: PictureSource, settings: Settings, *, model: MapModel, method: MapMethod, run: Run
) -> tuple[Tensor, Tensor, Tensor]:
    """What speaks for a look, for each of the C names: `_evidence` of a coarse pass for each level."""
    names = settings.sought
    found = (torch.zeros(len(names)), torch.zeros(len(names), dtype=torch.bool), torch.zeros(len(names)))
    for level, members in levels_for(settings, source, model).members().items():
        coarse = COARSE if level is None else level * COARSE / FINEST
        asked = tuple(names[number] for number in members)
        # what was seen in a look is large: only what speaks for it is kept
        seen = see(source, look, asked, None, coarse, stage=CHOOSING, model=model, method=method, run=run)
        for all_of_them, own in zip(found, _evidence(seen, source), strict=True):
            all_of_them[members] = own
    return found


def _evidence(seen: SeenInLook, source: PictureSource) -> tuple[Tensor, Tensor, Tensor]:
    """By how much what each map marks is brighter (inverted: darker), whether steadily so, and presence."""
    picture = source.read(side=JUDGED_SIDE)
    shown = brightness(1 - picture if seen.rendering.look.inverted else picture, JUDGED_SIDE)
    marked = [interpolated(one, shown.shape) > otsu(one) for one in seen.relevance.maps]
    smooth = torch.from_numpy(ndimage.gaussian_filter(shown.numpy(), 1))
    steady = [
        rise(inside, shown) >= RISE_FROM or rise(inside, smooth) >= SMOOTH_RISE_FROM for inside in marked
    ]
    effects = torch.tensor([stands_out(inside, shown) for inside in marked])
    return effects, torch.tensor(steady), seen.presence
