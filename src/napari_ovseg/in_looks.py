"""What a model says of names in the looks that were chosen for them, brought to one scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from napari_ovseg.categories import Category
from napari_ovseg.look_choice import FINEST, LookChoice, see
from napari_ovseg.models.card import MapMethod
from napari_ovseg.models.map_model import MapModel
from napari_ovseg.models.presence import presence_of
from napari_ovseg.picture_relevance import picture_relevance
from napari_ovseg.pseudo_labels import BACKGROUND_POWER_OF_COSINES
from napari_ovseg.segmentation import Run
from napari_ovseg.settings import Settings
from napari_ovseg.single_image.standing_out import best_threshold
from napari_ovseg.views import augmentation
from napari_ovseg.views.looks import AS_IT_IS
from napari_ovseg.views.rendering import Rendering
from napari_ovseg.views.shown import Shown
from napari_ovseg.views.source import PictureSource
from napari_ovseg.views.span import Span
from napari_ovseg.wording import NONE, Pack

LOOKING = "Looking at the picture"
# one half is where a mask ends: background is as strong as what is missing to 1
POWER = 1.0
GUIDE_SIDE = 1024


@dataclass(frozen=True)
class InLooks:
    """Where C names are, each in its look.

    Attributes
    ----------
    maps : torch.Tensor
        ``(C, h, w)``, float32 in [0, 1]: one half where a mask ends, for a background power of `POWER`.
    features : torch.Tensor or None
        ``(F, h, w)``, float32: deep features of the picture in the look of the first name, where the model
        has any.
    presence : torch.Tensor
        ``(C,)``, float32 in [0, 1].
    guide : Rendering or None
        How the picture is shown to the steps that follow its edges; None for as it is.
    views : int
        How many the model was shown.
    """

    maps: Tensor
    features: Tensor | None
    presence: Tensor
    guide: Rendering | None
    views: int


def see_in_looks(
    source: PictureSource,
    choice: LookChoice,
    settings: Settings,
    *,
    model: MapModel,
    method: MapMethod,
    run: Run,
) -> InLooks:
    """Look for each name in its look.

    Typed background words lower the maps of names where they score higher; no pack does.

    Parameters
    ----------
    source : PictureSource
    choice : LookChoice
        With another look than "as it is" for one name at least.
    settings : Settings
    model : MapModel
    method : MapMethod
        Whose maps are cosines.
    run : Run
        Told of the stage, and asked before each batch of windows whether to go on.

    Raises
    ------
    Cancelled
        Before the next batch of windows, once the caller wants to stop.
    """
    names, rivals = settings.sought, _rivals(settings)
    maps: dict[int, Tensor] = {}
    presence = torch.zeros(len(names))
    features, guides, count = None, [], 0
    for look in dict.fromkeys(choice.looks):
        members = [number for number, own in enumerate(choice.looks) if own == look]
        asked = tuple(names[number] for number in members)
        if look == AS_IT_IS:
            found, sure, views = _as_it_is(source, asked, settings, model, method, run)
        else:
            seen = see(
                source, look, asked, rivals, FINEST, stage=LOOKING, model=model, method=method, run=run
            )
            guides.append(seen.rendering.plain)
            shown = Shown(source, guides[-1]).read(side=GUIDE_SIDE)
            found, sure = _from_half(seen.relevance.maps, shown, model), seen.presence
            views = len(seen.relevance.image_vectors)
            features = seen.relevance.features if features is None else features
        presence[members] = sure
        maps |= dict(zip(members, found, strict=True))
        count += views
    # of two polarities neither shows all things bright
    guide = guides[0] if len({one.look.inverted for one in guides}) == 1 else None
    return InLooks(_stacked([maps[number] for number in range(len(names))]), features, presence, guide, count)


def _from_half(maps: Tensor, shown: NDArray[np.float32], model: MapModel) -> Tensor:
    """Cosines ``(C, h, w)`` as odds from the threshold of each map on."""
    scale = model.likeness.scale
    return torch.stack([torch.sigmoid(scale * (one - best_threshold(one, shown))) for one in maps])


def _as_it_is(
    source: PictureSource,
    names: tuple[Category, ...],
    settings: Settings,
    model: MapModel,
    method: MapMethod,
    run: Run,
) -> tuple[Tensor, Tensor, int]:
    """Names that no look suits better, seen as in a picture of colours; on the scale of the others."""
    views = augmentation.views_for(settings.preset, *source.size)
    with run.stage(LOOKING, len(views)):
        seen = picture_relevance(source, names, views, model=model, method=method, pack=NONE, run=run)
    presence = presence_of(model, seen.image_vectors, [name.phrases for name in names])
    relevance = Span.of(seen.maps).stretch(seen.maps)
    against = (1 - relevance) ** BACKGROUND_POWER_OF_COSINES
    return relevance / (relevance + against).clamp_min(1e-6), presence, len(views)


def _stacked(maps: list[Tensor]) -> Tensor:
    """Maps of several grids on the finest of them."""
    size = max((tuple(one.shape) for one in maps), key=max)
    alike = [one if one.shape == size else _resized(one, size) for one in maps]
    return torch.stack(alike)


def _resized(one: Tensor, size: tuple[int, ...]) -> Tensor:
    return F.interpolate(one[None, None], size, mode="bilinear", align_corners=False)[0, 0]


def _rivals(settings: Settings) -> Pack | None:
    """The typed background words, as words that compete and get no map."""
    words = settings.background_words
    return None if words is None else Pack("typed", "", words.phrases, (), ())
