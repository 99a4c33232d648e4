"""The closed form against one explicit autograd pass per category."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from open_clip.timm_model import TimmModel
from readings import chefer_by_autograd
from torch.nn import functional as F

from napari_ovseg.errors import InputError
from napari_ovseg.models.clip.relevance import explain as explain_module
from napari_ovseg.models.clip.relevance import relevance_maps
from napari_ovseg.models.clip.relevance.explain import explain_maps
from napari_ovseg.models.clip.trunk import readout, trunk_states

TOWERS = {
    "plain": ({}, {}),
    "logit bias": ({}, {"init_logit_bias": -10.0}),
    "quick gelu": ({}, {"quick_gelu": True}),
    "layer scale": ({"ls_init_value": 0.3}, {}),
    "no ln_pre": ({"no_ln_pre": True}, {}),
    "norm after pooling": ({"final_ln_after_pool": True}, {}),
    "average": ({"pool_type": "avg"}, {}),
}


@pytest.mark.parametrize("name", TOWERS)
def test_equals_one_autograd_pass_per_category(name, make_clip, view, texts):
    vision, model = TOWERS[name]
    network = make_clip(vision, **model)
    expected = chefer_by_autograd(network, view, texts)
    assert (expected.flatten(1).amax(dim=1) > 0).all()
    states = trunk_states(network, view)
    maps = explain_maps(readout(network, states), texts, network.logit_scale.exp())[0]
    torch.testing.assert_close(maps.reshape(expected.shape), expected, rtol=1e-9, atol=1e-12 * expected.max())
    single = relevance_maps(network.float(), view.float(), texts.float())
    assert single.dtype == torch.float32
    assert (single - expected).abs().max() <= 1e-5 * expected.max()


def test_groups_of_categories_change_nothing(make_clip, view, texts, monkeypatch):
    network = make_clip({"pool_type": "avg"})
    at_once = relevance_maps(network, view, texts)
    monkeypatch.setattr(explain_module, "CHUNK_ELEMENTS", 1)
    torch.testing.assert_close(relevance_maps(network, view, texts), at_once)


def test_works_inside_inference_mode(make_clip, view, texts):
    network = make_clip()
    expected = relevance_maps(network, view, texts)
    with torch.inference_mode():
        torch.testing.assert_close(relevance_maps(network, view, texts), expected)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chosen=st.lists(st.integers(0, 4), min_size=1))
def test_a_map_depends_on_its_own_name_only(make_clip, view, texts, chosen):
    network = make_clip()
    maps = relevance_maps(network, view, texts)
    assert (maps >= 0).all()
    torch.testing.assert_close(relevance_maps(network, view, texts[chosen]), maps[chosen])


def _timm_clip(name, pool, proj):
    clip = torch.nn.Module()
    clip.visual = TimmModel(name, embed_dim=24, pool=pool, proj=proj, image_size=160).double().eval()
    clip.logit_scale = torch.nn.Parameter(torch.tensor(2.0, dtype=torch.float64))
    generator = torch.Generator().manual_seed(0)
    for parameter in clip.visual.parameters():
        if parameter.ndim > 1:
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            parameter.data = noise * parameter[0].numel() ** -0.5
    return clip.requires_grad_(False)


def _scores(clip, pooled, texts):
    return clip.logit_scale.exp() * F.normalize(pooled, dim=-1)[0] @ texts.T


def _relevance_of(weights, scores, rows=0):
    maps = []
    for score in scores:
        (gradient,) = torch.autograd.grad(score, weights, retain_graph=True)
        maps.append((gradient * weights).clamp(min=0).mean(dim=0)[rows].detach())
    return torch.stack(maps)


def test_timm_class_token_equals_autograd(texts):
    clip = _timm_clip("test_vit", "token", "linear")
    trunk, view = clip.visual.trunk, torch.randn(1, 3, 160, 160, dtype=torch.float64)
    x = trunk.norm_pre(trunk._pos_embed(trunk.patch_embed(view)))
    for block in trunk.blocks[:-1]:
        x = block(x)
    last = trunk.blocks[-1]
    n, heads = x.shape[1], last.attn.num_heads
    q, k, v = last.attn.qkv(last.norm1(x))[0].reshape(n, 3, heads, -1).permute(1, 2, 0, 3)
    weights = torch.softmax(q @ k.transpose(1, 2) / q.shape[-1] ** 0.5, dim=-1).requires_grad_()
    x = x + last.ls1(last.attn.proj((weights @ v).permute(1, 0, 2).reshape(1, n, -1)))
    x = x + last.ls2(last.mlp(last.norm2(x)))
    pooled = clip.visual.head(trunk.forward_head(trunk.norm(x)))
    expected = _relevance_of(weights, _scores(clip, pooled, texts))[:, 1:]
    maps = relevance_maps(clip, view, texts).flatten(1)
    torch.testing.assert_close(maps.double(), expected, rtol=1e-5, atol=1e-5 * expected.max().item())


def test_attention_pool_equals_autograd():
    clip = _timm_clip("test_vit3", "map", "none")
    trunk, view = clip.visual.trunk, torch.randn(1, 3, 160, 160, dtype=torch.float64)
    texts = F.normalize(torch.randn(4, trunk.num_features, dtype=torch.float64), dim=-1)
    x = trunk.forward_features(view)
    x = x if trunk.pool_include_prefix else x[:, trunk.num_prefix_tokens :]
    pool = trunk.attn_pool
    k, v = pool.kv(x)[0].reshape(x.shape[1], 2, pool.num_heads, -1).permute(1, 2, 0, 3)
    q = pool.q(pool.latent)[0].reshape(1, pool.num_heads, -1).permute(1, 0, 2)
    weights = torch.softmax(pool.q_norm(q) @ pool.k_norm(k).transpose(1, 2) * pool.scale, -1).requires_grad_()
    pooled = pool.proj((weights @ v).permute(1, 0, 2).reshape(1, 1, -1))
    pooled = (pooled + pool.mlp(pool.norm(pooled)))[:, 0]
    expected = _relevance_of(weights, _scores(clip, trunk.head(trunk.fc_norm(pooled)), texts))
    expected = expected[:, trunk.num_prefix_tokens if trunk.pool_include_prefix else 0 :]
    maps = relevance_maps(clip, view, texts).flatten(1)
    torch.testing.assert_close(maps.double(), expected, rtol=1e-5, atol=1e-5 * expected.max().item())


def _grad_cam(features, scores):
    """As written in the paper: a loop over categories and channels."""
    cams = []
    for score in scores:
        (gradient,) = torch.autograd.grad(score, features, retain_graph=True)
        cam = torch.zeros(features.shape[2:], dtype=features.dtype)
        for channel, slope in zip(features.detach()[0], gradient[0], strict=True):
            cam += channel * slope.mean()
        cams.append(cam.clamp(min=0))
    return torch.stack(cams)


def test_resnet_gives_grad_cam_through_its_attention_pool(make_clip, texts):
    network = make_clip({"layers": (1, 1, 1, 1), "width": 8, "head_width": 64, "image_size": 96})
    view = torch.randn(1, 3, 96, 96, dtype=torch.float64)
    visual = network.visual
    features = visual.layer4(visual.layer3(visual.layer2(visual.layer1(visual.stem(view))))).requires_grad_()
    expected = _grad_cam(features, _scores(network, visual.attnpool(features), texts))
    assert (expected.flatten(1).amax(dim=1) > 0).any()
    maps = relevance_maps(network, view, texts).double()
    torch.testing.assert_close(maps, expected, rtol=1e-5, atol=1e-5 * expected.max().item())


def test_positions_of_a_resnet_have_no_part_in_maskclip(make_clip, texts):
    """Its authors put the pool's value projection on the feature map itself."""
    network = make_clip({"layers": (1, 1, 1, 1), "width": 8, "head_width": 64, "image_size": 96})
    view = torch.randn(1, 3, 64, 96, dtype=torch.float64)
    visual, pool = network.visual, network.visual.attnpool
    features = visual.layer4(visual.layer3(visual.layer2(visual.layer1(visual.stem(view)))))[0]
    expected = torch.zeros(5, 2, 3, dtype=torch.float64)
    for row in range(2):
        for column in range(3):
            joint = pool.c_proj(pool.v_proj(features[:, row, column]))
            expected[:, row, column] = texts @ joint / joint.norm()
    maps = relevance_maps(network, view, texts, "maskclip").double()
    torch.testing.assert_close(maps, expected, rtol=1e-5, atol=1e-6)


def test_a_convolutional_tower_gives_grad_cam(texts):
    clip = _timm_clip("test_convnext", "", "linear")
    view = torch.randn(1, 3, 160, 160, dtype=torch.float64)
    features = clip.visual.trunk.forward_features(view).requires_grad_()
    scores = _scores(clip, clip.visual.head(clip.visual.trunk.forward_head(features)), texts)
    expected = _grad_cam(features, scores)
    maps = relevance_maps(clip, view, texts).double()
    torch.testing.assert_close(maps, expected, rtol=1e-5, atol=1e-5 * expected.max().item())


@pytest.mark.parametrize(
    ("shape", "vectors", "method", "says"),
    [
        ((3, 32, 32), (5, 24), "explain", "1, 3, H, W"),
        ((2, 3, 32, 32), (5, 24), "explain", "1, 3, H, W"),
        ((1, 3, 32, 32), (24,), "explain", "C, D"),
        ((1, 3, 32, 32), (0, 24), "explain", "C >= 1"),
        ((1, 3, 32, 32), (5, 24), "dense", "naclip"),
        ((1, 3, 30, 32), (5, 24), "explain", "multiples of 8"),
        ((1, 3, 32, 32), (5, 23), "explain", "23 long"),
        ((1, 3, 32, 32), (5, 23), "naclip", "23 long"),
    ],
)
def test_bad_input_says_how_to_mend_it(make_clip, shape, vectors, method, says):
    with pytest.raises(InputError, match=says):
        relevance_maps(make_clip(), torch.zeros(shape), torch.ones(vectors), method)
