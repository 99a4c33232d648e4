"""What is learnt: class tokens, patches of crops and patches of windows agree with what is said of them."""

from __future__ import annotations

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from napari_ovseg.demo.batches import GROUPS, Batch
from napari_ovseg.demo.tower import Tower
from napari_ovseg.demo.truth import FALSE, TRUE

CALIBRATION = 0.25
# few pairs are true, and their mean would count as much as that of all others: what can't be told would be
# said to be there
DENIED = 6.0
POOL_TEMPERATURE = 2.0


def loss_of(tower: Tower, batch: Batch) -> Tensor:
    """The loss of one step: class token, patches of crops and patches of windows, against every phrase."""
    words = tower.text(batch.texts)
    cls, patches = tower.image(batch.pictures, batch.corner)
    dense = tower.logits(patches, words)  # (B, n, P)
    ends = np.cumsum([0, *map(len, GROUPS), batch.said.shape[1]])
    columns = [slice(start, end) for start, end in zip(ends[:-1], [*ends[1:-1], None], strict=True)]
    weights = (dense / POOL_TEMPERATURE).exp()
    weighed = dense * weights
    in_crops = weighed.sum(dim=1) / weights.sum(dim=1)
    within = batch.windows[..., None].to(dense)
    in_windows = (weighed[batch.owners] * within).sum(dim=1) / (weights[batch.owners] * within).sum(dim=1)
    return (
        loss_of_logits(tower.logits(cls, words), batch.said, columns)
        + loss_of_logits(in_crops, batch.said, columns)
        + loss_of_logits(in_windows, batch.said_of_windows, columns)
    )


def loss_of_logits(logits: Tensor, said: Tensor, columns: list[slice]) -> Tensor:
    """How badly logits agree with what is said, both ``(B, P)``: `TRUE`, `FALSE` or `UNSAID`; in nats.

    A sigmoid loss makes the logits mean a probability, and each true pair is held against every picture it is
    denied of. In each group of ``columns`` (colours, patterns, kinds, whole phrases) it is also held against
    what is denied of the same picture, so that the hard choice between shapes is not lost among easy ones.
    """
    true, false = said == TRUE, said == FALSE
    sigmoid = F.softplus(-logits)[true].mean() + DENIED * F.softplus(logits)[false].mean()
    denied = logits.masked_fill(~false, -1e4)
    per_phrase = F.softplus(denied.logsumexp(dim=0, keepdim=True) - logits)[true].mean()
    loss = CALIBRATION * (sigmoid + per_phrase)
    for group in columns:
        against = F.softplus(denied[:, group].logsumexp(dim=1, keepdim=True) - logits[:, group])[
            true[:, group]
        ]
        if len(against):
            loss = loss + against.mean()
    return loss
