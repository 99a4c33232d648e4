"""The masks of one tile of a large picture: read by what was decided for the whole."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from napari_ovseg.categories import labels_dtype
from napari_ovseg.context import shares
from napari_ovseg.distillation import distil_maps
from napari_ovseg.large.survey import Survey
from napari_ovseg.large.tiles import Tile
from napari_ovseg.models.map_model import MapModel
from napari_ovseg.pseudo_labels import paint
from napari_ovseg.segmentation import Run
from napari_ovseg.sight import look_as
from napari_ovseg.views.source import PictureInMemory


def tile_masks(
    picture: NDArray[np.float32], tile: Tile, survey: Survey, *, model: MapModel, run: Run
) -> NDArray[np.unsignedinteger[Any]]:
    """Segment a tile.

    Where nothing can be it is background at once: in a tile of one value, as around slides, no model is
    asked; where background is stronger than each name everywhere, no network is trained.

    Parameters
    ----------
    picture : np.ndarray
        ``(h, w, 3)``, float32 in [0, 1]: the tile and what is around it.
    tile : Tile
    survey : Survey
    model : MapModel
    run : Run

    Returns
    -------
    np.ndarray
        Ids of the core, uint8 or uint16; 0 is background.

    Raises
    ------
    Cancelled
        Within one view or training step, once the caller wants to stop.
    """
    context, settings = survey.context, survey.settings
    count = len(settings.sought)
    empty = np.zeros(picture.shape[:2], labels_dtype(count))[tile.inside]
    one_value = bool((picture == picture[:1, :1]).all())
    if settings.background and (one_value or not context.known.there.any()):
        return empty
    source = PictureInMemory(picture)
    sight = look_as(source, survey.choice, settings, model=model, run=run, measured=survey.measured)
    maps = survey.maps_in(tile, sight)
    if settings.background and _is_background(maps, survey):
        return empty
    distilled = distil_maps(
        sight.guide,
        maps,
        sight.features,
        context.known,
        run=run,
        on_pseudo_labels=None,
        side=sight.side,
        context=context,
    )
    scores = list(distilled.stages.values())[-1]
    return np.ascontiguousarray(paint(scores, source.size)[0][tile.inside])


def _is_background(maps: Tensor, survey: Survey) -> bool:
    """Whether background is stronger than each name in every cell."""
    context = survey.context
    found = shares(context.maps.stretch(maps), context.known.there, context.background_power)
    return not bool(found.argmax(0).any())
