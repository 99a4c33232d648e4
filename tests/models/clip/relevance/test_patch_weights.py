"""The weights of Grad-CAM against autograd through the network's own last block, whatever that is made of."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from open_clip.timm_model import TimmModel
from timm.layers import SwiGLU
from torch import nn

from napari_ovseg.models.clip.relevance.patch_weights import patch_weights
from napari_ovseg.models.clip.towers import tower_of
from napari_ovseg.models.clip.trunk import trunk_states

SCORES = 3


class Given(nn.Module):
    """Stands for a norm, and returns what it was given instead."""

    def __init__(self, normed):
        super().__init__()
        self.normed = normed

    def forward(self, tokens):
        return self.normed


def settled(network: nn.Module) -> Any:
    for parameter in network.parameters():
        if parameter.ndim > 1:
            nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)
        else:
            parameter.data += 0.1 * torch.randn_like(parameter)
    return network.double().eval().requires_grad_(False)


def timm_clip(name: str, pool: str, *, unusual: bool = False) -> Any:
    torch.manual_seed(0)
    network = nn.Module()
    network.visual = TimmModel(name, embed_dim=24, pool=pool, proj="linear", image_size=160)
    if unusual:
        block = network.visual.trunk.blocks[-1]
        width = block.norm1.normalized_shape[0]
        block.attn.q_norm = nn.LayerNorm(width // block.attn.num_heads)
        block.attn.k_norm = nn.LayerNorm(width // block.attn.num_heads)
        block.mlp = SwiGLU(width, 2 * width)
    return settled(network)


def by_autograd(network: Any, states: Any, slopes: torch.Tensor) -> torch.Tensor:
    """One backward pass through the native block for each score, to all patches; then their mean."""
    visual = copy.deepcopy(network.visual)
    trunk = getattr(visual, "trunk", visual)
    timm = trunk is not visual
    block = trunk.blocks[-1] if timm else visual.transformer.resblocks[-1]
    name = "norm1" if timm else "ln_1"
    normed = getattr(block, name)(states.tokens).detach().requires_grad_()
    setattr(block, name, Given(normed))
    leaving = (trunk.norm if timm else visual.ln_post)(block(states.tokens))
    mean = leaving[:, states.prefix :].mean(dim=1)
    found = []
    for score in range(SCORES):
        value = (mean * slopes[:, score]).sum()
        (gradient,) = torch.autograd.grad(value, normed, retain_graph=True)
        found.append(gradient[:, states.prefix :].mean(dim=1))
    return torch.stack(found, dim=1)


@pytest.mark.parametrize(
    "kind", ["open_clip", "layer scale", "class token", "average, no norm", "registers", "unusual"]
)
def test_equal_autograd_through_the_native_block(kind, make_clip):
    network = {
        "open_clip": make_clip,
        "layer scale": lambda: make_clip({"ls_init_value": 0.3}),
        "class token": lambda: timm_clip("test_vit", "token"),
        "average, no norm": lambda: timm_clip("test_vit2", "avg"),
        "registers": lambda: timm_clip("test_vit4", "avg"),
        "unusual": lambda: timm_clip("test_vit", "token", unusual=True),
    }[kind]()
    torch.manual_seed(1)
    size = (32, 40) if hasattr(network.visual, "transformer") else (64, 80)
    with torch.no_grad():
        states = trunk_states(network, torch.randn(2, 3, *size, dtype=torch.float64))
        slopes = torch.randn(2, SCORES, states.tokens.shape[-1], dtype=torch.float64)
        patches, weights = patch_weights(tower_of(network.visual), states, lambda mean: slopes)
    expected = by_autograd(network, states, slopes)
    assert patches.shape == states.patches.shape
    assert (weights - expected).abs().max() <= 1e-10 * expected.abs().max()


def test_what_leaves_the_tower_is_what_the_scores_are_of(make_clip, view):
    network, means = make_clip(), []

    def slopes_of(mean):
        means.append(mean)
        return torch.ones_like(mean)[:, None]

    with torch.no_grad():
        states = trunk_states(network, view)
        patch_weights(tower_of(network.visual), states, slopes_of)
        tokens = network.visual.transformer.resblocks[-1](states.tokens)
        expected = network.visual.ln_post(tokens)[:, 1:].mean(dim=1)
    torch.testing.assert_close(means[0], expected, rtol=1e-9, atol=1e-12)


def test_a_score_is_one_row_more_for_the_second_half_of_the_mlp(make_clip, view):
    """Counted, forwards and back: all patches once, and one row for each score."""
    network, forwards, back = make_clip(), [], []
    half = network.visual.transformer.resblocks[-1].mlp.c_proj
    with torch.no_grad():
        states = trunk_states(network, view)
    count, width = states.patches.shape[1:]
    half.register_forward_pre_hook(lambda _, given: forwards.append(given[0].shape[1]))
    half.register_full_backward_hook(lambda _, __, given: back.append(given[0].shape[1]))
    for scores in (1, 6):
        forwards.clear(), back.clear()
        slopes = torch.randn(1, scores, width, dtype=torch.float64)
        patch_weights(tower_of(network.visual), states, lambda mean, slopes=slopes: slopes)
        assert sorted(forwards) == sorted(back) == sorted([scores, count])
