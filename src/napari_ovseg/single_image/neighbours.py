"""Neighbours: scores averaged over pixels of like colour, at several distances.

Pixel-adaptive mask refinement (Araslanov & Roth, CVPR 2020, section 4.2) averages scores over neighbours of
like colour: `pixel_adaptive_refinement` is that filter. The steps here use a variant, `follow_edges`. Its
measure of how much colours vary leaves out the pixel itself, which the published one counts once for each
distance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import torch
import torch.nn.functional as F

# docs/refinement.md has the measurements
DILATIONS = (1, 2, 4, 8, 12, 24)
ROUNDS = 10


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
