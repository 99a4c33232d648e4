"""What a model says of names in a picture that is shown in one look, by windows of one level of detail."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from napari_ovseg.categories import Category
from napari_ovseg.levels import USUAL
from napari_ovseg.models.card import MapMethod
from napari_ovseg.models.map_model import MapModel
from napari_ovseg.models.presence import presence_of
from napari_ovseg.picture_relevance import PictureRelevance, picture_relevance
from napari_ovseg.segmentation import Run
from napari_ovseg.views import augmentation
from napari_ovseg.views.looks import Look
from napari_ovseg.views.rendering import Rendering, fit
from napari_ovseg.views.shown import Shown
from napari_ovseg.views.source import PictureSource
from napari_ovseg.wording import NONE, Pack

# pixels that the model is shown for each pixel of the picture: for masks, and on the coarse pass before
FINEST, COARSE = USUAL, USUAL / 2
# the part of the windows that may know a name better than its presence says: none lies alone
SPARED = 0.1
WINDOWS_AT_ONCE = 16
MOST_CELLS = 512


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
    rendering: Rendering | None = None,
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
    model : MapModel
    method : MapMethod
        One of the card of the model.
    run : Run
        Told of the stage, and asked before each batch of windows whether to go on.
    rendering : Rendering, optional
        The look as it was measured before, of the picture that this one is a part of.

    Raises
    ------
    Cancelled
        Before the next batch of windows, once the caller wants to stop.
    """
    views = augmentation.views_at(level, *source.size, input_size=model.input_size)
    if rendering is None:
        enlarged = augmentation.enlargement(
            views[0], *source.size, input_size=model.input_size, patch_size=model.patch_size
        )
        rendering = fit(source, look, enlarged)
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
