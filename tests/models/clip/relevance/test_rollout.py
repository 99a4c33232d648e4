"""Deeper explanation against autograd through the entire network and full matrices."""

from __future__ import annotations

import pytest
import torch
from readings import rollout_by_autograd

from napari_ovseg.errors import InputError
from napari_ovseg.models.clip.relevance import relevance_maps


@pytest.mark.parametrize("start", [0, 1, 2])
@pytest.mark.parametrize("vision", [{}, {"ls_init_value": 0.3}], ids=["plain", "layer scale"])
def test_equals_autograd_through_the_entire_network(start, vision, make_clip, view, texts):
    network = make_clip(vision)
    expected = rollout_by_autograd(network, view, texts, start)
    maps = relevance_maps(network, view, texts, start_block=start).double()
    assert (maps - expected).abs().max() <= 1e-5 * expected.max()


def test_the_last_block_alone_is_the_closed_form(make_clip, view, texts):
    network = make_clip()
    closed = relevance_maps(network, view, texts)
    torch.testing.assert_close(relevance_maps(network, view, texts, start_block=2), closed)
    assert not torch.allclose(relevance_maps(network, view, texts, start_block=1), closed)


@pytest.mark.parametrize(
    ("vision", "start", "method", "says"),
    [
        ({}, 3, "explain", "0 to 2"),
        ({}, 1, "sclip", "no start_block"),
        ({"pool_type": "avg"}, 1, "explain", "class token"),
    ],
)
def test_what_it_cannot_explain_says_why(vision, start, method, says, make_clip, view, texts):
    with pytest.raises(InputError, match=says):
        relevance_maps(make_clip(vision), view, texts, method, start_block=start)
