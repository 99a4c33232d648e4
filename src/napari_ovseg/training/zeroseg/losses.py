"""What a student of ZeroSeg minimises (arXiv 2306.00450): three losses, and one more."""

from __future__ import annotations

import torch
from torch import Tensor


def reconstruction(painted: Tensor, patches: Tensor, hidden: Tensor) -> Tensor:
    """Return the mean squared error of the patches that were hidden.

    Parameters
    ----------
    painted, patches : (B, n, P) tensors
        The P values of each patch: as they were guessed, and as they are.
    hidden : (B, n) bool tensor
    """
    return (painted - patches).square().mean(2)[hidden].mean()


def multi_scale(whole: Tensor, targets: Tensor) -> Tensor:
    """Return ``sum_i |z - v_i|_1``, the mean over pictures.

    Parameters
    ----------
    whole : (B, D) tensor
        z, the student's vector of each picture.
    targets : (B, V, D) tensor
        v, the teacher's of the whole picture and of its crops.
    """
    return (whole[:, None] - targets).abs().sum((1, 2)).mean()


def matching(segments: Tensor, crops: Tensor) -> Tensor:
    """Return ``sum_i min_j |g_i - v_j|_1``, the mean over pictures.

    Parameters
    ----------
    segments : (B, G, D) tensor
        g, the vectors of the segments.
    crops : (B, V, D) tensor
        v, the teacher's of the crops; not of the whole picture.
    """
    return torch.cdist(segments, crops, p=1).amin(2).sum(1).mean()


def balance(logits: Tensor) -> Tensor:
    """Return how far the tokens of a picture are from being told apart by their groups: 0, or -log G at best.

    The entropy of the groups of each token, less that of the groups of all tokens of its picture; the mean
    over pictures. Both are without noise, so noise can't stand for a choice. Of all pictures together, groups
    would tell pictures apart, and not what is in them.

    Parameters
    ----------
    logits : (B, G, n) tensor
        Of tokens for groups.
    """
    shares = logits.softmax(1)
    of_each = -(shares * logits.log_softmax(1)).sum(1).mean()
    of_all = shares.mean(2)
    return of_each + (of_all * of_all.clamp_min(1e-9).log()).sum(1).mean()
