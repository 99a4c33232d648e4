"""Sliding windows against maps of windows one at a time, and all methods on batches and other towers."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from open_clip.timm_model import TimmModel

from napari_ovseg.cli.options import Method
from napari_ovseg.errors import InputError
from napari_ovseg.models.clip.relevance import METHODS, relevance_from_states, relevance_maps
from napari_ovseg.models.clip.relevance.windows import window_starts
from napari_ovseg.models.clip.trunk import trunk_states


def stretched_slowly(maps, rows, columns):
    """Bilinear, as a matrix for each axis: the centres of cells are where their values are."""

    def weights(side, cells):
        found = torch.zeros(side, cells, dtype=torch.float64)
        for i in range(side):
            place = min(max((i + 0.5) * cells / side - 0.5, 0), cells - 1)
            before = min(int(place), cells - 2)
            found[i, before], found[i, before + 1] = before + 1 - place, place - before
        return found

    return weights(rows, maps.shape[1]) @ maps @ weights(columns, maps.shape[2]).T


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("size", "stride", "lefts", "tops"),
    [
        ((24, 56), 16, (0, 16, 24), (0,)),
        ((43, 37), 9, (0, 5), (0, 9, 11)),
        ((21, 40), 5, (0, 5, 8), (0,)),
    ],
    ids=["whole patches", "any pixel", "a rest"],
)
def test_each_pixel_is_the_mean_of_the_windows_that_show_it(
    method, size, stride, lefts, tops, make_clip, texts
):
    """Of 21 rows, two patches of eight are looked at, and stretched over all of them."""
    network = make_clip()
    network.logit_scale.data.fill_(2.0)
    torch.manual_seed(6)
    view = torch.randn(1, 3, *size, dtype=torch.float64)
    tall = min(32, size[0])
    total, count = torch.zeros(5, *size, dtype=torch.float64), torch.zeros(size, dtype=torch.float64)
    for top in tops:
        for left in lefts:
            seen = view[..., top : top + tall // 8 * 8, left : left + 32]
            part = relevance_maps(network, seen, texts, method).double()
            total[:, top : top + tall, left : left + 32] += stretched_slowly(part, tall, 32)
            count[top : top + tall, left : left + 32] += 1
    maps = relevance_maps(network, view, texts, method, window=32, stride=stride)
    assert maps.dtype == torch.float32
    assert (maps - total / count).abs().max() <= 1e-5 * (total / count).abs().max()


def test_windows_are_half_a_window_apart_unless_told(make_clip, texts):
    network, view = make_clip(), torch.randn(1, 3, 40, 56, dtype=torch.float64)
    torch.testing.assert_close(
        relevance_maps(network, view, texts, window=32),
        relevance_maps(network, view, texts, window=32, stride=16),
    )


def test_a_view_as_small_as_the_window_is_seen_whole(make_clip, view, texts):
    network = make_clip()
    maps = relevance_maps(network, view, texts)
    pixels = relevance_maps(network, view, texts, window=48)
    assert pixels.shape == (5, 32, 32)
    torch.testing.assert_close(pixels.double(), stretched_slowly(maps.double(), 32, 32), rtol=1e-5, atol=1e-6)
    assert window_starts(500, 224, 112) == [0, 112, 224, 276]


@pytest.mark.parametrize(
    ("window", "stride", "says"),
    [
        (30, None, "multiple of 8"),
        (0, None, "multiple of 8"),
        (32, 0, "1 pixel or more"),
        (16, 24, "16 at most"),
        (None, 16, "needs a window"),
    ],
)
def test_windows_that_do_not_fit_say_why(window, stride, says, make_clip, view, texts):
    with pytest.raises(InputError, match=says):
        relevance_maps(make_clip(), view, texts, window=window, stride=stride)


def test_a_view_of_less_than_a_patch_is_named(make_clip, texts):
    with pytest.raises(InputError, match="7 x 40 is less than a patch"):
        relevance_maps(make_clip(), torch.zeros(1, 3, 7, 40), texts, window=32)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_averaged_in_float32(dtype, make_clip, texts):
    network, view = make_clip(), torch.randn(1, 3, 40, 56, dtype=torch.float64)
    exact = relevance_maps(network, view, texts, "naclip", window=32, stride=7)
    maps = relevance_maps(network.to(dtype), view, texts, "naclip", window=32, stride=7)
    assert maps.dtype == torch.float32
    assert torch.corrcoef(torch.stack([maps.flatten(), exact.flatten()]))[0, 1] > 0.98


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


@pytest.mark.parametrize("positions", ["maskclip", "sclip", "clip-es"])
@pytest.mark.parametrize("method", METHODS)
def test_positions_are_interpolated_as_asked(method, positions, make_clip, texts):
    network = make_clip()
    view = torch.randn(1, 3, 48, 40, dtype=torch.float64)
    states = trunk_states(network, view, levels=True, attention=True, positions=positions)
    maps = relevance_maps(network, view, texts, method, positions=positions)
    torch.testing.assert_close(maps, relevance_from_states(network, states, texts, method)[0].float())
    assert not torch.allclose(maps, relevance_maps(network, view, texts, method))
    with pytest.raises(InputError, match="open_clip, maskclip, sclip, clip-es"):
        relevance_maps(network, view, texts, method, positions="bilinear")
