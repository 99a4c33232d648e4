"""Relevance by generic attention explainability on the last block, for all categories in one closed form.

Chefer, Gur & Wolf, "Generic Attention-model Explainability for Interpreting Bi-Modal and Encoder-Decoder
Transformers" (ICCV 2021), equations 5 and 6: ``A_bar = mean_heads(relu(dy/dA * A))`` and ``R = I + A_bar``,
of which the map is the pooled row. Only that row of A matters, and the rest of the network is a function of
what the row reads, ``o = A v``; so ``dy/dA = dy/do . v``, and the only backward passes are those of the
tail, a single token long.

Convolutional towers have no such row: they are explained by Grad-CAM (Selvaraju et al., ICCV 2017).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from napari_ovseg.errors import InputError
from napari_ovseg.models.clip.towers import Readout, Tower
from napari_ovseg.models.clip.towers.readout import attention_weights, merge_heads
from napari_ovseg.models.clip.trunk import TrunkStates

CHUNK_ELEMENTS = 2**25
"""Categories go in groups, so that ``dy/dA`` stays near 128 MB where the tower averages many rows."""


def explain_maps(reading: Readout, text_vectors: Tensor, scale: Tensor) -> Tensor:
    """Return the pooled row of ``A_bar`` over the patches, for every view and category.

    Parameters
    ----------
    reading : Readout
    text_vectors : (C, D) tensor
        Unit vectors.
    scale : tensor
        The model's logit scale: ``y_c = scale * cos(image, t_c)``. A logit bias has no gradient, so it has
        no part.

    Returns
    -------
    (V, C, gh * gw) tensor, >= 0
        The mean over the R rows where the tower averages several.
    """
    attention, values = reading.attention, reading.values
    group = max(1, CHUNK_ELEMENTS // attention.numel())
    maps = []
    for vectors in text_vectors.split(group):
        gradients = score_gradients(reading, vectors, scale)
        slopes = torch.einsum("cvrhd,vhnd->vchrn", gradients, values)
        maps.append((slopes * attention[:, None]).relu().mean(dim=(2, 3)))
    return torch.cat(maps, dim=1)[..., reading.prefix :]


def score_gradients(reading: Readout, text_vectors: Tensor, scale: Tensor) -> Tensor:
    """Return ``dy_c/do``, ``(C, V, R, H, d)``: the tail runs on one copy of its input per category."""
    read = reading.read()
    heads = reading.values.shape[1]
    with torch.enable_grad():
        copies = read.detach().expand(len(text_vectors), *read.shape).clone().requires_grad_()
        image = F.normalize(reading.tail(copies), dim=-1)
        scores = scale.detach() * torch.einsum("cvd,cd->cv", image, text_vectors.detach())
        (gradients,) = torch.autograd.grad(scores.sum(), copies)
    return gradients.unflatten(-1, (heads, -1))


def grad_cam_maps(tower: Tower, states: TrunkStates, text_vectors: Tensor, scale: Tensor) -> Tensor:
    """Return Grad-CAM of the last feature map: ``relu(sum_k F_k * mean over cells of dy/dF_k)``.

    Everything after that map, an attention pool included, is differentiated, once for each category.

    Parameters
    ----------
    tower : Tower
        Without blocks.
    states : TrunkStates
    text_vectors : (C, D) tensor
    scale : tensor
        The model's logit scale.

    Returns
    -------
    (V, C, gh * gw) tensor, >= 0
    """
    with torch.enable_grad():
        features = states.tokens.detach().requires_grad_()
        reading = tower.readout(features, states.grid)
        image = F.normalize(reading.tail(reading.read()), dim=-1)
        scores = (scale.detach() * image @ text_vectors.T).sum(dim=0).unbind()
    maps = []
    for score in scores:
        (gradients,) = torch.autograd.grad(score, features, retain_graph=True)
        maps.append(torch.einsum("vnk,vk->vn", features.detach(), gradients.mean(dim=1)).relu())
    return torch.stack(maps, dim=1)


def rollout_maps(
    tower: Tower, states: TrunkStates, text_vectors: Tensor, scale: Tensor, start: int
) -> Tensor:
    """Return the class token's row of ``R = (I + A_bar_L) ... (I + A_bar_start)`` over the patches.

    Blocks count from 0, as ``start_layer`` in the authors' notebook. Every block of every category needs its
    own gradient, so this costs about one backward pass through those blocks per category; of the products,
    only one row is computed.

    Parameters
    ----------
    tower : Tower
    states : TrunkStates
        With ``levels``.
    text_vectors : (C, D) tensor
    scale : tensor
        The model's logit scale.
    start : int
        First block that is explained, 0 to L - 1.

    Returns
    -------
    (V, C, gh * gw) tensor, >= 0

    Raises
    ------
    InputError
        When the tower has no class token, or ``start`` is no block of it.
    """
    if tower.pooling != "token":
        raise InputError(
            "Explaining deeper blocks needs a class token, which this model lacks: drop start_block."
        )
    if not 0 <= start < len(tower.blocks):
        raise InputError(f"There is no block {start}: start_block goes from 0 to {len(tower.blocks) - 1}.")
    attentions = []
    with torch.enable_grad():
        tokens = states.levels[start].detach().requires_grad_()
        for block in tower.blocks[start:-1]:
            q, k, v = block.qkv(block.norm(tokens))
            attentions.append(attention_weights(q, k))
            tokens = block.feed(tokens + block.project(merge_heads(attentions[-1] @ v)))
        reading = tower.readout(tokens, states.grid)
        attentions.append(reading.attention)
        image = F.normalize(reading.tail(reading.read()), dim=-1)
        scores = (scale.detach() * image @ text_vectors.T).sum(dim=0).unbind()
    maps = []
    for score in scores:
        gradients = torch.autograd.grad(score, attentions, retain_graph=True)
        bars = [(g * a).relu().mean(dim=1) for g, a in zip(gradients, attentions, strict=True)]
        row = bars.pop().detach()
        row[..., 0] += 1
        for bar in reversed(bars):
            row = row + row @ bar.detach()
        maps.append(row[:, 0, reading.prefix :])
    return torch.stack(maps, dim=1)
