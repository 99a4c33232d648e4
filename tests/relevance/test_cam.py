"""CLIP-ES against autograd through the entire network, explicit loops and a flood fill."""

from __future__ import annotations

import pytest
import torch
from readings import attended, unrolled

from napari_ovseg.errors import InputError
from napari_ovseg.relevance import relevance_maps
from napari_ovseg.relevance.cam import boxes


def filled_boxes(activation):
    """The boxes by flood fill over eight neighbours; one at the far border leaves that border out."""
    rows, columns = activation.shape
    steps = [[int(float(value) * 255) for value in row] for row in activation]
    threshold = int(0.4 * max(max(row) for row in steps))
    left = {(i, j) for i in range(rows) for j in range(columns) if steps[i][j] > threshold}
    mask = torch.zeros(rows, columns, dtype=torch.float64)
    while left:
        front = [left.pop()]
        part = list(front)
        while front:
            i, j = front.pop()
            near = {(i + a, j + b) for a in (-1, 0, 1) for b in (-1, 0, 1)} & left
            left -= near
            front += near
            part += near
        ys, xs = zip(*part, strict=True)
        mask[min(ys) : min(max(ys) + 1, rows - 1), min(xs) : min(max(xs) + 1, columns - 1)] = 1
    return mask


def cam_by_autograd(network, view, texts, background):
    visual, grid = network.visual, (view.shape[2] // 8, view.shape[3] // 8)
    levels, attentions = unrolled(network, view)
    last = visual.transformer.resblocks[-1]
    normed = last.ln_1(levels[-2])
    out, _ = attended(last, normed)
    x = levels[-2] + last.ls_1(out)
    x = x + last.ls_2(last.mlp(last.ln_2(x)))
    image = visual.ln_post(x)[1:].mean(dim=0) @ visual.proj
    rivals = texts if background is None else torch.cat([texts, background])
    shares = torch.softmax(network.logit_scale.exp() * rivals @ (image / image.norm()), dim=0)
    affinity = torch.stack([a.mean(dim=0)[1:, 1:] for a in attentions[-8:]]).mean(dim=0).detach()
    for _ in range(3):
        affinity = affinity / affinity.sum(dim=0, keepdim=True)
        affinity = affinity / affinity.sum(dim=1, keepdim=True)
    affinity = (affinity + affinity.T) / 2
    affinity = affinity @ affinity
    maps = []
    for share in shares[: len(texts)]:
        (gradient,) = torch.autograd.grad(share, normed, retain_graph=True)
        cam = (normed[1:] * gradient[1:].mean(dim=0)).sum(dim=1).clamp(min=0).detach().reshape(grid)
        cam = (cam - cam.min()) / (cam.max() - cam.min())
        mask = filled_boxes(cam).flatten()
        maps.append(((affinity * mask) @ cam.flatten()).reshape(grid))
    return torch.stack(maps)


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
