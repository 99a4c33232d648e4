"""Relevance by generic attention explainability on the last block, for all categories in one closed form.

Chefer, Gur & Wolf, "Generic Attention-model Explainability for Interpreting Bi-Modal and Encoder-Decoder
Transformers" (ICCV 2021), equations 5 and 6: ``A_bar = mean_heads(relu(dy/dA * A))`` and ``R = I + A_bar``,
of which the map is the pooled row. Only that row of A matters, and the rest of the network is a function of
what the row reads, ``o = A v``; so ``dy/dA = dy/do . v``, and the only backward passes are those of the
tail, a single token long.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from napari_ovseg.clip.towers import Readout

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
