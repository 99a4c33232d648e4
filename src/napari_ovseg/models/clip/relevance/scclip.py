"""Relevance by self-calibrated CLIP: SC-CLIP.

Bai et al., "Self-Calibrated CLIP for Training-Free Open-Vocabulary Segmentation" (2024). Patches that stand
out from the rest after the last block but one (by local outlier factor) are replaced by the mean of their
neighbours; features are averaged over patches that a middle block finds alike; the last attention is the mean
of key-key attention and that likeness; and the same is done with the sum of several levels, and added.

The authors' code is followed where it differs from the text or the text is silent: distances are squared, and
a patch's density is one over its own k-th distance (so its reachability doesn't depend on the neighbour); the
last block's output keeps 0.3 of the class token; likeness under 0.4 counts as none. Its levels, for twelve
blocks, are the outputs of blocks 9 (middle), 4 (after) and 4 to 10 (sum).

Ours: other depths take those levels in proportion; views of 30 patches or fewer take half of them as
neighbours; on views that aren't square, where their code divides by the number of rows and so mends other
patches than the outliers, the outliers are mended.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from napari_ovseg.errors import InputError
from napari_ovseg.models.clip.towers import Tower
from napari_ovseg.models.clip.towers.readout import Block, attention_weights, merge_heads
from napari_ovseg.models.clip.trunk import TrunkStates

NEIGHBOURS = 30
OUTLIERS = 0.05
LIKE = 0.4
SHARPNESS = 3.0
CLASS_SHARE = 0.3
MIDDLE, AFTER, LAST_LEVEL = 9 / 12, 4 / 12, 10 / 12


def scclip_maps(tower: Tower, states: TrunkStates, text_vectors: Tensor) -> Tensor:
    """Return the cosine of every patch with every category, ``(V, C, gh * gw)`` in [-1, 1].

    Parameters
    ----------
    tower : Tower
    states : TrunkStates
        With ``levels``.
    text_vectors : (C, D) tensor
        Unit vectors.

    Raises
    ------
    InputError
        When the tower has no class token or fewer than three blocks, or the view fewer than two patches.
    """
    if tower.pooling != "token" or len(tower.blocks) < 3:
        raise InputError(
            "The method scclip needs a vision transformer with a class token, which this model isn't: use "
            "explain or maskclip."
        )
    if states.grid[0] * states.grid[1] < 2:
        raise InputError("The method scclip needs a view of two patches or more: use a larger one.")
    vectors = torch.cat([patch_vectors(tower, states, view) for view in range(len(states.tokens))])
    return torch.einsum("vnd,cd->vcn", vectors, text_vectors)


def patch_vectors(tower: Tower, states: TrunkStates, view: int) -> Tensor:
    """Return one unit vector per patch of the view of a number, ``(1, gh * gw, D)``."""
    depth, prefix, block = len(tower.blocks), states.prefix, tower.blocks[-1]
    # what enters block i is what block i - 1 put out
    levels = [level[view : view + 1] for level in states.levels]
    outliers = outlying(levels[-1][0, prefix:])
    middle = inpainted(levels[round(MIDDLE * depth)][:, prefix:], outliers, states.grid)
    alike = likeness(middle)
    last = aggregated(inpainted(levels[-1][:, prefix:], outliers, states.grid), alike)
    after = likeness(levels[round(AFTER * depth)][:, prefix:])
    several = torch.stack(levels[round(AFTER * depth) : round(LAST_LEVEL * depth) + 1]).sum(dim=0)
    found = aggregated(calibrated(block, last, levels[-1][:, :1], alike), after)
    found = found + aggregated(calibrated(block, several[:, prefix:], several[:, :1], alike), after)
    return F.normalize(tower.joint(found), dim=-1)


def outlying(patches: Tensor) -> Tensor:
    """Tell which of ``(n, W)`` patches stand out, ``(n,)`` bool: the top 5 % by local outlier factor."""
    # half precision has no cdist, and no room for squares
    patches = patches.to(torch.promote_types(patches.dtype, torch.float32))
    distances = torch.cdist(patches, patches, compute_mode="donot_use_mm_for_euclid_dist") ** 2
    # with all others as neighbours, the two that are farthest apart would tie
    count = NEIGHBOURS if len(patches) > NEIGHBOURS else len(patches) // 2
    nearest, neighbours = distances.topk(count + 1, largest=False)
    # the nearest of all is the patch itself
    density = count / nearest[:, -1].clamp_min(torch.finfo(patches.dtype).tiny)
    factor = density[neighbours[:, 1:]].mean(dim=1) / density
    return factor > factor.quantile(1 - OUTLIERS)


def inpainted(patches: Tensor, outliers: Tensor, grid: tuple[int, int]) -> Tensor:
    """Replace outliers of ``(1, n, W)`` by the mean of those of their eight neighbours that are none."""
    sound = (~outliers).to(patches).reshape(1, 1, *grid)
    features = patches.transpose(1, 2).unflatten(-1, grid)
    # a sum over 3 x 3, which leaves the outliers themselves out, as they aren't sound
    total = F.avg_pool2d(features * sound, 3, stride=1, padding=1, divisor_override=1)
    count = F.avg_pool2d(sound, 3, stride=1, padding=1, divisor_override=1)
    mended = torch.where((sound == 0) & (count > 0), total / count.clamp_min(1), features)
    return mended.flatten(2).transpose(1, 2)


def likeness(patches: Tensor) -> Tensor:
    """Return the cosines between all patches, ``(1, n, n)``."""
    unit = F.normalize(patches, dim=-1)
    return unit @ unit.transpose(-2, -1)


def aggregated(patches: Tensor, alike: Tensor) -> Tensor:
    """Average each patch with those that are like it, by how much they are; under `LIKE` counts as none.

    Patches are ``(1, n, W)``, before and after; ``alike`` are the cosines between them, ``(1, n, n)``.
    """
    weights = torch.where(alike < LIKE, 0, alike)
    return weights @ patches / (weights.sum(dim=-1, keepdim=True) + 1e-6)


def calibrated(block: Block, patches: Tensor, class_token: Tensor, alike: Tensor) -> Tensor:
    """Run the last attention over patches alone, half of it likeness; no residual but the class token's.

    Parameters
    ----------
    block : Block
        The last one.
    patches : (1, n, W) tensor
        What would enter it, without the prefix tokens.
    class_token : (1, 1, W) tensor
        Of which `CLASS_SHARE` is added to each patch.
    alike : (1, n, n) tensor
        Cosines between the patches.

    Returns
    -------
    (1, n, W) tensor
    """
    _, k, v = block.qkv(block.norm(patches))
    logits = (alike - alike.mean()) * SHARPNESS
    mask = logits.masked_fill(logits < 0, -torch.inf)
    attention = (mask.softmax(dim=-1)[:, None] + attention_weights(k, k)) / 2
    return block.project(merge_heads(attention @ v)) + CLASS_SHARE * class_token
