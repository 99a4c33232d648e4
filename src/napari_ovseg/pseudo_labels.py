"""Fused maps to pseudo-labels: the best category of each pixel, void where no category clearly leads.

Background without words follows CLIP-ES (Lin et al., CVPR 2023, section 3.1): ``(1 - max_c M_c) ** alpha``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from napari_ovseg.categories import labels_dtype, void_id

# docs/refinement.md has the measurements behind both
BACKGROUND_POWER = 1.4
# maps of cosines have no zero of their own: stretched to [0, 1], background is well above 0 in them
BACKGROUND_POWER_OF_COSINES = 0.5
VOID_BAND = 0.1
MOST_VALUES = 1 << 25


@dataclass(frozen=True)
class PseudoLabels:
    """Labels with void, and how clearly the label leads.

    Attributes
    ----------
    labels : np.ndarray
        ``(H, W)``, uint8 or uint16: 0 background, 1..C, and the void id.
    confidence : np.ndarray
        ``(H, W)``, float32 in [0, 1]: lead of the best score over the second best.
    """

    labels: np.ndarray
    confidence: np.ndarray


def yield_to(maps: torch.Tensor, rival: torch.Tensor) -> torch.Tensor:
    """Lower each map, where a background word scores higher than it, by as much as that is.

    Parameters
    ----------
    maps : torch.Tensor
        ``(C, h, w)``, raw: as the relevance method defines them, not yet stretched.
    rival : torch.Tensor
        ``(h, w)``: the best of the background words, on the same scale.
    """
    return maps - (rival - maps).clamp_min(0)


def compete(
    maps: torch.Tensor, background: torch.Tensor | None = None, *, power: float | None = BACKGROUND_POWER
) -> torch.Tensor:
    """Scores of background and of the categories, which sum to one in every cell.

    Parameters
    ----------
    maps : torch.Tensor
        ``(C, h, w)`` in [0, 1], one map per category.
    background : torch.Tensor, optional
        ``(h, w)`` in [0, 1]: the map of the background words; it competes with the rule.
    power : float or None
        Alpha of the rule: above 1 background needs the categories to be weaker. None: no rule, every cell
        is of a category.

    Returns
    -------
    torch.Tensor
        ``(C + 1, h, w)``, background first.
    """
    rule = torch.zeros_like(maps[0]) if power is None else (1 - maps.amax(0)).clamp(0, 1) ** power
    if background is not None:
        rule = torch.maximum(rule, background)
    scores = torch.cat([rule[None], maps])
    return scores / scores.sum(0).clamp_min(1e-6)


def paint(scores: torch.Tensor, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Best label and its lead over the second best, at full size.

    Parameters
    ----------
    scores : torch.Tensor
        ``(C + 1, h, w)``, summing to one, background first.
    size : tuple of int
        ``(H, W)``; scores are interpolated, a strip of rows at a time, so memory stays bounded.

    Returns
    -------
    labels : np.ndarray
        ``(H, W)``, ids 0..C in the dtype of `categories.labels_dtype`.
    lead : np.ndarray
        ``(H, W)``, float32 in [0, 1].
    """
    height, width = size
    labels = np.empty(size, labels_dtype(len(scores) - 1))
    lead = np.empty(size, np.float32)
    for rows in strips(height, width, len(scores), MOST_VALUES):
        labels[rows], lead[rows] = _best(stretch_rows(scores, size, rows))
    return labels, lead


def _best(scores: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Best of scores ``(K, h, w)``, the first of equal ones, and its lead; faster than ``topk``."""
    highest, second = scores[0], torch.full_like(scores[0], -torch.inf)
    label = torch.zeros(highest.shape, dtype=torch.int32)
    for number, one in enumerate(scores[1:], 1):
        label.masked_fill_(one > highest, number)
        second = torch.maximum(second, torch.minimum(highest, one))
        highest = torch.maximum(highest, one)
    return label.numpy(), (highest - second).clamp(0, 1).numpy()


def stretch_rows(scores: torch.Tensor, size: tuple[int, int], rows: slice) -> torch.Tensor:
    """``scores (K, h, w)`` interpolated to ``size (H, W)``, only the given rows of it."""
    height, width = size
    v = (torch.arange(rows.start, rows.stop) + 0.5) / height * 2 - 1
    u = (torch.arange(width) + 0.5) / width * 2 - 1
    points = torch.stack(torch.meshgrid(v, u, indexing="ij")[::-1], -1)
    return F.grid_sample(scores[None], points[None], padding_mode="border", align_corners=False)[0]


def pseudo_labels(scores: torch.Tensor, size: tuple[int, int], *, band: float = VOID_BAND) -> PseudoLabels:
    """Label a picture of ``size (H, W)`` by `compete`'s scores; void where the lead is under ``band``."""
    labels, lead = paint(scores, size)
    labels[lead < band] = void_id(len(scores) - 1)
    return PseudoLabels(labels, lead)


def strips(height: int, width: int, channels: int, most_values: int) -> Iterator[slice]:
    """Split the rows of a picture so that ``channels`` maps of one part hold at most ``most_values``."""
    rows = max(1, most_values // max(1, width * channels))
    return (slice(start, min(height, start + rows)) for start in range(0, height, rows))
