"""SC-CLIP against explicit loops over patches."""

from __future__ import annotations

import math

import pytest
import torch
from readings import unrolled

from napari_ovseg.errors import InputError
from napari_ovseg.relevance import relevance_maps


def outliers_by_loops(patches):
    """Local outlier factor as the authors compute it, one patch at a time."""
    n = len(patches)
    k = 30 if n > 30 else n // 2
    nearest, density = [], []
    for i in range(n):
        squared = sorted((float(((patches[i] - patches[j]) ** 2).sum()), j) for j in range(n) if j != i)[:k]
        nearest.append([j for _, j in squared])
        reach = [max(d, squared[-1][0]) for d, _ in squared]
        density.append(k / (sum(reach) / k))
    factor = [sum(density[j] for j in nearest[i]) / k / density[i] for i in range(n)]
    place = 0.95 * (n - 1)
    ordered, low = sorted(factor), math.floor(0.95 * (n - 1))
    limit = ordered[low] + (place - low) * (ordered[min(low + 1, n - 1)] - ordered[low])
    return {i for i in range(n) if factor[i] > limit}


def mended(patches, outliers, rows, columns):
    result = patches.clone()
    for i in outliers:
        near = [
            r * columns + c
            for r in range(max(i // columns - 1, 0), min(i // columns + 2, rows))
            for c in range(max(i % columns - 1, 0), min(i % columns + 2, columns))
        ]
        near = [j for j in near if j not in outliers]
        if near:
            result[i] = torch.stack([patches[j] for j in near]).mean(dim=0)
    return result


def cosines(patches):
    return torch.stack([torch.stack([a @ b / a.norm() / b.norm() for b in patches]) for a in patches])


def averaged(patches, alike):
    result = torch.zeros_like(patches)
    for i in range(len(patches)):
        weights = [float(a) if a >= 0.4 else 0.0 for a in alike[i]]
        result[i] = sum(w * p for w, p in zip(weights, patches, strict=True)) / (sum(weights) + 1e-6)
    return result


def last_attention(block, patches, class_token, alike):
    normed, heads = block.ln_1(patches), block.attn.num_heads
    d = normed.shape[1] // heads
    _, k, v = (normed @ block.attn.in_proj_weight.T + block.attn.in_proj_bias).chunk(3, dim=1)
    out, middle = torch.zeros_like(normed), float(alike.mean())
    for i in range(len(normed)):
        favour = [math.exp(3 * (float(a) - middle)) if a >= middle else 0.0 for a in alike[i]]
        for h in range(heads):
            part = slice(h * d, (h + 1) * d)
            keys = [math.exp(float(k[i, part] @ other) / math.sqrt(d)) for other in k[:, part]]
            for j in range(len(normed)):
                out[i, part] += (favour[j] / sum(favour) + keys[j] / sum(keys)) / 2 * v[j, part]
    return block.ls_1(block.attn.out_proj(out)) + 0.3 * class_token


def scclip_by_loops(network, view, texts, middle, after, until):
    """``middle``, ``after`` and ``until`` count blocks from 1, as the paper's layers."""
    visual, (rows, columns) = network.visual, (view.shape[2] // 8, view.shape[3] // 8)
    levels = [level.detach() for level in unrolled(network, view)[0]]
    end = levels[-2]
    outliers = outliers_by_loops(end[1:])
    assert outliers
    alike = cosines(mended(levels[middle][1:], outliers, rows, columns))
    later = cosines(levels[after][1:])
    block = visual.transformer.resblocks[-1]
    x = averaged(mended(end[1:], outliers, rows, columns), alike)
    x = averaged(last_attention(block, x, end[0], alike), later)
    several = sum(levels[after : until + 1])
    x = x + averaged(last_attention(block, several[1:], several[0], alike), later)
    joint = visual.ln_post(x) @ visual.proj
    return (texts @ (joint / joint.norm(dim=1, keepdim=True)).T).reshape(-1, rows, columns)


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


@pytest.mark.parametrize("vision", [{"pool_type": "avg"}, {"layers": 2}])
def test_other_towers_say_what_to_use(vision, make_clip, view, texts):
    with pytest.raises(InputError, match="explain or maskclip"):
        relevance_maps(make_clip(vision), view, texts, "scclip")
