"""Grouping blocks: tokens choose one group each, and a group takes up the mean of those that chose it.

As in GroupViT (Xu et al., CVPR 2022), which ZeroSeg takes over.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

# a group that nothing chose takes up nothing; one that a single token chose has a sum of 1, but for rounding
LEAST_SUM = 0.5


def assign(logits: Tensor, noise: Tensor | None = None) -> Tensor:
    """Give each token to the group of its highest logit.

    The gradient is that of the softmax over groups: the straight-through estimator.

    Parameters
    ----------
    logits : (B, G, n) tensor
        Of n tokens for G groups.
    noise : (B, G, n) tensor, optional
        Added to the logits: Gumbel's, in training.

    Returns
    -------
    (B, G, n) tensor
        1 for the group of a token and 0 for the others, up to rounding.
    """
    soft = (logits if noise is None else logits + noise).softmax(1)
    hard = torch.zeros_like(soft).scatter_(1, soft.argmax(1, keepdim=True), 1.0)
    return hard - soft.detach() + soft


def gumbel_noise(shape: tuple[int, ...], chance: torch.Generator) -> Tensor:
    """Return Gumbel noise, ``-log(-log u)`` of uniform u; float32 on the CPU."""
    uniform = torch.rand(shape, generator=chance).clamp(1e-6, 1 - 1e-6)
    return -torch.log(-torch.log(uniform))


class GroupingBlock(nn.Module):
    """``g <- g + W_o sum(A W_v x) / sum(A)``, where A follows from the products ``W_q g . W_k x``.

    Parameters
    ----------
    width : int
        Of the tokens and of the groups.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.of_groups, self.of_tokens = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)
        self.value, self.output = nn.Linear(width, width), nn.Linear(width, width)

    def logits(self, groups: Tensor, tokens: Tensor) -> Tensor:
        """Return how well each token ``(B, n, W)`` suits each group ``(B, G, W)``, ``(B, G, n)``."""
        wanted, offered = self.query(self.of_groups(groups)), self.key(self.of_tokens(tokens))
        return torch.as_tensor(wanted @ offered.transpose(1, 2) * groups.shape[-1] ** -0.5)

    def taken_up(self, groups: Tensor, tokens: Tensor, chosen: Tensor) -> Tensor:
        """Return the groups with the mean of the tokens that chose each, ``(B, G, W)``.

        ``chosen (B, G, n)`` is from `assign`.
        """
        values = chosen @ self.value(self.of_tokens(tokens))
        mean = values / chosen.sum(2, keepdim=True).clamp_min(LEAST_SUM)
        return groups + torch.as_tensor(self.output(mean))
