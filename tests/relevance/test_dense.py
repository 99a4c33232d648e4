"""The edited attentions against loops over heads and patches."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from napari_ovseg.errors import InputError
from napari_ovseg.relevance import relevance_maps
from napari_ovseg.relevance.dense import EDITS, neighbourhood


def by_loops(network, view, texts, method):
    """One patch, one head, one key at a time."""
    visual = network.visual
    x = visual._embeds(view)
    for block in visual.transformer.resblocks[:-1]:
        x = block(x)
    last = visual.transformer.resblocks[-1]
    normed = last.ln_1(x)[0]
    width, heads = normed.shape[1], last.attn.num_heads
    d = width // heads
    q, k, v = F.linear(normed, last.attn.in_proj_weight, last.attn.in_proj_bias).split(width, dim=1)
    rows, columns = view.shape[2] // 8, view.shape[3] // 8
    scores = torch.zeros(len(texts), rows, columns, dtype=torch.float64)
    for i in range(rows * columns):
        out = torch.zeros(width, dtype=torch.float64)
        for h in range(heads):
            part = slice(h * d, (h + 1) * d)
            if method == "maskclip":
                out[part] = v[1 + i, part]
                continue
            side = q if method == "clearclip" else k
            logits = []
            for j in range(len(normed)):
                logit = float(side[1 + i, part] @ side[j, part]) / math.sqrt(d)
                if method == "naclip" and j > 0:
                    dy, dx = i // columns - (j - 1) // columns, i % columns - (j - 1) % columns
                    logit += math.exp(-(dy * dy + dx * dx) / (2 * 5.0**2))
                logits.append(logit)
            total = sum(math.exp(logit) for logit in logits)
            for j, logit in enumerate(logits):
                out[part] += math.exp(logit) / total * v[j, part]
        joint = visual.ln_post(last.ls_1(last.attn.out_proj(out))) @ visual.proj
        scores[:, i // columns, i % columns] = texts @ (joint / joint.norm())
    return scores


@pytest.mark.parametrize("vision", [{}, {"ls_init_value": 0.3}], ids=["plain", "layer scale"])
@pytest.mark.parametrize("method", sorted(EDITS))
def test_equals_explicit_loops(method, vision, make_clip, view, texts):
    network = make_clip(vision)
    maps = relevance_maps(network, view, texts, method)
    torch.testing.assert_close(maps.double(), by_loops(network, view, texts, method), rtol=1e-5, atol=1e-6)
    assert maps.abs().max() <= 1 + 1e-6


def sclip_by_loops(network, view, texts):
    """SCLIP with the modules of the network: every token, one head at a time, residual and MLP kept."""
    visual = network.visual
    x = visual._embeds(view)
    for block in visual.transformer.resblocks[:-1]:
        x = block(x)
    last = visual.transformer.resblocks[-1]
    normed, heads = last.ln_1(x)[0], last.attn.num_heads
    d = normed.shape[1] // heads
    q, k, v = (normed @ last.attn.in_proj_weight.T + last.attn.in_proj_bias).chunk(3, dim=1)
    out = torch.zeros_like(normed)
    for h in range(heads):
        part = slice(h * d, (h + 1) * d)
        for i in range(len(normed)):
            for side in (q, k):
                logits = [float(side[i, part] @ other) / math.sqrt(d) for other in side[:, part]]
                total = sum(math.exp(logit) for logit in logits)
                for j, logit in enumerate(logits):
                    out[i, part] += math.exp(logit) / total * v[j, part]
    x = x[0] + last.ls_1(last.attn.out_proj(out))
    x = x + last.ls_2(last.mlp(last.ln_2(x)))
    joint = visual.ln_post(x[1:]) @ visual.proj
    cosines = texts @ (joint / joint.norm(dim=1, keepdim=True)).T
    return cosines.reshape(-1, view.shape[2] // 8, view.shape[3] // 8)


@pytest.mark.parametrize("vision", [{}, {"ls_init_value": 0.3}], ids=["plain", "layer scale"])
def test_sclip_equals_explicit_loops(vision, make_clip, view, texts):
    network = make_clip(vision)
    maps = relevance_maps(network, view, texts, "sclip").double()
    torch.testing.assert_close(maps, sclip_by_loops(network, view, texts), rtol=1e-5, atol=1e-6)


def test_grids_that_are_not_square(make_clip, texts):
    network = make_clip({"image_size": (24, 40)})
    view = torch.randn(1, 3, 24, 40, dtype=torch.float64)
    maps = relevance_maps(network, view, texts, "naclip")
    torch.testing.assert_close(maps.double(), by_loops(network, view, texts, "naclip"), rtol=1e-5, atol=1e-6)


def test_neighbours_weigh_as_the_paper_says():
    weights = neighbourhood((3, 4), sigma=5.0)
    assert weights[0, 0] == 1
    assert weights[0, 4 + 2] == pytest.approx(math.exp(-(1 + 4) / 50))
    assert torch.equal(weights, weights.T)


def test_a_tower_without_attention_says_which_methods_it_has(make_clip, texts):
    from open_clip.timm_model import TimmModel

    network = make_clip().float()
    network.visual = TimmModel("test_convnext", embed_dim=24, pool="", image_size=160).eval()
    view = torch.randn(1, 3, 160, 160)
    with torch.no_grad():
        features = network.visual.trunk.forward_features(view)
        cells = features.flatten(2).transpose(1, 2)[0]
        joint = network.visual.head(network.visual.trunk.head.norm(cells[..., None, None]).flatten(1))
    expected = (F.normalize(joint, dim=-1) @ texts.float().T).T.reshape(5, *features.shape[-2:])
    maps = relevance_maps(network, view, texts, "maskclip")
    torch.testing.assert_close(maps, expected, rtol=1e-4, atol=1e-5)
    for method in ("naclip", "sclip", "scclip"):
        with pytest.raises(InputError, match="explain or maskclip"):
            relevance_maps(network, view, texts, method)
    with pytest.raises(InputError, match="use explain"):
        relevance_maps(network, view, texts, "cam")
