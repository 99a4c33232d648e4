"""Sliding windows against maps of windows one at a time, and all methods on batches and other towers."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from open_clip.timm_model import TimmModel

from napari_ovseg.cli.options import Method
from napari_ovseg.clip.trunk import trunk_states
from napari_ovseg.errors import InputError
from napari_ovseg.relevance import METHODS, relevance_from_states, relevance_maps
from napari_ovseg.relevance.windows import window_starts


@pytest.mark.parametrize("method", METHODS)
def test_each_patch_is_the_mean_of_the_windows_that_show_it(method, make_clip, texts):
    network = make_clip()
    view = torch.randn(1, 3, 24, 56, dtype=torch.float64)
    total, count = torch.zeros(5, 3, 7, dtype=torch.float64), torch.zeros(7, dtype=torch.float64)
    for left in (0, 16, 24):
        part = relevance_maps(network, view[..., left : left + 32], texts, method)
        total[..., left // 8 : left // 8 + 4] += part.double()
        count[left // 8 : left // 8 + 4] += 1
    maps = relevance_maps(network, view, texts, method, window=32, stride=16)
    torch.testing.assert_close(maps.double(), total / count, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(relevance_maps(network, view, texts, method, window=32), maps)


def test_a_view_as_small_as_the_window_is_seen_whole(make_clip, view, texts):
    network = make_clip()
    torch.testing.assert_close(
        relevance_maps(network, view, texts, window=48), relevance_maps(network, view, texts)
    )
    assert window_starts(500, 224, 112) == [0, 112, 224, 276]


@pytest.mark.parametrize(
    ("window", "stride", "says"),
    [
        (30, None, "multiple of 8"),
        (32, 12, "multiple of 8"),
        (32, 0, "multiple of 8"),
        (16, 24, "16 at most"),
        (None, 16, "needs a window"),
    ],
)
def test_windows_that_do_not_fit_say_why(window, stride, says, make_clip, view, texts):
    with pytest.raises(InputError, match=says):
        relevance_maps(make_clip(), view, texts, window=window, stride=stride)


@pytest.mark.parametrize("method", METHODS)
def test_a_batch_is_its_views_one_by_one(method, make_clip, texts):
    network = make_clip()
    views = torch.randn(3, 3, 32, 40, dtype=torch.float64)
    together = relevance_from_states(
        network, trunk_states(network, views, levels=True, attention=True), texts, method
    )
    for view, maps in zip(views.split(1), together, strict=True):
        torch.testing.assert_close(relevance_maps(network, view, texts, method), maps.float())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("pool", ["token", "map"])
def test_timm_towers_have_the_methods_that_make_sense(pool, method):
    name, proj = ("test_vit", "linear") if pool == "token" else ("test_vit3", "none")
    clip = torch.nn.Module()
    clip.visual = TimmModel(name, embed_dim=24, pool=pool, proj=proj, image_size=160).eval()
    clip.logit_scale = torch.nn.Parameter(torch.tensor(2.0))
    clip.requires_grad_(False)
    vectors = torch.nn.functional.normalize(
        torch.randn(4, 24 if proj == "linear" else clip.visual.trunk.num_features), dim=-1
    )
    view = torch.randn(1, 3, 160, 128)
    lacking = {"map": ("cam", "scclip"), "token": ("scclip",) if len(clip.visual.trunk.blocks) < 3 else ()}
    if method in lacking[pool]:
        with pytest.raises(InputError, match="explain"):
            relevance_maps(clip, view, vectors, method)
        return
    maps = relevance_maps(clip, view, vectors, method)
    assert maps.shape == (4, 10, 8)
    assert torch.isfinite(maps).all()
    assert (maps.flatten(1).std(dim=1) > 0).all()


@pytest.mark.parametrize(("method", "what"), [("scclip", "levels"), ("cam", "attention")])
def test_states_that_lack_something_say_what_to_do(method, what, make_clip, view, texts):
    network = make_clip()
    with pytest.raises(InputError, match=f"keep the {what}"):
        relevance_from_states(network, trunk_states(network, view), texts, method)


def test_the_command_line_offers_the_same_methods():
    assert get_args(Method) == METHODS


@pytest.mark.parametrize("positions", ["sclip", "clip-es"])
@pytest.mark.parametrize("method", METHODS)
def test_positions_are_interpolated_as_asked(method, positions, make_clip, texts):
    network = make_clip()
    view = torch.randn(1, 3, 48, 40, dtype=torch.float64)
    states = trunk_states(network, view, levels=True, attention=True, positions=positions)
    maps = relevance_maps(network, view, texts, method, positions=positions)
    torch.testing.assert_close(maps, relevance_from_states(network, states, texts, method)[0].float())
    assert not torch.allclose(maps, relevance_maps(network, view, texts, method))
    with pytest.raises(InputError, match="open_clip, sclip, clip-es"):
        relevance_maps(network, view, texts, method, positions="bilinear")
