"""CLIP-ES against autograd through the entire network, explicit loops and a flood fill."""

from __future__ import annotations

import pytest
import torch
from readings import cam_by_autograd

from napari_ovseg.errors import InputError
from napari_ovseg.relevance import relevance_maps
from napari_ovseg.relevance.cam import boxes


@pytest.mark.parametrize("size", [(64, 64), (48, 80)])
@pytest.mark.parametrize("vision", [{}, {"layers": 10, "ls_init_value": 0.3}], ids=["three", "ten blocks"])
def test_equals_autograd_and_loops(vision, size, make_clip, texts):
    network = make_clip({**vision, "image_size": size})
    network.logit_scale.data.fill_(2.0)
    view = torch.randn(1, 3, *size, dtype=torch.float64)
    background = torch.nn.functional.normalize(torch.randn(7, 24, dtype=torch.float64), dim=-1)
    for words in (None, background):
        expected = cam_by_autograd(network, view, texts, words)
        assert (expected.flatten(1).amax(dim=1) > 0).all()
        maps = relevance_maps(network, view, texts, "cam", background=words).double()
        assert (maps - expected).abs().max() <= 1e-5 * expected.max()


def test_categories_and_background_compete(make_clip, view, texts):
    network = make_clip()
    network.logit_scale.data.fill_(2.0)
    alone = relevance_maps(network, view, texts[:2], "cam")
    assert not torch.allclose(relevance_maps(network, view, texts, "cam")[:2], alone)
    assert not torch.allclose(relevance_maps(network, view, texts[:2], "cam", background=texts[2:]), alone)


def test_a_map_without_activation_has_no_box():
    assert boxes(torch.zeros(12), (3, 4)).sum() == 0


@pytest.mark.parametrize(
    ("method", "shape", "says"), [("cam", (2, 3), r"\(B, 24\)"), ("explain", (2, 24), "use cam")]
)
def test_a_background_that_does_not_fit_says_why(method, shape, says, make_clip, view, texts):
    with pytest.raises(InputError, match=says):
        relevance_maps(make_clip(), view, texts, method, background=torch.ones(shape))
