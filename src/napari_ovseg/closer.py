"""A closer look at a picture as it is: windows in which things have a size that a model knows."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from napari_ovseg.levels import Levels
from napari_ovseg.models.card import MapMethod
from napari_ovseg.models.map_model import MapModel
from napari_ovseg.models.presence import presence_of
from napari_ovseg.picture_relevance import PictureRelevance, picture_relevance
from napari_ovseg.seen_in_look import MOST_CELLS, SPARED, WINDOWS_AT_ONCE
from napari_ovseg.segmentation import Run
from napari_ovseg.settings import Settings
from napari_ovseg.views import augmentation
from napari_ovseg.views.fusion import on_one_grid
from napari_ovseg.views.source import PictureSource
from napari_ovseg.wording import NONE


@dataclass(frozen=True)
class Closer:
    """What a closer look adds.

    Attributes
    ----------
    maps : torch.Tensor
        ``(N, h, w)``, float32, any scale: one for each category, then that of the background words, if any.
    presence : torch.Tensor
        ``(C,)``, float32 in [0, 1].
    windows : int
        How many the model was shown.
    """

    maps: Tensor
    presence: Tensor
    windows: int


def look_closer(
    source: PictureSource,
    seen: PictureRelevance,
    presence: Tensor,
    levels: Levels,
    settings: Settings,
    *,
    stage: str,
    model: MapModel,
    method: MapMethod,
    run: Run,
) -> Closer:
    """Average the maps of names of which a size is said with those of windows.

    Parameters
    ----------
    source : PictureSource
        As the model was shown it.
    seen : PictureRelevance
        What the model said in the views of a preset.
    presence : torch.Tensor
        ``(C,)``: what it said there.
    levels : Levels
    settings : Settings
    stage : str
        What this is called when progress is told.
    model, method, run
        As for `sight.look_at`.

    Raises
    ------
    Cancelled
        Before the next batch of windows, once the caller wants to stop.
    """
    maps, best, count = list(seen.maps), presence.clone(), 0
    for level, members in levels.members().items():
        if level is None:
            continue
        views = augmentation.views_at(level, *source.size, input_size=model.input_size)
        with run.stage(stage, len(views)):
            # all names, as they may compete
            near = picture_relevance(
                source,
                settings.names,
                views,
                model=model,
                method=method,
                pack=seen.pack or NONE,
                run=run,
                at_once=WINDOWS_AT_ONCE,
                most_cells=MOST_CELLS,
                deep=False,
            )
        phrases = [settings.sought[number].phrases for number in members]
        each = torch.stack([presence_of(model, vector[None], phrases) for vector in near.image_vectors])
        best[members] = torch.maximum(best[members], each.quantile(1 - SPARED, dim=0))
        for number in members:
            maps[number] = on_one_grid([maps[number], near.maps[number]]).mean(0)
        count += len(views)
    return Closer(on_one_grid(maps), best, count)
