"""GEM against explicit loops over heads and tokens."""

from __future__ import annotations

import pytest
import torch
from readings import gem_by_loops

from napari_ovseg.errors import InputError
from napari_ovseg.models.clip.relevance import relevance_maps
from napari_ovseg.models.clip.relevance.gem import attention_to_itself


@pytest.mark.parametrize(
    ("vision", "size", "depth"),
    [
        ({"layers": 12}, (24, 24), 6),
        ({"layers": 13, "ls_init_value": 0.3}, (16, 32), 6),
        ({}, (32, 24), 2),
        ({"layers": 1}, (24, 24), 1),
        ({"pool_type": "avg", "layers": 5}, (24, 24), 3),
    ],
    ids=["as published", "layer scale", "three blocks", "one block", "average"],
)
def test_equals_explicit_loops(vision, size, depth, make_clip, texts):
    network = make_clip({**vision, "image_size": size, "width": 16})
    torch.manual_seed(6)
    view = torch.randn(1, 3, *size, dtype=torch.float64)
    expected = gem_by_loops(network, view, texts, depth)
    maps = relevance_maps(network, view, texts, "gem").double()
    assert maps.abs().max() <= 1 + 1e-6
    assert (maps - expected).abs().max() <= 1e-5 * expected.abs().max()


def test_attention_is_over_all_tokens():
    weights = attention_to_itself(torch.randn(2, 3, 7, 4), torch.full((2, 1, 1, 1), 5.0))
    assert weights.shape == (2, 3, 7, 7)
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(2, 3, 7))


def test_a_tower_without_blocks_says_what_to_use(make_clip, texts):
    network = make_clip({"layers": (1, 1, 1, 1), "width": 8, "head_width": 64, "image_size": 96})
    with pytest.raises(InputError, match="use explain"):
        relevance_maps(network, torch.randn(1, 3, 96, 96, dtype=torch.float64), texts, "gem")
