"""A closer look at a picture as it is: windows in which things have a size that a model knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

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
    closely: Mapping[float, Sequence[int]],
    settings: Settings,
    *,
    stage: str,
    model: MapModel,
    method: MapMethod,
    run: Run,
) -> Closer:
    """Average the maps of names with those of windows, each as far as the model is sure of the name there.

    So things that are too small in all of the picture are looked for in windows, and those that are larger
    than a window in all of it. Background words, of which no model is sure, count as names do on average.

    Parameters
    ----------
    source : PictureSource
        As the model was shown it.
    seen : PictureRelevance
        What the model said in the views of a preset.
    presence : torch.Tensor
        ``(C,)``: what it said there.
    closely : mapping of float to sequence of int
        The levels of the windows, and the numbers of the names that are looked for in each.
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
    every = range(len(settings.sought))
    said = [[(sure, one)] for sure, one in zip(_of_all(presence, seen.maps), seen.maps, strict=True)]
    best, count = presence.clone(), 0
    for level, members in closely.items():
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
        phrases = [name.phrases for name in settings.sought]
        each = torch.stack([presence_of(model, vector[None], phrases) for vector in near.image_vectors])
        sure = each.quantile(1 - SPARED, dim=0)
        best[members] = torch.maximum(best, sure)[members]
        also = range(len(near.maps)) if list(members) == list(every) else members
        for number in also:
            said[number].append((_of_all(sure, near.maps)[number], near.maps[number]))
        count += len(views)
    return Closer(on_one_grid([_averaged(one) for one in said]), best, count)


def _of_all(sure: Tensor, maps: Tensor) -> Tensor:
    """How sure a model is of names ``(C,)``, and for background words their mean: ``(N,)``."""
    return torch.cat([sure, sure.mean().expand(len(maps) - len(sure))]).clamp_min(1e-6)


def _averaged(said: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """The mean of maps ``(h, w)`` of one name, each weighed by how sure the model is of it there."""
    weights = torch.stack([sure for sure, _ in said])
    maps = on_one_grid([one for _, one in said])
    return (weights[:, None, None] * maps).sum(0) / weights.sum()
