"""Relevance by class activation with competing background, spread by attention: CLIP-ES.

Lin et al., "CLIP is Also an Efficient Segmenter" (CVPR 2023). The image vector is that of the mean of the
patches; the categories and the background words share a softmax before the gradient, so that they compete;
Grad-CAM is taken at the first norm of the last block, and spreads over the mean attention of the last eight
blocks, inside boxes around what is above 0.4 of its maximum.

Where the paper leaves open what the authors' code does, the code is followed: the map is stretched to [0, 1]
before it spreads; the boxes come from the map in steps of 1/255, and one that touches the last row or column
leaves it out.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

from napari_ovseg.clip.towers import Tower
from napari_ovseg.clip.towers.readout import attention_weights, merge_heads
from napari_ovseg.clip.trunk import TrunkStates
from napari_ovseg.errors import InputError

BACKGROUND_WORDS = (
    "ground", "land", "grass", "tree", "building", "wall", "sky", "lake", "water", "river", "sea", "railway",
    "railroad", "keyboard", "helmet", "cloud", "house", "mountain", "ocean", "road", "rock", "street",
    "valley", "bridge", "sign",
)  # fmt: skip
"""The paper's background words for photos; those that the user typed drop out."""

BLOCKS = 8
BOX_THRESHOLD = 0.4
NORMALISATIONS = 3


def cam_maps(
    tower: Tower, states: TrunkStates, text_vectors: Tensor, scale: Tensor, background: Tensor | None
) -> Tensor:
    """Return CLIP-ES's refined activation maps.

    Parameters
    ----------
    tower : Tower
    states : TrunkStates
        With ``levels``.
    text_vectors : (C, D) tensor
        Unit vectors of the categories.
    scale : tensor
        The model's logit scale.
    background : (B, D) tensor or None
        Unit vectors of what competes but gets no map.

    Returns
    -------
    (V, C, gh * gw) tensor, >= 0

    Raises
    ------
    InputError
        When the tower has no transformer blocks, or reads its patches by an attention pool.
    """
    if not tower.blocks or tower.pooling == "attention":
        raise InputError(
            "The method cam needs a transformer whose patches can be averaged, which this model isn't: "
            "use explain."
        )
    rivals = text_vectors if background is None else torch.cat([text_vectors, background])
    activations = activation_maps(tower, states, rivals, scale, len(text_vectors))
    affinity = attention_affinity(tower, states)
    inside = torch.stack([torch.stack([boxes(one, states.grid) for one in view]) for view in activations])
    return torch.einsum("vij,vcj->vci", affinity, activations * inside)


def activation_maps(tower: Tower, states: TrunkStates, rivals: Tensor, scale: Tensor, count: int) -> Tensor:
    """Return Grad-CAM of the first ``count`` rivals, each stretched to [0, 1], ``(V, count, gh * gw)``.

    Only the rows of the patches leave the last block; its forward pass serves all categories.
    """
    block, prefix = tower.blocks[-1], states.prefix
    normed = block.norm(states.tokens).detach()
    with torch.enable_grad():
        normed.requires_grad_()
        q, k, v = block.qkv(normed)
        attention = attention_weights(q[:, :, prefix:], k)
        leaving = block.feed(states.patches + block.project(merge_heads(attention @ v)))
        image = F.normalize(tower.averaged(leaving), dim=-1)
        shares = (scale.detach() * image @ rivals.T).softmax(dim=-1).sum(dim=0).unbind()
    patches = normed.detach()[:, prefix:]
    maps = []
    for share in shares[:count]:
        (gradient,) = torch.autograd.grad(share, normed, retain_graph=True)
        weights = gradient[:, prefix:].mean(dim=1)
        maps.append(torch.einsum("vnw,vw->vn", patches, weights).relu())
    raw = torch.stack(maps, dim=1)
    raw = raw - raw.amin(dim=-1, keepdim=True)
    top = raw.amax(dim=-1, keepdim=True)
    return raw / torch.where(top > 0, top, 1)


def attention_affinity(tower: Tower, states: TrunkStates) -> Tensor:
    """Return how patches belong together, ``(V, n, n)``: attention, made doubly stochastic, two steps."""
    prefix, total = states.prefix, states.tokens.new_zeros(())
    last = list(zip(tower.blocks, states.levels, strict=True))[-BLOCKS:]
    for block, tokens in last:
        q, k, _ = block.qkv(block.norm(tokens))
        weights = attention_weights(q[:, :, prefix:], k)[..., prefix:]
        total = total + weights.mean(dim=1) / len(last)
    for _ in range(NORMALISATIONS):
        total = total / total.sum(dim=-2, keepdim=True)
        total = total / total.sum(dim=-1, keepdim=True)
    total = (total + total.transpose(-2, -1)) / 2
    return total @ total


def boxes(activation: Tensor, grid: tuple[int, int]) -> Tensor:
    """Mark the boxes around the connected parts above 0.4 of the maximum, ``(n,)`` of zeros and ones."""
    steps = (activation.detach().cpu().reshape(grid).numpy() * 255).astype(np.uint8)
    parts, _ = ndimage.label(steps > int(BOX_THRESHOLD * steps.max()), structure=np.ones((3, 3)))
    marked = torch.zeros(grid)
    for rows, columns in ndimage.find_objects(parts):
        marked[rows.start : min(rows.stop, grid[0] - 1), columns.start : min(columns.stop, grid[1] - 1)] = 1
    return marked.flatten().to(activation)
