"""Superpixels of a picture, and how freely one passes from each to each without crossing an edge."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from skimage.segmentation import slic

COUNT = 700
COMPACTNESS = 10.0
# differences of colour, and of deep features as unit vectors, at which a border counts for 0.6
COLOUR_LENGTH = 0.15
DEEP_LENGTH = 0.5
# how soon a walk ends: the smaller, the farther it gets
LEAVING = 0.01
LEAST = 1e-4


class Superpixels:
    """Parts of like colour.

    Parameters
    ----------
    picture : np.ndarray
        ``(h, w, 3)``, float32 in [0, 1].

    Attributes
    ----------
    labels : torch.Tensor
        ``(h * w,)``, int64: the superpixel of each cell, ``0..count - 1``.
    count : int
    """

    def __init__(self, picture: np.ndarray) -> None:
        cells = picture.shape[0] * picture.shape[1]
        if cells <= COUNT:
            found = np.arange(cells).reshape(picture.shape[:2])
        else:
            found = slic(picture, COUNT, COMPACTNESS, start_label=0, channel_axis=-1)
        self._map = torch.from_numpy(found.astype(np.int64))
        self.labels = self._map.flatten()
        self.count = int(self.labels.max()) + 1
        self._sizes = torch.bincount(self.labels, minlength=self.count).clamp_min(1)

    def mean(self, maps: torch.Tensor) -> torch.Tensor:
        """Mean of ``maps (D, h, w)`` in each superpixel: ``(count, D)``."""
        total = torch.zeros(len(maps), self.count).index_add_(1, self.labels, maps.flatten(1))
        return (total / self._sizes).T.contiguous()

    def connection(self, colours: torch.Tensor, deep: torch.Tensor | None) -> torch.Tensor:
        """How connected each two superpixels are: the regularised Laplacian kernel of their graph.

        Smola & Kondor, "Kernels and regularization on graphs" (COLT 2003): ``(L + c I)^-1``, which is what
        Grady's random walker solves with, here with every walk ending by and by. Borders count by length,
        and the less the more the two sides differ.

        Parameters
        ----------
        colours : torch.Tensor
            ``(3, h, w)``.
        deep : torch.Tensor or None
            ``(D, h, w)``, unit vectors.

        Returns
        -------
        torch.Tensor
            ``(count, count)`` in [0, 1], symmetric, 1 on the diagonal.
        """
        length = self._borders()
        looks = [self.mean(colours) / COLOUR_LENGTH]
        if deep is not None:
            looks.append(F.normalize(self.mean(deep), dim=1) / DEEP_LENGTH)
        look = torch.cat(looks, 1)
        differs = torch.cdist(look, look).square()
        weights = length * (-0.5 * differs).exp() + LEAST * (length > 0)
        laplacian = (weights.sum(1) + LEAVING).diag() - weights
        kernel = torch.linalg.inv(laplacian.double())
        scale = kernel.diagonal().rsqrt()
        return (kernel * scale[:, None] * scale).float()

    def _borders(self) -> torch.Tensor:
        """Length of the border between each two, in units of the mean one, ``(count, count)``."""
        down = torch.stack([self._map[1:].flatten(), self._map[:-1].flatten()])
        across = torch.stack([self._map[:, 1:].flatten(), self._map[:, :-1].flatten()])
        pairs = torch.cat([down, across], 1)
        one, other = pairs[:, pairs[0] != pairs[1]]
        length = torch.zeros(self.count, self.count)
        length.index_put_((one, other), torch.ones(len(one)), accumulate=True)
        length = length + length.T
        return length / length[length > 0].mean().clamp_min(1) if len(one) else length
