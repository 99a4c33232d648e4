"""Relevance by replacing the last attention: a joint vector per patch, compared with each text vector.

``f_i = normalize(project(A v)_i)`` and the score is ``f_i . t_c``, where A is one of:

- MaskCLIP (Zhou et al., ECCV 2022): ``A = I``;
- ClearCLIP (Lan et al., ECCV 2024): ``A = softmax(s q q^T)``;
- NACLIP (Hajimiri et al., WACV 2025): ``A = softmax(s k k^T + w)``, ``w_ij = exp(-|p_i - p_j|^2 / (2 *
  5^2))`` in patches, 0 for the class token;
- SCLIP (Wang et al., ECCV 2024): ``A = softmax(s q q^T) + softmax(s k k^T)``, whose rows sum to 2.

SCLIP keeps the last residual and MLP, ``f_i = normalize(joint(block(x)_i))``; the others drop them
("reduced"). MaskCLIP's own code for vision transformers keeps them too; the reduced one is what ClearCLIP's
code has under that name, and the default here. The option ``reduced`` chooses, as in ClearCLIP's code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from napari_ovseg.errors import InputError
from napari_ovseg.models.clip.towers import LastAttention, Tower
from napari_ovseg.models.clip.towers.readout import merge_heads
from napari_ovseg.models.clip.trunk import TrunkStates


@dataclass(frozen=True)
class Edit:
    """What takes the place of the last attention's weights.

    Attributes
    ----------
    similarity : {"identity", "query", "key", "both"}
        Which tokens' self-similarity makes the weights; ``identity`` leaves every patch to itself, and
        ``both`` is the sum of that of queries and that of keys.
    sigma : float or None
        Width, in patches, of the Gaussian that favours neighbours; None for none.
    reduced : bool
        Whether the last residual and MLP are dropped.
    """

    similarity: Literal["identity", "query", "key", "both"]
    sigma: float | None = None
    reduced: bool = True


EDITS = {
    "maskclip": Edit("identity"),
    "clearclip": Edit("query"),
    "naclip": Edit("key", sigma=5.0),
    "sclip": Edit("both", reduced=False),
}


def dense_maps(tower: Tower, states: TrunkStates, text_vectors: Tensor, edit: Edit) -> Tensor:
    """Return the cosine of every patch with every category, ``(V, C, gh * gw)``, in [-1, 1].

    Parameters
    ----------
    tower : Tower
    states : TrunkStates
    text_vectors : (C, D) tensor
        Unit vectors.
    edit : Edit

    Raises
    ------
    InputError
        When the tower has no attention, or no block, that could be edited so.
    """
    attention = tower.last_attention(states.tokens, states.grid)
    mixed = merge_heads(edited(attention, states.grid, edit))
    if edit.reduced:
        joint = attention.project(mixed)
    elif tower.blocks:
        block = tower.blocks[-1]
        joint = tower.joint(block.feed(states.patches + block.project(mixed)))
    else:
        raise InputError("This model has no transformer block to edit: use the method explain or maskclip.")
    return torch.einsum("vnd,cd->vcn", F.normalize(joint, dim=-1), text_vectors)


def edited(attention: LastAttention, grid: tuple[int, int], edit: Edit) -> Tensor:
    """Return what every patch reads, ``A v``, ``(V, H, gh * gw, d)``.

    Raises
    ------
    InputError
        When the edit needs queries or keys and the tower has none.
    """
    prefix, values = attention.prefix, attention.values
    if edit.similarity == "identity":
        return values[:, :, prefix:]
    queries, keys = attention.queries, attention.keys
    if queries is None or keys is None:
        raise InputError("This model has no attention to edit: use the method explain or maskclip with it.")
    sides = {"query": [queries], "key": [keys], "both": [queries, keys]}[edit.similarity]
    total = torch.zeros_like(values[:, :, prefix:])
    for side in sides:
        logits = side[:, :, prefix:] * side.shape[-1] ** -0.5 @ side.transpose(-2, -1)
        if edit.sigma is not None:
            logits[..., prefix:] += neighbourhood(grid, edit.sigma).to(logits)
        total = total + logits.softmax(dim=-1) @ values
    return total


def neighbourhood(grid: tuple[int, int], sigma: float) -> Tensor:
    """Return ``w_ij = exp(-|p_i - p_j|^2 / (2 sigma^2))`` for all patches of a grid, ``(n, n)`` in (0, 1]."""
    rows, columns = torch.meshgrid(torch.arange(grid[0]), torch.arange(grid[1]), indexing="ij")
    places = torch.stack([rows.flatten(), columns.flatten()], dim=1).double()
    return torch.exp(-(torch.cdist(places, places) ** 2) / (2 * sigma**2))
