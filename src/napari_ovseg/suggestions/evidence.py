"""What speaks for a name: how a model's cosines become odds, and where to look again for a name."""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from napari_ovseg.views.augmentation import View
from napari_ovseg.views.source import Box

# A probability nearer to 0 or 1 than this says no more, and its odds would drown all others.
_MOST_SURE = 1e-6
TOP_SHARE = 0.01
HALF = 0.5
AROUND = 1.2
SMALLEST_SIDE = 0.125


def log_odds(cosines: Tensor, scale: float, bias: float | None) -> Tensor:
    """Return the log-odds that each name is true of what was looked at.

    Models trained with a sigmoid loss have a bias, and a name stands alone: ``scale * cos + bias``. For
    others it is the odds of the name in the softmax over all names that were asked.

    Parameters
    ----------
    cosines : (N, ...) float tensor
        Of N names with any number of views or patches.
    scale : float
        The model's logit scale, already exponentiated.
    bias : float or None
        The model's logit bias, where it has one.

    Returns
    -------
    (N, ...) float32 tensor
    """
    logits = scale * cosines.float()
    return logits + bias if bias is not None else torch.logit(logits.softmax(dim=0), eps=_MOST_SURE)


def of_views(odds: Tensor, views: list[View]) -> tuple[Tensor, Tensor]:
    """Return the log-odds ``(N,)`` of the entire picture, and the best over its windows.

    Views of one box, such as a picture and its mirror image, are averaged. Where one of the two is missing
    the other takes its place.

    Parameters
    ----------
    odds : (N, V) tensor
    views : list of V views
    """
    by_box = {
        box: odds[:, [i for i, view in enumerate(views) if view.box == box]].mean(1)
        for box in dict.fromkeys(view.box for view in views)
    }
    whole = by_box.pop(View().box, None)
    windows = torch.stack(list(by_box.values())).amax(0) if by_box else whole
    assert windows is not None
    return (windows if whole is None else whole), windows


def of_maps(odds: Tensor) -> Tensor:
    """Return the mean log-odds ``(N,)`` of the cells ``(N, h, w)`` that speak most for each name."""
    cells = odds.flatten(1)
    return cells.topk(max(1, round(TOP_SHARE * cells.shape[1])), dim=1).values.mean(1)


def box_around(relevance: Tensor, height: int, width: int) -> Box:
    """Return a square around the place that a map points at, cut off at the border of the picture.

    The place is the connected part around the map's highest cell that is above half of its range.

    Parameters
    ----------
    relevance : (h, w) tensor
    height, width : int
        Size of the picture in pixels.
    """
    values = relevance.double().cpu().numpy()
    level = values.min() + HALF * (values.max() - values.min())
    regions, _ = ndimage.label(values >= level)
    peak = np.unravel_index(values.argmax(), values.shape)
    rows, columns = ndimage.find_objects(regions)[regions[peak] - 1]
    cell_height, cell_width = height / values.shape[0], width / values.shape[1]
    tall, wide = (rows.stop - rows.start) * cell_height, (columns.stop - columns.start) * cell_width
    half = max(AROUND * max(tall, wide), SMALLEST_SIDE * min(height, width)) / 2
    y, x = (rows.start + rows.stop) / 2 * cell_height, (columns.start + columns.stop) / 2 * cell_width
    return (
        max(0.0, (y - half) / height),
        max(0.0, (x - half) / width),
        min(1.0, (y + half) / height),
        min(1.0, (x + half) / width),
    )
