"""Contrast: which of several scores draw the outline of background where the picture has edges.

How strong background is decides how far things reach, and no one strength suits all pictures. Along the
outline of a thing the picture changes; along one drawn too wide or too narrow it changes less. Nothing but
the picture is asked, so no truth is needed to choose.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence

import torch
import torch.nn.functional as F

from napari_ovseg.single_image.edges import EDGE_SIDE
from napari_ovseg.single_image.neighbours import follow_edges, go_on
from napari_ovseg.views.source import shrunk

# docs/refinement.md has the measurements
# factors on the power of background, and what the contrast of each counts: where things may reach farther,
# edges that are not theirs are met too
POWER_FACTORS = {1.0: 1.0, 1.4: 1.0, 2.0: 1.0, 0.7: 0.9, 0.5: 0.8}
# nats added to background after learning, and the same
SHIFTS = {0.0: 1.0, 0.6: 1.0, 1.2: 1.0, -0.6: 0.9, -1.2: 0.8}
# an outline this short says little; none has the contrast of the picture everywhere
LEAST_LENGTH = 5


def outline_contrast(background: torch.Tensor, picture: torch.Tensor) -> float:
    """How much the picture changes along the outline of background, against everywhere.

    Parameters
    ----------
    background : torch.Tensor
        ``(h, w)``, bool.
    picture : torch.Tensor
        ``(3, h, w)`` in [0, 1].

    Returns
    -------
    float
        Mean absolute difference of two neighbours of which one is background, over that of any two; towards
        1 where the outline is short, 1 where there is none.
    """
    along, length, everywhere = 0.0, 0, []
    for dim in (0, 1):
        size = background.shape[dim] - 1
        one, other = (background.narrow(dim, start, size) for start in (0, 1))
        change = picture.diff(dim=dim + 1).abs().mean(0)
        along += float(change[one != other].sum())
        length += int((one != other).sum())
        everywhere.append(change.flatten())
    mean = float(torch.cat(everywhere).mean()) if background.numel() > 1 else 0.0
    if mean < 1e-6:
        return 1.0
    return (along / mean + LEAST_LENGTH) / (length + LEAST_LENGTH)


def best_outlined(
    candidates: Sequence[torch.Tensor],
    worth: Collection[float],
    picture: torch.Tensor,
    *,
    on_round: Callable[[], None] = go_on,
) -> int:
    """Which of several scores outline background with most contrast once they follow the edges.

    Parameters
    ----------
    candidates : sequence of torch.Tensor
        Each ``(K, h, w)``, background first, summing to one, all of one shape.
    worth : collection of float
        For each, a factor on its contrast.
    picture : torch.Tensor
        ``(3, H, W)`` in [0, 1]; reduced to the side at which edges are followed.
    on_round : callable, optional
        Called before each of `neighbours.ROUNDS` rounds of following the edges; may raise to stop.

    Returns
    -------
    int
        The place of the best; of equal ones, of the first.
    """
    refined, small = _refined(torch.cat(list(candidates)), picture, max(picture.shape[-2:]), on_round)
    backgrounds = [one.argmax(0) == 0 for one in refined.split(len(candidates[0]))]
    return _most_contrast(backgrounds, worth, small)


def background_weights(
    scores: torch.Tensor,
    picture: torch.Tensor,
    *,
    side: int = EDGE_SIDE,
    on_round: Callable[[], None] = go_on,
) -> torch.Tensor:
    """How much stronger or weaker background has to be, everywhere alike, for the outline of most contrast.

    Parameters
    ----------
    scores : torch.Tensor
        ``(K, h, w)``, background first, summing to one; with no background anywhere all weights are one.
    picture : torch.Tensor
        ``(3, H, W)`` in [0, 1].
    side : int
        Longest side at which the outline is looked at, in pixels.
    on_round : callable, optional
        As in `best_outlined`.

    Returns
    -------
    torch.Tensor
        ``(K, 1, 1)``: what to multiply the scores by, before they are made to sum to one again.
    """
    # weighed after the averaging, which is what costs; weighing before it gave the same within 0.001 of mIoU
    small, guide = _refined(scores, picture, side, on_round)
    shifts = [_background_times(math.exp(shift), len(scores)) for shift in SHIFTS]
    backgrounds = [(small * weights).argmax(0) == 0 for weights in shifts]
    return shifts[_most_contrast(backgrounds, SHIFTS.values(), guide)]


def _background_times(factor: float, count: int) -> torch.Tensor:
    """One weight for each of ``count`` scores, ``(count, 1, 1)``."""
    weights = torch.ones(count, 1, 1)
    weights[0] = factor
    return weights


def _refined(
    maps: torch.Tensor, picture: torch.Tensor, side: int, on_round: Callable[[], None]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Maps ``(K, h, w)`` that follow the edges of the picture, and the picture, at a bounded size."""
    size = shrunk(picture.shape[-2:], side)
    small = F.interpolate(picture[None], size, mode="area")[0]
    maps = F.interpolate(maps[None], size, mode="bilinear", antialias=True)[0]
    return follow_edges(maps, small, on_round=on_round), small


def _most_contrast(
    backgrounds: Sequence[torch.Tensor], worth: Collection[float], picture: torch.Tensor
) -> int:
    """Which background, ``(h, w)`` bool, has the outline of most contrast; of equal ones, the first."""
    contrasts = [
        outline_contrast(background, picture) * factor
        for background, factor in zip(backgrounds, worth, strict=True)
    ]
    return contrasts.index(max(contrasts))
