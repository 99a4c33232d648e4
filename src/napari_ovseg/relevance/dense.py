"""Relevance by replacing the last attention: a joint vector per patch, compared with each text vector.

``f_i = normalize(project(A v)_i)`` and the score is ``f_i . t_c``, where the last residual and MLP are
dropped ("reduced") and A is one of:

- MaskCLIP (Zhou et al., ECCV 2022): ``A = I``;
- ClearCLIP (Lan et al., ECCV 2024): ``A = softmax(s q q^T)``;
- NACLIP (Hajimiri et al., WACV 2025): ``A = softmax(s k k^T + w)``, ``w_ij = exp(-|p_i - p_j|^2 / (2 *
  5^2))`` in
  patches, 0 for the class token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from napari_ovseg.clip.towers import LastAttention
from napari_ovseg.clip.towers.readout import merge_heads
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


def neighbourhood(grid: tuple[int, int], sigma: float) -> Tensor:
    """Return ``w_ij = exp(-|p_i - p_j|^2 / (2 sigma^2))`` for all patches of a grid, ``(n, n)`` in (0, 1]."""
    rows, columns = torch.meshgrid(torch.arange(grid[0]), torch.arange(grid[1]), indexing="ij")
    places = torch.stack([rows.flatten(), columns.flatten()], dim=1).double()
    return torch.exp(-(torch.cdist(places, places) ** 2) / (2 * sigma**2))
