"""Edges: scores follow the outlines of the picture."""

from __future__ import annotations

import torch
import torch.nn.functional as F

# docs/refinement.md has the measurements
DILATIONS = (1, 2, 4, 8, 12, 24)
ROUNDS = 10
EDGE_SIDE = 192


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
) -> torch.Tensor:
    """Scores averaged again and again over the neighbours that look alike.

    Pixel-adaptive mask refinement, Araslanov & Roth (CVPR 2020), section 4.2.

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

    Returns
    -------
    torch.Tensor
        ``(K, h, w)``; sums over K are kept.
    """
    around = torch.cat([_neighbours(picture, d) for d in dilations])
    spread = around.std(0, unbiased=False)
    likeness = -((around - picture).abs() / (0.1 * spread + 1e-6)).mean(1)
    weights = likeness.softmax(0)[:, None]
    for _ in range(rounds):
        parts = [
            (weights[8 * i : 8 * i + 8] * _neighbours(scores, d)).sum(0) for i, d in enumerate(dilations)
        ]
        scores = torch.stack(parts).sum(0)
    return scores


def sharpen(scores: torch.Tensor, picture: torch.Tensor) -> torch.Tensor:
    """Refine at a bounded size, and carry over the finer detail that the scores had.

    Parameters
    ----------
    scores : torch.Tensor
        ``(K, H, W)``, summing to one.
    picture : torch.Tensor
        ``(3, H, W)`` in [0, 1].
    """
    size = picture.shape[-2:]
    shrink = min(1.0, EDGE_SIDE / max(size))
    small = [max(1, round(side * shrink)) for side in size]
    coarse = F.interpolate(scores[None], small, mode="area")[0]
    guide = F.interpolate(picture[None], small, mode="area")[0]
    refined = pixel_adaptive_refinement(coarse, guide)
    change = (refined.clamp_min(1e-4) / coarse.clamp_min(1e-4)).log()
    change = F.interpolate(change[None], size, mode="bilinear", align_corners=False)[0]
    return (scores.clamp_min(1e-4).log() + change).softmax(0)
