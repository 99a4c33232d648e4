"""The edited attentions against loops over heads and patches."""

from __future__ import annotations

import math

import pytest
import torch
from readings import dense_by_loops, sclip_by_loops
from torch.nn import functional as F

from napari_ovseg.errors import InputError
from napari_ovseg.models.clip.relevance import relevance_maps
from napari_ovseg.models.clip.relevance.dense import EDITS, neighbourhood


@pytest.mark.parametrize("vision", [{}, {"ls_init_value": 0.3}], ids=["plain", "layer scale"])
@pytest.mark.parametrize("method", [method for method, edit in EDITS.items() if edit.reduced])
def test_equals_explicit_loops(method, vision, make_clip, view, texts):
    network = make_clip(vision)
    maps = relevance_maps(network, view, texts, method)
    expected = dense_by_loops(network, view, texts, method)
    torch.testing.assert_close(maps.double(), expected, rtol=1e-5, atol=1e-6)
    assert maps.abs().max() <= 1 + 1e-6
    # MaskCLIP's own code keeps the rest of the block
    entire = relevance_maps(network, view, texts, method, reduced=False).double()
    torch.testing.assert_close(
        entire, dense_by_loops(network, view, texts, method, reduced=False), rtol=1e-5, atol=1e-6
    )
    assert not torch.allclose(entire, expected)
    torch.testing.assert_close(relevance_maps(network, view, texts, method, reduced=True), maps)


def test_only_an_edit_can_be_reduced(make_clip, view, texts):
    with pytest.raises(InputError, match="no option reduced"):
        relevance_maps(make_clip(), view, texts, "explain", reduced=True)


@pytest.mark.parametrize("vision", [{}, {"ls_init_value": 0.3}], ids=["plain", "layer scale"])
def test_sclip_equals_explicit_loops(vision, make_clip, view, texts):
    network = make_clip(vision)
    maps = relevance_maps(network, view, texts, "sclip").double()
    torch.testing.assert_close(maps, sclip_by_loops(network, view, texts), rtol=1e-5, atol=1e-6)


def test_grids_that_are_not_square(make_clip, texts):
    network = make_clip({"image_size": (24, 40)})
    view = torch.randn(1, 3, 24, 40, dtype=torch.float64)
    maps = relevance_maps(network, view, texts, "naclip")
    torch.testing.assert_close(
        maps.double(), dense_by_loops(network, view, texts, "naclip"), rtol=1e-5, atol=1e-6
    )


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
