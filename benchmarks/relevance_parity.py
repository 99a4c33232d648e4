"""How far each relevance method, in float32, is from a slow reading of its paper in float64.

    python benchmarks/relevance_parity.py

Twelve blocks of random weights, so that methods which read several depths read those of ViT-B/16. The slow
readings (autograd through the entire network, loops over heads and patches) are those of the tests.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import open_clip
import torch
from torch import Tensor
from torch.nn import functional as F

from napari_ovseg.models.clip.relevance import relevance_maps

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests/models/clip/relevance"))

SIDES = (72, 56)
VISION = {"image_size": SIDES, "layers": 12, "width": 64, "head_width": 16, "patch_size": 8}
TEXT = {"context_length": 16, "vocab_size": 100, "width": 16, "heads": 2, "layers": 1}


def network_of_random_weights() -> open_clip.CLIP:
    """Weights large enough that every part of the network matters, in float64."""
    torch.manual_seed(0)
    network = open_clip.CLIP(32, VISION, TEXT).double()
    for parameter in network.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)
        elif parameter.ndim == 1:
            parameter.data += 0.1 * torch.randn_like(parameter)
    network.logit_scale.data.fill_(3.0)
    return network.eval().requires_grad_(False)


def main() -> None:
    import readings

    network = network_of_random_weights()
    view = torch.randn(1, 3, *SIDES, dtype=torch.float64)
    texts = F.normalize(torch.randn(4, 32, dtype=torch.float64), dim=-1)
    words = F.normalize(torch.randn(25, 32, dtype=torch.float64), dim=-1)
    slow: dict[str, tuple[str, dict[str, object], Callable[[], Tensor]]] = {
        "explain": ("autograd, last block", {}, lambda: readings.chefer_by_autograd(network, view, texts)),
        "explain, start_block=8": (
            "autograd, full matrices",
            {"start_block": 8},
            lambda: readings.rollout_by_autograd(network, view, texts, 8),
        ),
        "cam": ("autograd, flood fill", {}, lambda: readings.cam_by_autograd(network, view, texts, None)),
        "cam, 25 background words": (
            "autograd, flood fill",
            {"background": words},
            lambda: readings.cam_by_autograd(network, view, texts, words),
        ),
    }
    for method in ("maskclip", "clearclip", "naclip"):
        slow[method] = (
            "loops",
            {},
            partial(readings.dense_by_loops, network, view, texts, method),
        )
    slow["sclip"] = ("loops", {}, lambda: readings.sclip_by_loops(network, view, texts))
    slow["scclip"] = ("loops", {}, lambda: readings.scclip_by_loops(network, view, texts, 9, 4, 10))
    slow["gem"] = ("loops", {}, lambda: readings.gem_by_loops(network, view, texts, 6))
    slow["legrad"] = (
        "autograd, two layers",
        {},
        lambda: readings.legrad_by_autograd(network, view, texts),
    )

    # all readings first, as they need the network in float64
    expected = {name: reading() for name, (_, _, reading) in slow.items()}
    network.float()
    print("| method | slow reading | largest difference / largest value |\n| --- | --- | ---: |")
    for name, (how, options, _) in slow.items():
        given = {key: v.float() if isinstance(v, Tensor) else v for key, v in options.items()}
        maps = relevance_maps(network, view.float(), texts.float(), name.split(",")[0], **given)
        far = float((maps - expected[name]).abs().max() / expected[name].abs().max())
        print(f"| {name} | {how} | {far:.1e} |")


if __name__ == "__main__":
    main()
