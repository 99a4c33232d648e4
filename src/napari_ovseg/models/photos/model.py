"""The model "photos": words as classes of ImageNet, and where a classifier sees those; a `MapModel`.

No text tower and no joint space: the vector of a word is how well each of the 1,000 classes stands for it
(``words.npz``). Class activation maps (Zhou et al., CVPR 2016) say where each class is, and a word is where
the best of its classes is.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from napari_ovseg.errors import InputError
from napari_ovseg.models.likeness import Likeness
from napari_ovseg.models.map_model import Seen, Words
from napari_ovseg.models.photos import outside
from napari_ovseg.models.photos.card import PHOTOS
from napari_ovseg.models.photos.network import SHA256, STRIDE, Cells, Network, load
from napari_ovseg.models.photos.words import CLASSES, table

INPUT_SIZE = 384
SOFTNESS = 2.0
SPEAKING = 0.02
# by logistic regression on VOC photos; then a typed name is taken for likelier than any of their 20
SCALE, BIAS = 1.26, 1.0
AT_ONCE = 4


class PhotosModel:
    """EfficientNet-Lite2 as a model of maps.

    Attributes
    ----------
    card, likeness, input_size, patch_size, device, checkpoint_id, notes
        As in `MapModel`.
    """

    card = PHOTOS
    likeness = Likeness(SCALE, BIAS, of_shares=True)
    input_size = INPUT_SIZE
    patch_size = STRIDE
    checkpoint_id = SHA256[:16]

    def __init__(self, network: Network) -> None:
        self.network = network
        self.notes: list[str] = []

    @classmethod
    def load(cls, path: Path, device: torch.device) -> PhotosModel:
        """Build it from the file of weights: `network.load`."""
        return cls(load(path, device))

    @property
    def device(self) -> torch.device:
        """Where it is."""
        return self.network.device

    def encode(self, phrases: Sequence[str], *, templates: tuple[str, ...] | None = None) -> Tensor:
        """Return how well each class stands for each phrase, ``(N, 1000)`` in [0, 1]; prompts are not read.

        A phrase that no class is near is all zeros.
        """
        weights = torch.zeros(len(phrases), CLASSES)
        for row, phrase in zip(weights, phrases, strict=True):
            if not phrase.strip():
                raise InputError("A name is empty: type what is in the picture, or remove the line.")
            if table().lacks(phrase):
                outside.learn(table(), phrase)
            entry = table().find(phrase)
            if entry is not None:
                row[torch.from_numpy(entry.classes.astype(np.int64))] = torch.from_numpy(entry.weights)
        return weights

    def see(
        self,
        views: Sequence[NDArray[np.float32]],
        size: tuple[int, int],
        words: Words | None = None,
        method: str | None = None,
    ) -> Seen:
        """Look at views: `MapModel.see`."""
        cells = [
            self.network.look(views[start : start + AT_ONCE], size) for start in range(0, len(views), AT_ONCE)
        ]
        scores = torch.cat([self.network.scores(some) for some in cells])
        shares = scores.softmax(1)
        vectors = speaking(shares)
        if words is None:
            return Seen(vectors)
        how = activation if (method or self.card.method) == "activation" else share
        features = torch.cat([deep_features(some) for some in cells])
        return Seen(vectors, how(scores, words.vectors.to(scores)), features)


def speaking(shares: Tensor) -> Tensor:
    """Return each class's mean share over the cells that speak most for it, ``(V, K, h, w) -> (V, K)``."""
    flat = shares.flatten(2)
    return flat.topk(max(1, round(SPEAKING * flat.shape[2])), dim=2).values.mean(2)


def activation(scores: Tensor, weights: Tensor) -> Tensor:
    """Return where each word is: how far the best of its classes is above the mean of all classes.

    The best is a soft one: ``s log sum_c (w_c exp(a_c)) ** (1 / s)`` over the classes with a weight, where
    ``a_c`` is the class's score in the cell less the mean score. What is below the mean is 0.

    Parameters
    ----------
    scores : torch.Tensor
        ``(V, K, h, w)``: of the classes.
    weights : torch.Tensor
        ``(M, K)`` in [0, 1].

    Returns
    -------
    torch.Tensor
        ``(V, M, h, w)``, 0 or more.
    """
    above = scores - scores.mean(1, keepdim=True)
    maps = []
    for one in weights:
        chosen = one.nonzero()[:, 0]
        if not len(chosen):
            maps.append(torch.zeros_like(above[:, 0]))
            continue
        each = above[:, chosen] + one[chosen].log()[None, :, None, None]
        maps.append((SOFTNESS * torch.logsumexp(each / SOFTNESS, 1)).clamp_min(0))
    return torch.stack(maps, 1)


def share(scores: Tensor, weights: Tensor) -> Tensor:
    """Return the share of each word's classes among all in each cell, ``(V, M, h, w)`` in [0, 1]."""
    return torch.einsum("vkhw,mk->vmhw", scores.softmax(1), weights).clamp_max(1)


def deep_features(cells: Cells) -> Tensor:
    """Return what cells look like ``(V, F, h, w)``: two stages and the last, of equal variance."""
    levels = [
        F.layer_norm(one.movedim(1, -1), one.shape[1:2]).movedim(-1, 1) for one in (*cells.levels, cells.last)
    ]
    return torch.cat(levels, 1)
