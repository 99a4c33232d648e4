"""Edges: scores follow the outlines of the picture.

Pixel-adaptive mask refinement (Araslanov & Roth, CVPR 2020, section 4.2) averages scores over neighbours of
like colour at several distances. Far ones fill large things and erase thin ones, so here each distance counts
as much as neighbours that far foretell the scores of this picture.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

# docs/refinement.md has the measurements
DILATIONS = (1, 2, 4, 8, 12, 24)
ROUNDS = 10
EDGE_SIDE = 192
# a distance whose neighbours miss the scores by this many nats counts for a third
TOLERANCE = 0.12


def _neighbours(maps: torch.Tensor, dilation: int) -> torch.Tensor:
    """``(K, h, w)`` -> ``(8, K, h, w)``: the eight neighbours at a distance, the border repeated."""
    d = dilation
    height, width = maps.shape[-2:]
    padded = F.pad(maps[None], (d, d, d, d), mode="replicate")[0]
    shifts = [(i, j) for i in (0, d, 2 * d) for j in (0, d, 2 * d) if (i, j) != (d, d)]
    return torch.stack([padded[:, i : i + height, j : j + width] for i, j in shifts])


def pixel_adaptive_refinement(
    scores: torch.Tensor,
    picture: torch.Tensor,
    *,
    rounds: int = ROUNDS,
    dilations: tuple[int, ...] = DILATIONS,
    tolerance: float | None = None,
) -> torch.Tensor:
    """Scores averaged again and again over the neighbours that look alike.

    Parameters
    ----------
    scores : torch.Tensor
        ``(K, h, w)``.
    picture : torch.Tensor
        ``(3, h, w)`` in [0, 1], of the same size.
    rounds : int
        How often to average.
    dilations : tuple of int
        Distances of the neighbours, in pixels.
    tolerance : float, optional
        Weigh each distance by `trust`; the scores must then sum to one. Without it, as in
        the paper, all count.

    Returns
    -------
    torch.Tensor
        ``(K, h, w)``; sums over K are kept.
    """
    around = torch.cat([_neighbours(picture, d) for d in dilations])
    spread = around.std(0, unbiased=False)
    likeness = -((around - picture).abs() / (0.1 * spread + 1e-6)).mean(1)
    weights = likeness.softmax(0)[:, None]
    if tolerance is not None:
        weights = (
            weights * trust(scores, weights, dilations, tolerance).repeat_interleave(8)[:, None, None, None]
        )
        weights = weights / weights.sum(0).clamp_min(1e-12)
    for _ in range(rounds):
        parts = [
            (weights[8 * i : 8 * i + 8] * _neighbours(scores, d)).sum(0) for i, d in enumerate(dilations)
        ]
        scores = torch.stack(parts).sum(0)
    return scores


def trust(
    scores: torch.Tensor, weights: torch.Tensor, dilations: tuple[int, ...], tolerance: float
) -> torch.Tensor:
    """How far to trust the neighbours at each distance: ``exp(-(miss / tolerance) ** 2)``.

    The miss is the mean Kullback-Leibler divergence, in nats, from what those neighbours say of a pixel to
    its own scores: small where things are large or nothing is sure, large where thin, sure things compete.

    Parameters
    ----------
    scores : torch.Tensor
        ``(K, h, w)``, summing to one.
    weights : torch.Tensor
        ``(8 * len(dilations), 1, h, w)``: of each neighbour, those of one distance together.
    dilations : tuple of int
        The distances.
    tolerance : float
        A larger one trusts more.

    Returns
    -------
    torch.Tensor
        ``(len(dilations),)`` in [0, 1], relative to the best.
    """
    own = scores.clamp_min(1e-4)
    misses = []
    for dilation, part in zip(dilations, weights.split(8), strict=True):
        total = part.sum(0)
        said = (part * _neighbours(scores, dilation)).sum(0) / total.clamp_min(1e-8)
        miss = (own * (own / said.clamp_min(1e-4)).log()).sum(0)
        # summed in double precision, or the number of threads would change the scores
        misses.append(
            (miss * total).sum(dtype=torch.float64) / total.sum(dtype=torch.float64).clamp_min(1e-12)
        )
    exponents = -(torch.stack(misses) / tolerance).square()
    return (exponents - exponents.amax()).exp().float()


def sharpen(scores: torch.Tensor, picture: torch.Tensor) -> torch.Tensor:
    """Refine at a bounded size, and carry over the finer detail that the scores had.

    Parameters
    ----------
    scores : torch.Tensor
        ``(K, h, w)``, summing to one; they are brought to the size of the picture. A category with no score
        anywhere gets none.
    picture : torch.Tensor
        ``(3, H, W)`` in [0, 1].

    Returns
    -------
    torch.Tensor
        ``(K, H, W)``, summing to one.
    """
    size = picture.shape[-2:]
    if scores.shape[-2:] != size:
        scores = F.interpolate(scores[None], size, mode="bilinear", antialias=True)[0]
    shrink = min(1.0, EDGE_SIDE / max(size))
    small = [max(1, round(side * shrink)) for side in size]
    coarse = F.interpolate(scores[None], small, mode="area")[0]
    guide = F.interpolate(picture[None], small, mode="area")[0]
    refined = pixel_adaptive_refinement(coarse, guide, tolerance=TOLERANCE)
    change = (refined.clamp_min(1e-4) / coarse.clamp_min(1e-4)).log()
    change = F.interpolate(change[None], size, mode="bilinear", align_corners=False)[0]
    there = scores.flatten(1).amax(1) > 0
    logits = scores.clamp_min(1e-4).log() + change
    return logits.masked_fill(~there[:, None, None], -torch.inf).softmax(0)
