"""Relevance by a path of self-self attention beside the last blocks: GEM, the Grounding Everything Module.

Bousselham et al., "Grounding Everything: Emerging Localization Properties in Vision-Language Transformers"
(CVPR 2024). In each of the last blocks the queries, the keys and the values of the network's own tokens each
attend to themselves, by cosine times one temperature; each of the three attentions first averages what it was
made of, once, and then reads the values. Their mean is added to the path, which starts as the tokens that
enter the first of these blocks and has no MLP. Its patches are compared with the text.

The authors' code (``WalBouss/GEM``) is followed where the paper leaves a choice: its depth of 7 changes six
blocks, whatever the network; the temperature is the mean length of the normed tokens of a view, class token
included, times ``d ** -0.5``.

Ours: where there are fewer than twelve blocks, the path runs beside the later half of them.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from napari_ovseg.errors import InputError
from napari_ovseg.models.clip.towers import Tower
from napari_ovseg.models.clip.towers.readout import Block, merge_heads
from napari_ovseg.models.clip.trunk import TrunkStates

DEPTH = 6
ITERATIONS = 1


def gem_maps(tower: Tower, states: TrunkStates, text_vectors: Tensor) -> Tensor:
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
        When the tower has no transformer blocks.
    """
    if not tower.blocks:
        raise InputError("The method gem needs transformer blocks, which this model lacks: use explain.")
    first = len(tower.blocks) - min(DEPTH, (len(tower.blocks) + 1) // 2)
    path = states.levels[first]
    for block, entering in zip(tower.blocks[first:], states.levels[first:], strict=True):
        path = path + self_self(block, entering)
    joint = F.normalize(tower.joint(path[:, states.prefix :]), dim=-1)
    return torch.einsum("vnd,cd->vcn", joint, text_vectors)


def self_self(block: Block, tokens: Tensor) -> Tensor:
    """Return what a block adds to the path, ``(V, N, W)``, of the tokens that enter it."""
    normed = block.norm(tokens)
    q, k, v = block.qkv(normed)
    # half precision has no room for the squares
    length = normed.to(torch.promote_types(normed.dtype, torch.float32)).norm(dim=-1).mean(dim=-1)
    sharpness = (length * v.shape[-1] ** -0.5).to(v)[:, None, None, None]
    read = torch.stack([attention_to_itself(side, sharpness) @ v for side in (q, k, v)]).mean(dim=0)
    return block.project(merge_heads(read))


def attention_to_itself(side: Tensor, sharpness: Tensor) -> Tensor:
    """Return softmax of the cosines between what ``(V, H, N, d)`` became by such an attention."""
    for _ in range(ITERATIONS):
        unit = F.normalize(side, dim=-1)
        side = (sharpness * unit @ unit.transpose(-2, -1)).softmax(dim=-1) @ unit
    unit = F.normalize(side, dim=-1)
    return (sharpness * unit @ unit.transpose(-2, -1)).softmax(dim=-1)
