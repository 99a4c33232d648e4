"""What a fast model is taught by: the name of each pixel, the areas of things, the vectors of its teacher."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import torch
from torch import Tensor
from torch.nn import functional as F

from napari_ovseg.models.clip.model import ClipModel
from napari_ovseg.models.fast.model import deep_of
from napari_ovseg.models.fast.network import FastNetwork, PixelScores
from napari_ovseg.training.fast_examples import VOID, Window

# how much a pixel that a person painted counts, against one that a machine did and the person left
HUMAN = 3.0
# keeps names that nobody drew where the teacher has them
ANCHOR = 0.5
SMALLEST = 1e-6


def loss_of(network: FastNetwork, teacher: ClipModel, words: Tensor, windows: Sequence[Window]) -> Tensor:
    """Return the loss of one step: the mean over its windows.

    Parameters
    ----------
    network : FastNetwork
    teacher : ClipModel
    words : (C, D) tensor
        Of all names of the training; a window is asked about those that its picture is annotated with.
    windows : sequence of Window
    """
    losses = []
    # windows of one shape are looked at together
    for _, group in groupby(sorted(windows, key=_shape), key=_shape):
        alike = list(group)
        views = torch.cat(
            [teacher.preprocess(one.picture.permute(1, 2, 0), _shape(one)) for one in alike]
        ).to(words.device)
        deep = deep_of(teacher, views)
        seen = network(deep, views)
        for number, one in enumerate(alike):
            at = slice(number, number + 1)
            alone = PixelScores(seen.own[at], seen.fine[at], seen.ground[at])
            logits = network.logits(alone, words[list(one.names)])
            logits = F.interpolate(logits, _shape(one), mode="bilinear", align_corners=False)[0]
            losses.append(of_pixels(logits, *_targets(one, words.device)))
        losses.append(ANCHOR * len(alike) * network.away(seen))
    return torch.stack(losses).sum() / len(windows)


def of_pixels(logits: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """Weighted cross-entropy, and one minus the Dice coefficient of each category that is there.

    Parameters
    ----------
    logits : (C + 1, H, W) tensor
    truth : (H, W) tensor, int64
        0..C, or `VOID`, which doesn't count.
    weights : (H, W) tensor

    Returns
    -------
    tensor
        A number, 0 or more; 0 where all is void.
    """
    weights = weights * (truth != VOID)
    entropy = F.cross_entropy(logits[None], truth[None], ignore_index=VOID, reduction="none")[0]
    loss = (entropy * weights).sum() / weights.sum().clamp_min(SMALLEST)
    shares = logits.softmax(0)
    there = torch.stack([truth == k for k in range(len(logits))]).to(shares)
    both = (shares * there * weights).sum((1, 2))
    areas = ((shares + there) * weights).sum((1, 2))
    seen = (there * weights).sum((1, 2)) > 0
    if not seen.any():
        return loss
    return loss + (1 - 2 * both / areas.clamp_min(SMALLEST))[seen].mean()


def _targets(one: Window, device: torch.device) -> tuple[Tensor, Tensor]:
    """Truth in the places of the window's own names, and how much each pixel counts."""
    lookup = torch.full((max(one.names, default=0) + 2,), VOID, dtype=torch.int64)
    lookup[0] = 0
    for place, name in enumerate(one.names):
        lookup[name + 1] = place + 1
    known = one.truth != VOID
    truth = torch.where(known, lookup[one.truth.long().clamp_min(0)], VOID)
    return truth.to(device), torch.where(one.human, HUMAN, 1.0).to(device)


def _shape(one: Window) -> tuple[int, int]:
    height, width = one.truth.shape
    return height, width
