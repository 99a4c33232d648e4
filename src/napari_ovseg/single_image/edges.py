"""Edges: scores follow the outlines of the picture.

Scores are averaged over neighbours of like colour (`neighbours`). Far neighbours fill large things and erase
thin ones, so only those distances are used at which neighbours foretell the scores of this picture.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

from napari_ovseg.single_image.neighbours import DILATIONS, ROUNDS, average, follow_edges, go_on, likeness
from napari_ovseg.views.source import shrunk

# docs/refinement.md has the measurements
EDGE_SIDE = 192
# what was learnt at full size has its large things right; to go on smoothing it coarsely blunts outlines
FINE_SIDE = 320
# of a picture of this side; of a larger one the same share
FINE_OF = 512
FINE_DILATIONS = (1, 2, 4, 8)
# how often `sharpen` calls `on_round`, and `sharpen_finely`
SHARPENING = len(DILATIONS) + ROUNDS
SHARPENING_FINELY = len(FINE_DILATIONS) + ROUNDS
# nats for each pixel of distance: along a border, the share of neighbours beyond it grows with the distance
TOLERANCE = 0.01


def misses(
    scores: torch.Tensor,
    picture: torch.Tensor,
    dilations: tuple[int, ...],
    on_round: Callable[[], None] = go_on,
) -> torch.Tensor:
    """How badly the neighbours at each distance foretell the scores.

    Small where things are large or nothing is sure, large where thin, sure things compete.

    Parameters
    ----------
    scores : torch.Tensor
        ``(K, h, w)``, summing to one.
    picture : torch.Tensor
        ``(3, h, w)`` in [0, 1], of the same size.
    dilations : tuple of int
        The distances, in pixels.
    on_round : callable, optional
        Called before each distance; may raise to stop.

    Returns
    -------
    torch.Tensor
        ``(len(dilations),)``, nats: mean Kullback-Leibler divergence from what neighbours of like colour at
        that distance say of a pixel to its own scores.
    """
    own = scores.clamp_min(1e-4)
    found = []
    for dilation, weights in zip(dilations, likeness(picture, dilations).split(8), strict=True):
        on_round()
        total = weights.sum(0)
        said = average(scores, weights, rounds=1, dilations=(dilation,)) / total.clamp_min(1e-8)
        miss = (own * (own / said.clamp_min(1e-4)).log()).sum(0)
        found.append((miss * total).sum() / total.sum().clamp_min(1e-12))
    return torch.stack(found)


def foretelling(
    scores: torch.Tensor,
    picture: torch.Tensor,
    *,
    side: int,
    dilations: tuple[int, ...] = DILATIONS,
    on_round: Callable[[], None] = go_on,
) -> tuple[int, ...]:
    """Return the distances at which neighbours foretell the scores, the nearest at least.

    Parameters
    ----------
    scores, picture, side, dilations
        As for `sharpen`.
    on_round : callable, optional
        Called before each distance; may raise to stop.
    """
    return _foretelling(*_coarse(_at_size_of(picture, scores), picture, side), dilations, on_round)


def sharpen(
    scores: torch.Tensor,
    picture: torch.Tensor,
    *,
    side: int = EDGE_SIDE,
    dilations: tuple[int, ...] = DILATIONS,
    near: tuple[int, ...] | None = None,
    on_round: Callable[[], None] = go_on,
) -> torch.Tensor:
    """Refine at a bounded size, and carry over the finer detail that the scores had.

    Parameters
    ----------
    scores : torch.Tensor
        ``(K, h, w)``, summing to one; they are brought to the size of the picture. A category with no score
        anywhere gets none.
    picture : torch.Tensor
        ``(3, H, W)`` in [0, 1].
    side : int
        Longest side at which neighbours are asked, in pixels.
    dilations : tuple of int
        Their distances at that size; of these, `misses` says which are used.
    near : tuple of int, optional
        Those that are used in the picture that this one is a part of, by `foretelling`.
    on_round : callable, optional
        Called before each of its `SHARPENING` rounds; may raise to stop.

    Returns
    -------
    torch.Tensor
        ``(K, H, W)``, summing to one.
    """
    size = picture.shape[-2:]
    scores = _at_size_of(picture, scores)
    coarse, guide = _coarse(scores, picture, side)
    if near is None:
        near = _foretelling(coarse, guide, dilations, on_round)
    refined = follow_edges(coarse, guide, dilations=near, on_round=on_round)
    change = (refined.clamp_min(1e-4) / coarse.clamp_min(1e-4)).log()
    change = F.interpolate(change[None], size, mode="bilinear", align_corners=False)[0]
    there = scores.flatten(1).amax(1) > 0
    logits = scores.clamp_min(1e-4).log() + change
    return logits.masked_fill(~there[:, None, None], -torch.inf).softmax(0)


def _at_size_of(picture: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
    size = picture.shape[-2:]
    if scores.shape[-2:] == size:
        return scores
    return F.interpolate(scores[None], size, mode="bilinear", antialias=True)[0]


def _coarse(scores: torch.Tensor, picture: torch.Tensor, side: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores and picture, of one size, at a bounded size."""
    small = shrunk(picture.shape[-2:], side)
    coarse, guide = (F.interpolate(one[None], small, mode="area")[0] for one in (scores, picture))
    return coarse, guide


def _foretelling(
    coarse: torch.Tensor, guide: torch.Tensor, dilations: tuple[int, ...], on_round: Callable[[], None]
) -> tuple[int, ...]:
    missed = zip(dilations, misses(coarse, guide, dilations, on_round).tolist(), strict=True)
    return tuple(d for d, miss in missed if miss <= TOLERANCE * d) or dilations[:1]


def sharpen_finely(
    scores: torch.Tensor,
    picture: torch.Tensor,
    *,
    near: tuple[int, ...] | None = None,
    on_round: Callable[[], None] = go_on,
) -> torch.Tensor:
    """As `sharpen`, at a larger size and by near neighbours only: the last step, for outlines alone.

    Parameters
    ----------
    scores : torch.Tensor
        ``(K, h, w)``, summing to one.
    picture : torch.Tensor
        ``(3, H, W)`` in [0, 1].
    near : tuple of int, optional
        As for `sharpen`, by `foretelling_finely`.
    on_round : callable, optional
        Called before each of its `SHARPENING_FINELY` rounds; may raise to stop.

    Returns
    -------
    torch.Tensor
        ``(K, H, W)``, summing to one.
    """
    side = _fine_side(picture)
    return sharpen(scores, picture, side=side, dilations=FINE_DILATIONS, near=near, on_round=on_round)


def foretelling_finely(
    scores: torch.Tensor, picture: torch.Tensor, *, on_round: Callable[[], None] = go_on
) -> tuple[int, ...]:
    """As `foretelling`, for `sharpen_finely`."""
    side = _fine_side(picture)
    return foretelling(scores, picture, side=side, dilations=FINE_DILATIONS, on_round=on_round)


def _fine_side(picture: torch.Tensor) -> int:
    return round(max(FINE_OF, *picture.shape[-2:]) * FINE_SIDE / FINE_OF)
