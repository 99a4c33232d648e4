"""What learns of a fast model: a light decoder on the frozen features of a CLIP tower.

Segment, then compare with words, as in "Global Knowledge Calibration" (Han et al., ICCV 2023), but for each
pixel instead of each query: a pixel has a vector in the space of the texts, so any name can be asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# channels at a half, a quarter and an eighth of the picture's resolution
WIDTHS = (32, 64, 96)
GROUPS = 8


@dataclass(frozen=True)
class PixelScores:
    """What is said of V windows, at half of their resolution.

    Attributes
    ----------
    own : torch.Tensor
        ``(V, D, gh, gw)``: the tower's own unit vectors, in the space of the texts.
    fine : torch.Tensor
        ``(V, K, h, w)``: what is added to them, before it is brought into that space.
    ground : torch.Tensor
        ``(V, h, w)``: the logit of background.
    """

    own: Tensor
    fine: Tensor
    ground: Tensor


class FastNetwork(nn.Module):
    """Deep features and the picture itself say of each pixel how well any word fits.

    Edges come from the picture, through convolutions at a half, a quarter and an eighth of its resolution;
    what things are comes from the tower. The decoder adds a vector to the tower's own one, and begins by
    adding nothing: before the first step its answer is that of the teacher. The vectors themselves are never
    worked out for each pixel, as only their products with a few words are needed.

    Parameters
    ----------
    features : int
        F, the channels of `deep_features`.
    joint : int
        D, the length of the vectors of texts, which are the last D of the F channels.
    scale : float
        By which cosines are multiplied before a softmax, at the start.
    """

    def __init__(self, features: int, joint: int, scale: float) -> None:
        super().__init__()
        fine, middle, coarse = WIDTHS
        self.joint = joint
        self.fine = nn.Sequential(_step(3, fine, 2), _step(fine, fine))
        self.middle = nn.Sequential(_step(fine, middle, 2), _step(middle, middle))
        self.coarse = _step(middle, coarse, 2)
        self.deep = nn.Conv2d(features, coarse, 1)
        self.around = nn.Sequential(_step(coarse, coarse), _step(coarse, coarse, dilation=2))
        self.up_to_middle = _step(coarse + middle, middle)
        self.up_to_fine = _step(middle + fine, middle)
        self.change = nn.Parameter(torch.zeros(joint, middle))
        self.ground = nn.Conv2d(middle, 1, 1)
        self.log_scale = nn.Parameter(torch.tensor(scale).log())

    def forward(self, deep: Tensor, pictures: Tensor) -> PixelScores:
        """Look at windows.

        Parameters
        ----------
        deep : (V, F, gh, gw) tensor
            From `deep_features`.
        pictures : (V, 3, H, W) tensor
            The same windows, normalised as the tower takes them; H and W are multiples of 8.
        """
        fine = self.fine(pictures)
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        coarse = coarse + _resized(self.deep(deep), coarse)
        coarse = coarse + self.around(coarse)
        middle = self.up_to_middle(torch.cat([_resized(coarse, middle), middle], dim=1))
        last = self.up_to_fine(torch.cat([_resized(middle, fine), fine], dim=1))
        own = F.normalize(deep[:, -self.joint :], dim=1)
        return PixelScores(own, last, self.ground(last)[:, 0])

    def logits(self, scores: PixelScores, words: Tensor) -> Tensor:
        """Return logits ``(V, C + 1, h, w)``, background first, for words ``(C, D)``."""
        coarse = torch.einsum("cd,vdhw->vchw", words, scores.own)
        added = torch.einsum("ck,vkhw->vchw", words @ self.change, scores.fine)
        named = (_resized(coarse, added) + added) * self.log_scale.exp()
        return torch.cat([scores.ground[:, None], named], dim=1)

    def away(self, scores: PixelScores) -> Tensor:
        """Return how far the vectors of pixels are from the tower's own: the mean square of what is added."""
        gram = self.change.T @ self.change
        return torch.einsum("kl,vkhw,vlhw->vhw", gram, scores.fine, scores.fine).mean()


def _step(enters: int, leaves: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(enters, leaves, 3, stride, dilation, dilation, bias=False)
    return nn.Sequential(convolution, nn.GroupNorm(GROUPS, leaves), nn.GELU())


def _resized(maps: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(maps, like.shape[-2:], mode="bilinear", align_corners=False)
