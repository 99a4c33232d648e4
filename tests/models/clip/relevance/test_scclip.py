"""SC-CLIP against explicit loops over patches."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from readings import outliers_by_loops, scclip_by_loops

from napari_ovseg.errors import InputError
from napari_ovseg.models.clip.relevance import relevance_maps
from napari_ovseg.models.clip.relevance.scclip import outlying


@pytest.mark.parametrize(
    ("size", "layers", "blocks"),
    [((48, 48), 12, (9, 4, 10)), ((40, 64), 12, (9, 4, 10)), ((24, 32), 6, (4, 2, 5))],
    ids=["as published", "not square", "six blocks"],
)
def test_equals_explicit_loops(size, layers, blocks, make_clip, texts):
    network = make_clip({"layers": layers, "image_size": size, "width": 16})
    view = torch.randn(1, 3, *size, dtype=torch.float64)
    expected = scclip_by_loops(network, view, texts, *blocks)
    maps = relevance_maps(network, view, texts, "scclip").double()
    torch.testing.assert_close(maps, expected, rtol=1e-5, atol=1e-6)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**16), st.integers(8, 70))
def test_outliers_are_those_of_the_definition(seed, count):
    """Some thirty neighbours are asked on grids that have them: fewer would name other patches."""
    scales = torch.linspace(0.5, 2, count, dtype=torch.float64)[:, None]
    generator = torch.Generator().manual_seed(seed)
    patches = scales * torch.randn(count, 4, generator=generator, dtype=torch.float64)
    found = outlying(patches)
    assert found.any()
    assert set(found.nonzero().flatten().tolist()) == outliers_by_loops(patches)


@pytest.mark.parametrize("vision", [{"pool_type": "avg"}, {"layers": 2}])
def test_other_towers_say_what_to_use(vision, make_clip, view, texts):
    with pytest.raises(InputError, match="explain or maskclip"):
        relevance_maps(make_clip(vision), view, texts, "scclip")
