"""Relevance by class activation with competing background, spread by attention: CLIP-ES.

Lin et al., "CLIP is Also an Efficient Segmenter" (CVPR 2023). The image vector is that of the mean of the
patches; the categories and the background words share a softmax before the gradient, so that they compete;
Grad-CAM is taken at the first norm of the last block, and spreads over the mean attention of the last eight
blocks, inside boxes around what is above 0.4 of its maximum.

Where the paper leaves open what the authors' code does, the code is followed: the map is stretched to [0, 1]
before it spreads, twice, each time by its span and 1e-7 more, so that what is all but zero becomes nothing
and no map quite reaches 1; the boxes come from the map in steps of 1/255, of which 254 is thus the highest
and 102 the first above 0.4 of it, and a box that touches the last row or column leaves it out.

Where there is but one category and no background, nothing competes: the scores themselves are explained.
Where there is but one row or column of patches, boxes keep it.

Words of one category don't compete with each other: each has a map, weighed by its share of the category's
share, and they are stretched on one scale.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

from napari_ovseg.errors import InputError
from napari_ovseg.models.clip.relevance.patch_weights import patch_weights
from napari_ovseg.models.clip.towers import Tower
from napari_ovseg.models.clip.trunk import TrunkStates

BOX_THRESHOLD = 0.4
LEAST_SPAN = 1e-7
NORMALISATIONS = 3


def cam_maps(
    tower: Tower,
    states: TrunkStates,
    text_vectors: Tensor,
    scale: Tensor,
    background: Tensor | None,
    owners: Tensor | None = None,
) -> Tensor:
    """Return CLIP-ES's refined activation maps.

    Parameters
    ----------
    tower : Tower
    states : TrunkStates
        With ``attention``.
    text_vectors : (C, D) tensor
        Unit vectors of the categories.
    scale : tensor
        The model's logit scale.
    background : (B, D) tensor or None
        Unit vectors of what competes but gets no map.
    owners : (C,) integer tensor, optional
        The category of each text vector; each is its own by default.

    Returns
    -------
    (V, C, gh * gw) tensor, >= 0

    Raises
    ------
    InputError
        When the tower has no transformer blocks, or reads its patches by an attention pool; when the states
        lack their attention.
    """
    if not tower.blocks or tower.pooling == "attention":
        raise InputError(
            "The method cam needs a transformer whose patches can be averaged, which this model isn't: "
            "use explain."
        )
    if states.attention is None:
        raise InputError("The method cam reads how patches attend: keep the attention of the trunk states.")
    rivals = text_vectors if background is None else torch.cat([text_vectors, background])
    owners = torch.arange(len(text_vectors)) if owners is None else owners
    activations = activation_maps(tower, states, rivals, scale, owners)
    affinity = attention_affinity(states.attention)
    inside = torch.stack([torch.stack([boxes(one, states.grid) for one in view]) for view in activations])
    return torch.einsum("vij,vcj->vci", affinity, (activations * inside).to(affinity))


def activation_maps(
    tower: Tower, states: TrunkStates, rivals: Tensor, scale: Tensor, owners: Tensor
) -> Tensor:
    """Return Grad-CAM of the first rivals, one for each owner, each category on [0, 1], ``(V, C, gh * gw)``.

    Only the rows of the patches leave the last block; one pass through it, and most of the way back, serve
    all categories.
    """
    wide = torch.promote_types(states.tokens.dtype, torch.float32)

    def slopes_of(mean: Tensor) -> Tensor:
        with torch.enable_grad():
            mean = mean.detach().requires_grad_()
            logits = scale.detach() * F.normalize(tower.of_mean(mean), dim=-1) @ rivals.T
        shares = share_gradients(logits.detach().to(wide), owners)
        # the largest goes back as 1: half precision has no room for what moves an all but certain share
        sizes = shares.abs().amax(dim=-1, keepdim=True)
        largest = (shares / sizes.clamp_min(torch.finfo(wide).tiny)).to(logits).unbind(dim=1)
        slopes = [torch.autograd.grad(logits, mean, share, retain_graph=True)[0] for share in largest]
        return torch.stack(slopes, dim=1) * sizes

    patches, weights = patch_weights(tower, states, slopes_of)
    raw = torch.einsum("vnw,vcw->vcn", patches.to(wide), weights).relu()
    return torch.stack([stretched(raw, owners == owner, row) for row, owner in enumerate(owners)], dim=1)


def share_gradients(logits: Tensor, owners: Tensor) -> Tensor:
    """Return what each word adds to the gradient of its category's share, by the logits: ``(V, C, R)``.

    The share of a category is the sum of those of its words, in a softmax over all rivals. Summed over the
    words of a category this is the gradient of that share; of a category of one word it is the softmax's.
    Where all words are of one category its share is always 1, so each word's own logit is taken.
    """
    count = len(owners)
    others = torch.arange(count, logits.shape[1]) + int(owners.max()) + 1
    everyone = torch.cat([owners.cpu(), others])
    same = (everyone[:count, None] == everyone).to(logits)
    if same.all():
        return torch.eye(count).to(logits).expand(len(logits), -1, -1)
    shares = logits.softmax(dim=-1)
    # not 1 - the category's share: where a name is all but certain, rounding would leave nothing of that
    of_others = shares @ (1 - same).T
    own = torch.eye(count, logits.shape[1]).to(logits) * of_others[..., None]
    return shares[:, :count, None] * (own - shares[:, None] * (1 - same))


def stretched(raw: Tensor, own: Tensor, row: int) -> Tensor:
    """One map of ``(V, C, n)`` from the lowest to the highest value of its category's best, ``own``."""
    best = raw[:, own].amax(dim=1)
    low = best.amin(dim=-1, keepdim=True)
    top = best.amax(dim=-1, keepdim=True) - low
    once = (raw[:, row] - low).clamp_min(0) / (top + LEAST_SPAN)
    return once / (top / (top + LEAST_SPAN) + LEAST_SPAN)


def attention_affinity(attention: Tensor) -> Tensor:
    """Return how patches belong together, ``(V, n, n)``: attention, made doubly stochastic, two steps."""
    total = attention
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
        lowest, rightmost = (max(side - 1, 1) for side in grid)
        marked[rows.start : min(rows.stop, lowest), columns.start : min(columns.stop, rightmost)] = 1
    return marked.flatten().to(activation)
