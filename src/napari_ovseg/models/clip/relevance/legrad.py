"""Relevance by the gradient of what each of the last layers adds up to, by that layer's attention: LeGrad.

Bousselham et al., "LeGrad: An Explainability Method for Vision Transformers via Feature Formation
Sensitivity" (ICCV 2025). The score of a layer is the cosine of the text with the mean of the tokens that
leave it, normed and projected as the network does at its end. Its gradient by the attention of that layer,
where positive, is averaged over heads and over the rows of all tokens; the layers add up. Where an attention
pool reads the patches, it reads what leaves each of the layers instead, and the gradient is that by its
attention.

The authors' code (``WalBouss/LeGrad``) is followed where the paper says otherwise or leaves a choice: two
layers, the last ones; the class token counts in the mean, which is taken before the norm; SigLIP's pool reads
tokens without the norm that the network has before it; CoCa's score is the product, without the last norm,
not the cosine. For SigLIP their code also empties cells where a prompt without a name, "a photo of a", is
above 0.8 of the span of its own map: here where that prompt's vector is given as background.

Nothing goes back through more than one block, and most of the way is shared. The gradient by an attention is
that by what it read, times the values; all rows of the mean have one gradient, so one row for each category
goes back through the second half of the MLP, which is linear.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from napari_ovseg.errors import InputError
from napari_ovseg.models.clip.relevance.patch_weights import backwards
from napari_ovseg.models.clip.towers import Readout, Tower
from napari_ovseg.models.clip.towers.readout import Block, attention_weights, merge_heads
from napari_ovseg.models.clip.trunk import TrunkStates

LAYERS = 2
EMPTIED_ABOVE = 0.8


def legrad_maps(
    tower: Tower, states: TrunkStates, text_vectors: Tensor, background: Tensor | None = None
) -> Tensor:
    """Return the sum over the last layers of the positive gradients, ``(V, C, gh * gw)``, >= 0.

    Parameters
    ----------
    tower : Tower
    states : TrunkStates
        With ``levels``.
    text_vectors : (C, D) tensor
        Unit vectors.
    background : (B, D) tensor, optional
        Unit vectors of prompts without a name, for towers with an attention pool.

    Raises
    ------
    InputError
        When the tower has no transformer blocks, or a background but no attention pool.
    """
    if not tower.blocks:
        raise InputError("The method legrad needs transformer blocks, which this model lacks: use explain.")
    layers = list(zip(tower.blocks, states.levels, strict=True))[-LAYERS:]
    if tower.pooling == "attention":
        readings = [tower.pool_readout(block.whole(x)) for block, x in layers]
        maps = sum_of_pools(readings, text_vectors)
        if background is None:
            return maps
        return maps.masked_fill(emptied(sum_of_pools(readings, background))[:, None], 0)
    if background is not None:
        raise InputError("In the method legrad only an attention pool has a background: leave it out.")
    maps = torch.stack([block_gradients(tower, block, x, text_vectors) for block, x in layers]).sum(dim=0)
    return maps[..., states.prefix :]


def emptied(maps: Tensor) -> Tensor:
    """Tell where prompts without a name ``(V, B, n)`` are high, each on its own span: ``(V, n)`` bool."""
    low, high = maps.amin(dim=-1, keepdim=True), maps.amax(dim=-1, keepdim=True)
    return (maps - low > EMPTIED_ABOVE * (high - low)).any(dim=1)


def sum_of_pools(readings: list[Readout], text_vectors: Tensor) -> Tensor:
    """Return the sum of the positive gradients by a pool's attention to several layers."""
    return torch.stack([pool_gradients(reading, text_vectors) for reading in readings]).sum(dim=0)


def pool_gradients(reading: Readout, text_vectors: Tensor) -> Tensor:
    """Return the positive gradients by a pool's attention, mean over the heads, ``(V, C, gh * gw)``."""
    read = reading.read().detach()
    with torch.enable_grad():
        copies = read.expand(len(text_vectors), *read.shape).clone().requires_grad_()
        scores = torch.einsum("cvd,cd->cv", reading.tail(copies), text_vectors)
        (gradients,) = torch.autograd.grad(scores.sum(), copies)
    by_read = gradients.unflatten(-1, (reading.values.shape[1], -1))
    slopes = torch.einsum("cvrhd,vhnd->vchrn", by_read, reading.values)
    return slopes.relu().mean(dim=(2, 3))[..., reading.prefix :]


def block_gradients(tower: Tower, block: Block, tokens: Tensor, text_vectors: Tensor) -> Tensor:
    """Return the positive gradients by a block's attention, mean over heads and rows, ``(V, C, N)``."""
    q, k, v = block.qkv(block.norm(tokens))
    read = merge_heads(attention_weights(q, k) @ v).detach()
    with torch.enable_grad():
        read.requires_grad_()
        entering = tokens + block.project(read)
        risen = block.rise(entering)
    leaving = (entering + block.fall(risen.detach())).detach()
    slopes, sizes = mean_gradients(tower, leaving.mean(dim=1), text_vectors)
    maps = []
    for end in ends_of(block, slopes, entering, risen):
        (gradient,) = torch.autograd.grad((entering, risen), read, end, retain_graph=True)
        by_read = gradient.unflatten(-1, (v.shape[1], -1))
        maps.append(torch.einsum("vrhd,vhnd->vhrn", by_read, v).relu().mean(dim=(1, 2)))
    return torch.stack(maps, dim=1).to(sizes) * (sizes / tokens.shape[1])


def mean_gradients(tower: Tower, mean: Tensor, text_vectors: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradient of every cosine by the mean of the tokens, ``(V, C, W)``, as direction and size.

    The largest is 1, as half precision has no room for small ones; the sizes are ``(V, C, 1)``.
    """
    wide = torch.promote_types(mean.dtype, torch.float32)
    with torch.enable_grad():
        mean = mean.detach().requires_grad_()
        image = F.normalize(tower.of_mean(tower.closing(mean)), dim=-1)
        cosines = (image @ text_vectors.T).sum(dim=0).unbind()
    found = [torch.autograd.grad(one, mean, retain_graph=True)[0].to(wide) for one in cosines]
    slopes = torch.stack(found, dim=1)
    sizes = slopes.abs().amax(dim=-1, keepdim=True)
    return (slopes / sizes.clamp_min(torch.finfo(wide).tiny)).to(mean), sizes


def ends_of(block: Block, slopes: Tensor, entering: Tensor, risen: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield, for each category, its gradient by what enters the MLP past it, and by what is halfway in it."""
    halfway = backwards(block.fall, slopes, risen.shape[-1])
    for past, half in zip(slopes.unbind(dim=1), halfway.unbind(dim=1), strict=True):
        yield past[:, None].expand_as(entering), half[:, None].expand_as(risen)
