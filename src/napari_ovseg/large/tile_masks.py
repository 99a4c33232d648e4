"""The masks of one tile of a large picture: read by what was decided for the whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from napari_ovseg.categories import labels_dtype
from napari_ovseg.large.blending import Blending
from napari_ovseg.large.decided import Rough, Sample
from napari_ovseg.large.survey import Survey, read_tile
from napari_ovseg.large.tiles import Tile
from napari_ovseg.models.map_model import MapModel
from napari_ovseg.pseudo_labels import paint
from napari_ovseg.segmentation import Run
from napari_ovseg.sight import look_as
from napari_ovseg.views.shown import Shown
from napari_ovseg.views.source import PictureInMemory, PictureSource


def rough_of(source: PictureSource, tile: Tile, survey: Survey, *, model: MapModel, run: Run) -> Rough:
    """Say what is in a tile that is looked at alone.

    In one of one value, as around slides, no model is asked.

    Parameters
    ----------
    source : PictureSource
        The picture.
    tile : Tile
    survey : Survey
        Of a picture in which something is.
    model : MapModel
    run : Run

    Raises
    ------
    Cancelled
        Before the next batch of views, once the caller wants to stop.
    """
    picture, settings = read_tile(source, tile), survey.settings
    if settings.background and _is_of_one_value(picture):
        nothing = torch.zeros(len(settings.sought) + 1, 1, 1)
        nothing[0] = 1
        return Rough(nothing, None)
    part = PictureInMemory(picture)
    sight = look_as(part, survey.choice, settings, model=model, run=run, measured=survey.measured)
    sample = Sample(sight.guide, survey.maps_in(tile, sight), sight.features, sight.side)
    assert survey.decided is not None, "where nothing is nobody looks"
    return survey.decided.rough(sample, check=run.check)


def tile_masks(
    source: PictureSource, tile: Tile, survey: Survey, scenes: Blending, *, run: Run
) -> NDArray[np.unsignedinteger[Any]]:
    """Segment a tile.

    Where nothing can be it is background at once: in a tile of one value, and where background is stronger
    than each name everywhere.

    Parameters
    ----------
    source : PictureSource
        The picture.
    tile : Tile
    survey : Survey
    scenes : Blending
        What `rough_of` says of each tile.
    run : Run

    Returns
    -------
    np.ndarray
        Ids of the core, uint8 or uint16; 0 is background.

    Raises
    ------
    Cancelled
        Within one view or one step of a filter, once the caller wants to stop.
    """
    dtype = labels_dtype(len(survey.settings.sought))
    rows, columns = tile.inside
    empty = np.zeros((rows.stop - rows.start, columns.stop - columns.start), dtype)
    if survey.decided is None:
        return empty
    picture = read_tile(source, tile)
    if survey.settings.background and _is_of_one_value(picture):
        return empty
    rough = scenes.around(tile)
    if not rough.scores.argmax(0).any():
        return empty
    part: PictureSource = PictureInMemory(picture)
    guide = part if survey.guide is None else Shown(part, survey.guide)
    scores = survey.decided.scores(guide, rough, check=run.check)
    return np.ascontiguousarray(paint(scores, part.size)[0][tile.inside])


def _is_of_one_value(picture: NDArray[np.float32]) -> bool:
    return bool((picture == picture[:1, :1]).all())
