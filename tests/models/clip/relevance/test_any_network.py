"""What networks and views may be: of any float type, in training mode, thin; and that all stays as it was."""

from __future__ import annotations

import copy
import threading

import numpy as np
import open_clip
import pytest
import torch

from napari_ovseg.errors import InputError, ModelError
from napari_ovseg.models.clip.relevance import METHODS, relevance_maps

# a patch is in a box or not, so little may change much
LIKE = dict.fromkeys(METHODS, 0.98) | {"cam": 0.7}


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("method", METHODS)
def test_half_precision_gives_about_the_same_maps(method, dtype, make_clip, view, texts):
    network = make_clip()
    exact = relevance_maps(network, view, texts, method)
    maps = relevance_maps(copy.deepcopy(network).to(dtype), view, texts, method)
    assert maps.dtype == torch.float32
    assert torch.corrcoef(torch.stack([maps.flatten(), exact.flatten()]))[0, 1] > LIKE[method]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("positions", ["open_clip", "maskclip", "sclip", "clip-es"])
def test_half_precision_sees_views_of_any_size(positions, dtype, make_clip, texts):
    torch.manual_seed(6)
    network, view = make_clip(), torch.randn(1, 3, 48, 40, dtype=torch.float64)
    exact = relevance_maps(network, view, texts, "maskclip", positions=positions)
    maps = relevance_maps(network.to(dtype), view, texts, "maskclip", positions=positions)
    assert torch.corrcoef(torch.stack([maps.flatten(), exact.flatten()]))[0, 1] > 0.98


def test_half_precision_has_room_for_a_name_that_is_all_but_certain(make_clip, view, texts):
    """At the logit scale of CLIP, what moves its share is less than half precision can hold."""
    network = make_clip()
    network.logit_scale.data.fill_(4.6)
    exact = relevance_maps(network, view, texts, "cam")
    maps = relevance_maps(network.half(), view, texts, "cam")
    for found, expected in zip(maps, exact, strict=True):
        assert torch.corrcoef(torch.stack([found.flatten(), expected.flatten()]))[0, 1] > 0.98


@pytest.mark.parametrize("method", METHODS)
def test_weights_of_two_types_as_open_clip_makes_them(method, make_clip, view, texts):
    network = make_clip().float()
    exact = relevance_maps(network, view, texts, method)
    open_clip.convert_weights_to_lp(network, dtype=torch.bfloat16)
    maps = relevance_maps(network, view, texts, method)
    assert torch.corrcoef(torch.stack([maps.flatten(), exact.flatten()]))[0, 1] > LIKE[method]


@pytest.mark.parametrize("method", METHODS)
def test_the_network_and_the_inputs_stay_as_they_were(method, make_clip, view, texts):
    network = make_clip({"patch_dropout": 0.5})
    expected = relevance_maps(network, view, texts, method)
    network.train().requires_grad_(True)
    weights = copy.deepcopy(network.state_dict())
    view.requires_grad_(True), texts.requires_grad_(True)
    maps = relevance_maps(network, view, texts, method)
    torch.testing.assert_close(maps, expected)
    assert not maps.requires_grad
    assert all(tensor.grad is None for tensor in (view, texts, *network.parameters()))
    assert all(torch.equal(weights[key], value) for key, value in network.state_dict().items())
    assert network.visual.training
    for module in network.modules():
        assert not [*module._forward_hooks, *module._forward_pre_hooks, *module._backward_hooks]


def test_a_resnet_in_training_mode_is_refused(make_clip, texts):
    network = make_clip({"layers": (1, 1, 1, 1), "width": 8, "head_width": 64, "image_size": 96}).train()
    before = network.visual.bn1.running_mean.clone()
    with pytest.raises(InputError, match=r"call network.eval\(\)"):
        relevance_maps(network, torch.randn(1, 3, 96, 96), texts)
    assert torch.equal(network.visual.bn1.running_mean, before)


def test_a_network_of_an_unknown_kind_is_named(view, texts):
    network = torch.nn.Module()
    network.visual = torch.nn.Linear(3, 24)
    with pytest.raises(ModelError, match="The image tower Linear"):
        relevance_maps(network, view, texts)


@pytest.mark.parametrize("method", METHODS)
def test_two_threads_get_their_own_maps(method, make_clip, view, texts):
    network, views = make_clip(), (view, view.flip(-1))
    expected = [relevance_maps(network, one, texts, method) for one in views]
    found: dict[int, list[torch.Tensor]] = {0: [], 1: []}

    def ask(which: int) -> None:
        found[which] = [relevance_maps(network, views[which], texts, method) for _ in range(5)]

    threads = [threading.Thread(target=ask, args=(which,)) for which in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for which, maps in found.items():
        assert len(maps) == 5
        for one in maps:
            torch.testing.assert_close(one, expected[which])


@pytest.mark.parametrize("size", [(8, 64), (64, 8)])
@pytest.mark.parametrize("method", METHODS)
def test_a_picture_of_one_row_of_patches_has_maps(method, size, make_clip, texts):
    network = make_clip()
    network.logit_scale.data.fill_(2.0)
    torch.manual_seed(8)
    maps = relevance_maps(network, torch.randn(1, 3, *size, dtype=torch.float64), texts, method)
    assert maps.shape == (5, size[0] // 8, size[1] // 8)
    assert maps.isfinite().all()
    assert maps.abs().amax() > 0


@pytest.mark.parametrize(
    ("view", "vectors", "says"),
    [
        (np.zeros((1, 3, 32, 32), np.float32), torch.ones(2, 24), "The view must be a torch tensor"),
        (torch.zeros(1, 3, 32, 32, dtype=torch.uint8), torch.ones(2, 24), "preprocessing"),
        (torch.zeros(1, 3, 32, 32), [[1.0] * 24], "Text vectors must be a torch tensor, not list"),
    ],
)
def test_what_is_no_float_tensor_is_named(view, vectors, says, make_clip):
    with pytest.raises(InputError, match=says):
        relevance_maps(make_clip(), view, vectors)
