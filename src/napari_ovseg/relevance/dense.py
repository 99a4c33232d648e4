"""Relevance by replacing the last attention: a joint vector per patch, compared with each text vector.

``f_i = normalize(project(A v)_i)`` and the score is ``f_i . t_c``, where the last residual and MLP are
dropped ("reduced") and A is one of:

- MaskCLIP (Zhou et al., ECCV 2022): ``A = I``;
- ClearCLIP (Lan et al., ECCV 2024): ``A = softmax(s q q^T)``;
- NACLIP (Hajimiri et al., WACV 2025): ``A = softmax(s k k^T + w)``, ``w_ij = exp(-|p_i - p_j|^2 / (2 *
  5^2))`` in
  patches, 0 for the class token;
- SCLIP (Wang et al., ECCV 2024): ``A = softmax(s q q^T) + softmax(s k k^T)``, whose rows sum to 2, with the
  residual and the MLP kept: ``f_i = normalize(joint(block(x)_i))``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from napari_ovseg.clip.towers import LastAttention, Tower
from napari_ovseg.clip.towers.readout import attention_weights, merge_heads
from napari_ovseg.clip.trunk import TrunkStates
from napari_ovseg.errors import InputError


@dataclass(frozen=True)
class Edit:
    """What takes the place of the last attention's weights.

    Attributes
    ----------
    similarity : {"identity", "query", "key"}
        Which tokens' self-similarity makes the weights; ``identity`` leaves every patch to itself.
    sigma : float or None
        Width, in patches, of the Gaussian that favours neighbours; None for none.
    """

    similarity: Literal["identity", "query", "key"]
    sigma: float | None = None


EDITS = {
    "maskclip": Edit("identity"),
    "clearclip": Edit("query"),
    "naclip": Edit("key", sigma=5.0),
}


def dense_maps(attention: LastAttention, grid: tuple[int, int], text_vectors: Tensor, edit: Edit) -> Tensor:
    """Return the cosine of every patch with every category, ``(V, C, gh * gw)``, in [-1, 1].

    Parameters
    ----------
    attention : LastAttention
    grid : (gh, gw)
    text_vectors : (C, D) tensor
        Unit vectors.
    edit : Edit
    """
    return torch.einsum("vnd,cd->vcn", patch_vectors(attention, grid, edit), text_vectors)


def patch_vectors(attention: LastAttention, grid: tuple[int, int], edit: Edit) -> Tensor:
    """Return one unit vector per patch in the joint space, ``(V, gh * gw, D)``.

    Raises
    ------
    InputError
        When the edit needs queries or keys and the tower has none.
    """
    prefix, values = attention.prefix, attention.values
    if edit.similarity == "identity":
        return F.normalize(attention.project(merge_heads(values[:, :, prefix:])), dim=-1)
    side = attention.queries if edit.similarity == "query" else attention.keys
    if side is None:
        raise InputError("This model has no attention to edit: use the method explain or maskclip with it.")
    logits = side[:, :, prefix:] * side.shape[-1] ** -0.5 @ side.transpose(-2, -1)
    if edit.sigma is not None:
        logits[..., prefix:] += neighbourhood(grid, edit.sigma).to(logits)
    return F.normalize(attention.project(merge_heads(logits.softmax(dim=-1) @ values)), dim=-1)


def sclip_maps(tower: Tower, states: TrunkStates, text_vectors: Tensor) -> Tensor:
    """Return SCLIP's cosines, ``(V, C, gh * gw)`` in [-1, 1].

    Raises
    ------
    InputError
        When the tower has no transformer blocks.
    """
    if not tower.blocks:
        raise InputError("This model has no transformer block to edit: use the method explain or maskclip.")
    block, patches = tower.blocks[-1], states.patches
    q, k, v = block.qkv(block.norm(states.tokens))
    of_queries, of_keys = (attention_weights(side[:, :, states.prefix :], side) for side in (q, k))
    leaving = block.feed(patches + block.project(merge_heads((of_queries + of_keys) @ v)))
    return torch.einsum("vnd,cd->vcn", F.normalize(tower.joint(leaving), dim=-1), text_vectors)


def neighbourhood(grid: tuple[int, int], sigma: float) -> Tensor:
    """Return ``w_ij = exp(-|p_i - p_j|^2 / (2 sigma^2))`` for all patches of a grid, ``(n, n)`` in (0, 1]."""
    rows, columns = torch.meshgrid(torch.arange(grid[0]), torch.arange(grid[1]), indexing="ij")
    places = torch.stack([rows.flatten(), columns.flatten()], dim=1).double()
    return torch.exp(-(torch.cdist(places, places) ** 2) / (2 * sigma**2))
