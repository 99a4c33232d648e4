"""Group tokens that begin apart: one for each kind of crop in the folder."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from scipy.cluster.vq import kmeans2
from torch import Tensor


def start_tokens(vectors: Tensor, count: int, width: int) -> Tensor:
    """Return tokens of which each stands for a cluster of vectors, ``(count, width)``, each of unit variance.

    Vectors and tokens have spaces of their own; between them is a random map, which keeps about the angles
    between clusters.

    Parameters
    ----------
    vectors : (N, D) tensor
        Centred, of crops.
    count : int
    width : int
    """
    with warnings.catch_warnings():
        # few pictures may have fewer kinds of crops than there are groups
        warnings.simplefilter("ignore")
        centres, _ = kmeans2(vectors.double().numpy(), count, seed=np.random.default_rng(0), minit="++")
    turned = centres @ np.random.default_rng(count).normal(size=(centres.shape[1], width))
    deviation = turned.std(1, keepdims=True)
    return torch.from_numpy(turned / np.maximum(deviation, 1e-6)).float()
