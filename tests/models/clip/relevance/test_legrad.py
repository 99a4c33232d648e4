"""LeGrad against one autograd pass per category and layer."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from open_clip.timm_model import TimmModel
from readings import legrad_by_autograd, legrad_of_coca_by_autograd
from timm.layers import SwiGLU
from torch.nn import functional as F

from napari_ovseg import load_model
from napari_ovseg.demo.scenes import scene
from napari_ovseg.errors import InputError, ModelError
from napari_ovseg.models.clip.relevance import relevance_from_states, relevance_maps
from napari_ovseg.models.clip.trunk import trunk_states

TOWERS = {
    "plain": ({}, {}),
    "twelve blocks": ({"layers": 12}, {}),
    "one block": ({"layers": 1}, {}),
    "quick gelu": ({}, {"quick_gelu": True}),
    "layer scale": ({"ls_init_value": 0.3}, {}),
    "average": ({"pool_type": "avg"}, {}),
}


@pytest.mark.parametrize("size", [(32, 32), (24, 40)])
@pytest.mark.parametrize("name", TOWERS)
def test_equals_one_autograd_pass_per_category_and_layer(name, size, make_clip, texts):
    vision, model = TOWERS[name]
    network = make_clip({**vision, "image_size": size}, **model)
    torch.manual_seed(6)
    view = torch.randn(1, 3, *size, dtype=torch.float64)
    expected = legrad_by_autograd(network, view, texts)
    assert (expected.flatten(1).amax(dim=1) > 0).all()
    states = trunk_states(network, view, levels=True)
    maps = relevance_from_states(network, states, texts, "legrad")[0]
    torch.testing.assert_close(maps, expected, rtol=1e-9, atol=1e-12 * expected.max().item())
    single = relevance_maps(network.float(), view.float(), texts.float(), "legrad")
    assert (single - expected).abs().max() <= 1e-5 * expected.max()


def test_a_map_depends_on_its_own_name_only(make_clip, view, texts):
    network = make_clip()
    maps = relevance_maps(network, view, texts, "legrad")
    torch.testing.assert_close(relevance_maps(network, view, texts[[3, 1]], "legrad"), maps[[3, 1]])


@pytest.mark.parametrize("contrastive", [False, True])
def test_cocas_pooler_equals_autograd(contrastive, make_clip, texts):
    pools = {"attentional_pool": "parallel" if contrastive else True, "attn_pooler_queries": 4}
    network = make_clip({**pools, "attn_pooler_heads": 3})
    view = torch.randn(1, 3, 32, 32, dtype=torch.float64)
    if contrastive:
        with pytest.raises(ModelError, match="parallel or cascaded"):
            relevance_maps(network, view, texts, "legrad")
        return
    expected = legrad_of_coca_by_autograd(network, view, texts)
    assert (expected.flatten(1).amax(dim=1) > 0).all()
    maps = relevance_maps(network, view, texts, "legrad").double()
    assert (maps - expected).abs().max() <= 1e-5 * expected.max()


def timm_clip(name, pool, *, unusual=False):
    torch.manual_seed(0)
    network = torch.nn.Module()
    proj = "none" if pool == "map" else "linear"
    network.visual = TimmModel(name, embed_dim=24, pool=pool, proj=proj, image_size=160)
    if unusual:
        block = network.visual.trunk.blocks[-1]
        width = block.norm1.normalized_shape[0]
        block.attn.q_norm = torch.nn.LayerNorm(width // block.attn.num_heads)
        block.attn.k_norm = torch.nn.LayerNorm(width // block.attn.num_heads)
        block.mlp = SwiGLU(width, 2 * width)
    network.logit_scale = torch.nn.Parameter(torch.tensor(2.0))
    for parameter in network.visual.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)
        else:
            parameter.data += 0.1 * torch.randn_like(parameter)
    return network.double().eval().requires_grad_(False)


def attention_of(attn, x):
    """The weights of a timm attention over ``(n, W)`` as a leaf, and what it returns."""
    q, k, v = attn.qkv(x).reshape(len(x), 3, attn.num_heads, -1).permute(1, 2, 0, 3)
    q, k = attn.q_norm(q), attn.k_norm(k)
    weights = torch.softmax(q @ k.transpose(1, 2) / q.shape[-1] ** 0.5, dim=-1).requires_grad_()
    return weights, attn.proj((weights @ v).transpose(0, 1).reshape(len(x), -1))


@pytest.mark.parametrize(
    ("name", "pool", "unusual"),
    [("test_vit", "token", False), ("test_vit2", "avg", False), ("test_vit", "token", True)],
)
def test_timm_without_a_pool_equals_autograd(name, pool, unusual, texts):
    network = timm_clip(name, pool, unusual=unusual)
    trunk, view = network.visual.trunk, torch.randn(1, 3, 160, 160, dtype=torch.float64)
    x = trunk.norm_pre(trunk._pos_embed(trunk.patch_embed(view)))
    expected = torch.zeros(5, 100, dtype=torch.float64)
    for number, block in enumerate(trunk.blocks, 1):
        weights, out = attention_of(block.attn, block.norm1(x[0].detach()))
        entering = x.detach() + block.ls1(out)
        x = entering + block.ls2(block.mlp(block.norm2(entering)))
        if number <= len(trunk.blocks) - 2:
            continue
        image = network.visual.head(trunk.head(trunk.fc_norm(trunk.norm(x.mean(dim=1)))))[0]
        for c, text in enumerate(texts):
            (gradient,) = torch.autograd.grad(text @ image / image.norm(), weights, retain_graph=True)
            expected[c] += gradient.clamp(min=0).mean(dim=(0, 1))[trunk.num_prefix_tokens :]
    maps = relevance_maps(network, view, texts, "legrad").flatten(1).double()
    assert (maps - expected).abs().max() <= 1e-5 * expected.max()


def test_siglips_pool_equals_autograd():
    """As its authors' code has it, tokens go into the pool without the norm before it."""
    network = timm_clip("test_vit3", "map")
    trunk, view = network.visual.trunk, torch.randn(1, 3, 160, 160, dtype=torch.float64)
    texts = F.normalize(torch.randn(4, trunk.num_features, dtype=torch.float64), dim=-1)
    pool, prefix = trunk.attn_pool, trunk.num_prefix_tokens
    x = trunk.norm_pre(trunk._pos_embed(trunk.patch_embed(view)))
    expected = torch.zeros(4, 100, dtype=torch.float64)
    for number, block in enumerate(trunk.blocks, 1):
        x = block(x)
        if number <= len(trunk.blocks) - 2:
            continue
        seen = x[0] if trunk.pool_include_prefix else x[0, prefix:]
        k, v = pool.kv(seen).reshape(len(seen), 2, pool.num_heads, -1).permute(1, 2, 0, 3)
        q = pool.q(pool.latent)[0].reshape(1, pool.num_heads, -1).permute(1, 0, 2)
        logits = pool.q_norm(q) @ pool.k_norm(k).transpose(1, 2) * pool.scale
        weights = torch.softmax(logits, dim=-1).requires_grad_()
        pooled = pool.proj((weights @ v).transpose(0, 1).reshape(1, -1))
        pooled = (pooled + pool.mlp(pool.norm(pooled)))[0]
        for c, text in enumerate(texts):
            (gradient,) = torch.autograd.grad(text @ pooled / pooled.norm(), weights, retain_graph=True)
            row = gradient.clamp(min=0).mean(dim=0)[0]
            expected[c] += row[prefix if trunk.pool_include_prefix else 0 :]
    assert (expected.amax(dim=1) > 0).all()
    maps = relevance_maps(network, view, texts, "legrad").flatten(1).double()
    assert (maps - expected).abs().max() <= 1e-5 * expected.max()
    # the last of them as the prompt without a name
    span = (expected[3] - expected[3].min()) / (expected[3].max() - expected[3].min())
    assert 0 < (span > 0.8).sum() < 100
    expected[:, span > 0.8] = 0
    maps = relevance_maps(network, view, texts, "legrad", background=texts[3:]).flatten(1).double()
    assert (maps - expected).abs().max() <= 1e-5 * expected.max()


def test_only_a_pool_has_a_background(make_clip, view, texts):
    with pytest.raises(InputError, match="only an attention pool"):
        relevance_maps(make_clip(), view, texts, "legrad", background=texts[:1])


def test_one_row_for_each_category_goes_back_through_the_second_half_of_the_mlp(make_clip, view, texts):
    """Counted: forwards, all tokens once and one row for each category; back, the latter alone."""
    network, forwards, back = make_clip(), [], []
    half = network.visual.transformer.resblocks[-1].mlp.c_proj
    states = trunk_states(network, view, levels=True)
    half.register_forward_pre_hook(lambda _, given: forwards.append(given[0].shape[1]))
    half.register_full_backward_hook(lambda _, __, given: back.append(given[0].shape[1]))
    relevance_from_states(network, states, texts, "legrad")
    assert (sorted(forwards), back) == ([5, 17], [5])


def test_a_tower_without_blocks_says_what_to_use(make_clip, texts):
    network = make_clip({"layers": (1, 1, 1, 1), "width": 8, "head_width": 64, "image_size": 96})
    with pytest.raises(InputError, match="use explain"):
        relevance_maps(network, torch.randn(1, 3, 96, 96, dtype=torch.float64), texts, "legrad")


@pytest.mark.usefixtures("own_text_cache")
def test_the_bundled_model_sees_each_thing_of_a_scene_where_it_is():
    model, drawn = load_model("demo", device="cpu"), scene(np.random.default_rng(5), 256, half="test")
    assert drawn.names == ["white star", "purple cross"]
    view = model.preprocess(drawn.picture.astype(np.float32) / 255, (192, 192))
    maps = relevance_maps(model.network, view, model.encode(drawn.names), "legrad")
    large = F.interpolate(maps[None], (256, 256), mode="bilinear")[0]
    for number, found in enumerate(large, 1):
        there = torch.from_numpy(drawn.labels == number)
        assert found[there].mean() > 1.5 * found[~there].mean()
