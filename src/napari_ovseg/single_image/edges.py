"""Edges: scores follow the outlines of the picture.

Pixel-adaptive mask refinement (Araslanov & Roth, CVPR 2020, section 4.2) averages scores over neighbours of
like colour at several distances: `pixel_adaptive_refinement` is that filter. The steps here use a variant.
Its measure of how much colours vary leaves out the pixel itself, which the published one counts once for each
distance. Far neighbours fill large things and erase thin ones, so only those distances are used at which
neighbours foretell the scores of this picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import torch
import torch.nn.functional as F

from napari_ovseg.views.source import shrunk

# docs/refinement.md has the measurements
DILATIONS = (1, 2, 4, 8, 12, 24)
ROUNDS = 10
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


def _neighbours(maps: torch.Tensor, dilation: int) -> Iterator[torch.Tensor]:
    """``(K, h, w)`` -> eight such: the neighbours at a distance, the border repeated."""
    d = dilation
    height, width = maps.shape[-2:]
    padded = F.pad(maps[None], (d, d, d, d), mode="replicate")[0]
    for row, column in product((0, d, 2 * d), repeat=2):
        if (row, column) != (d, d):
            yield padded[:, row : row + height, column : column + width]


def likeness(picture: torch.Tensor, dilations: tuple[int, ...], *, itself: bool = False) -> torch.Tensor:
    """How alike each neighbour of a pixel is, by its colour.

    A neighbour's weight is the softmax of the difference in colour over a tenth of the standard deviation
    (Araslanov & Roth, CVPR 2020, section 4.2).

    Parameters
    ----------
    picture : torch.Tensor
        ``(3, h, w)``, on any scale.
    dilations : tuple of int
        Distances of the neighbours, in pixels.
    itself : bool
        Whether the deviation is that of the neighbours and the pixel itself, once for each distance, as
        published. By default it is that of the neighbours alone.

    Returns
    -------
    torch.Tensor
        ``(8 * len(dilations), 1, h, w)``, weights in [0, 1] that sum to one in each pixel.
    """
    # the colours of a grey picture say the same three times
    if all(torch.equal(plane, picture[0]) for plane in picture[1:]):
        picture = picture[:1]
    apart = torch.stack([one for d in dilations for one in _neighbours(picture, d)]) - picture
    # by moments: torch's own took most of the time of this stage
    mean, squares, least = apart.mean(0), apart.square().mean(0), 1e-6
    variance = squares - mean.square()
    if itself:
        # the pixel is 0 apart from itself
        near, count, least = len(apart), 9 * len(dilations), 1e-8
        variance = (near * squares - (near * mean).square() / count) / (count - 1)
    spread = variance.clamp_min(0).sqrt()
    likeness = -(apart.abs() / (0.1 * spread + least)).mean(1, keepdim=True)
    return likeness.softmax(0)


def pixel_adaptive_refinement(
    scores: torch.Tensor,
    picture: torch.Tensor,
    *,
    rounds: int = ROUNDS,
    dilations: tuple[int, ...] = DILATIONS,
) -> torch.Tensor:
    """The published filter (PAMR): scores averaged again and again over the neighbours that look alike.

    Parameters
    ----------
    scores : torch.Tensor
        ``(K, h, w)``.
    picture : torch.Tensor
        ``(3, h, w)`` of the same size, on any scale.
    rounds : int
        How often to average.
    dilations : tuple of int
        Distances of the neighbours, in pixels.

    Returns
    -------
    torch.Tensor
        ``(K, h, w)``; sums over K are kept.
    """
    weights = likeness(picture, dilations, itself=True)
    return average(scores, weights, rounds=rounds, dilations=dilations)


def go_on() -> None:
    """Go on: nobody wants to be told of each round."""


def follow_edges(
    scores: torch.Tensor,
    picture: torch.Tensor,
    *,
    dilations: tuple[int, ...] = DILATIONS,
    on_round: Callable[[], None] = go_on,
) -> torch.Tensor:
    """As `pixel_adaptive_refinement`, with the deviation of the neighbours alone: the variant used here.

    Parameters
    ----------
    scores : torch.Tensor
        ``(K, h, w)``.
    picture : torch.Tensor
        ``(3, h, w)`` of the same size, on any scale.
    dilations : tuple of int
        Distances of the neighbours, in pixels.
    on_round : callable, optional
        Called before each of its `ROUNDS`; may raise to stop.

    Returns
    -------
    torch.Tensor
        ``(K, h, w)``; sums over K are kept.
    """
    weights = likeness(picture, dilations)
    return average(scores, weights, rounds=ROUNDS, dilations=dilations, on_round=on_round)


def average(
    scores: torch.Tensor,
    weights: torch.Tensor,
    *,
    rounds: int,
    dilations: tuple[int, ...],
    on_round: Callable[[], None] = go_on,
) -> torch.Tensor:
    """Average scores over the neighbours, again and again.

    Parameters
    ----------
    scores : torch.Tensor
        ``(K, h, w)``.
    weights : torch.Tensor
        ``(8 * len(dilations), 1, h, w)``, from `likeness` with the same distances.
    rounds : int
        How often to average.
    dilations : tuple of int
        Distances of the neighbours, in pixels.
    on_round : callable, optional
        Called before each round; may raise to stop.

    Returns
    -------
    torch.Tensor
        ``(K, h, w)``; sums over K are kept where the weights sum to one.
    """
    for _ in range(rounds):
        on_round()
        # added up one by one: all neighbours of all maps at once don't fit into the processor's cache
        blended = torch.zeros_like(scores)
        neighbours = (one for d in dilations for one in _neighbours(scores, d))
        for weight, neighbour in zip(weights, neighbours, strict=True):
            blended.addcmul_(weight, neighbour)
        scores = blended
    return scores


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
