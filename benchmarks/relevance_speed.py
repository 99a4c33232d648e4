"""How long relevance takes next to a bare image-encoder forward, in one interleaved run.

Random weights in the ViT-B/16 architecture at 224 px: the time doesn't depend on what they are.
Run ``python benchmarks/relevance_speed.py > docs/speed.md``.
"""

from __future__ import annotations

import argparse
import logging
import platform
import statistics
import time
from collections.abc import Callable

import open_clip
import torch
from torch.nn import functional as F

from napari_ovseg.models.clip.relevance import METHODS, relevance_from_states, relevance_maps
from napari_ovseg.models.clip.trunk import TrunkCache, trunk_states

ARCHITECTURE = "ViT-B-16"
SIDE = 224
LIMITS = {
    "relevance, 10 categories": "<= 1.3",
    "relevance, 50 categories": "<= 1.6",
    "autograd per category, 10 categories": ">= 8",
    "one more name on the same picture": "<= 0.25 of the first run",
}


def autograd_per_category(network: torch.nn.Module, view: torch.Tensor, texts: torch.Tensor) -> torch.Tensor:
    """The textbook way: a forward and a backward through the image tower for each category."""
    visual = network.visual
    maps = []
    for text in texts:
        tokens = visual._embeds(view)
        for block in visual.transformer.resblocks[:-1]:
            tokens = block(tokens)
        last = visual.transformer.resblocks[-1]
        normed = last.ln_1(tokens)
        length, width = normed.shape[1:]
        heads = last.attn.num_heads
        qkv = F.linear(normed[0], last.attn.in_proj_weight, last.attn.in_proj_bias)
        q, k, v = qkv.reshape(length, 3, heads, width // heads).permute(1, 2, 0, 3)
        weights = (q @ k.transpose(1, 2) * (width // heads) ** -0.5).softmax(dim=-1)
        out = last.attn.out_proj((weights @ v).permute(1, 0, 2).reshape(1, length, width))
        tokens = tokens + out
        tokens = tokens + last.mlp(last.ln_2(tokens))
        image = F.normalize(visual.ln_post(tokens)[:, 0] @ visual.proj, dim=-1)
        score = network.logit_scale.exp() * (image @ text).sum()
        (gradient,) = torch.autograd.grad(score, weights)
        maps.append((gradient * weights).relu().mean(dim=0)[0, 1:].detach())
    return torch.stack(maps).unflatten(-1, visual.grid_size)


def seconds(step: Callable[[], object]) -> float:
    """Time one call, the GPU's queue included."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    start = time.perf_counter()
    step()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


METHOD_CALLS: dict[str, dict[str, object]] = {
    **{method: {"method": method} for method in METHODS},
    "explain, start_block=8": {"method": "explain", "start_block": 8},
    "cam, 25 background words": {"method": "cam", "background": True},
}


def methods_table(repetitions: int) -> str:
    """Return the table of each method's cost in processor time, which waiting doesn't change."""
    torch.manual_seed(0)
    network = open_clip.create_model(ARCHITECTURE).eval().requires_grad_(False)
    view = torch.randn(1, 3, SIDE, SIDE)
    texts = F.normalize(torch.randn(75, 512), dim=-1)

    def taken(step: Callable[[], object]) -> float:
        start = time.process_time()
        step()
        return time.process_time() - start

    def call(count: int, options: dict[str, object]) -> Callable[[], object]:
        given = options | ({"background": texts[50:]} if options.get("background") else {})
        return lambda: relevance_maps(network, view, texts[:count], **given)

    steps: dict[tuple[str, int], Callable[[], object]] = {("bare", 0): lambda: network.encode_image(view)}
    steps |= {(name, n): call(n, options) for name, options in METHOD_CALLS.items() for n in (1, 10)}
    times: dict[tuple[str, int], list[float]] = {key: [] for key in steps}
    with torch.no_grad():
        for _ in range(repetitions):
            for key, step in steps.items():
                times[key].append(taken(step))

    def ratio(key: tuple[str, int]) -> float:
        return statistics.median(t / b for t, b in zip(times[key], times["bare", 0], strict=True))

    rows = [f"| {name} | {ratio((name, 1)):.2f} | {ratio((name, 10)):.2f} |" for name in METHOD_CALLS]
    return "\n".join(["| method | 1 category | 10 categories |", "| --- | ---: | ---: |", *rows])


def measure(repetitions: int, device: torch.device) -> tuple[dict[str, list[float]], float]:
    """Return the seconds of every step per repetition, and the largest relative difference from autograd."""
    logging.getLogger().addHandler(logging.NullHandler())
    torch.manual_seed(0)
    network = open_clip.create_model(ARCHITECTURE, device=device).eval().requires_grad_(False)
    view = torch.randn(1, 3, SIDE, SIDE, device=device)
    texts = F.normalize(torch.randn(50, 512, device=device), dim=-1)
    cache = TrunkCache(2**28)
    with torch.no_grad():
        key = cache.key("benchmark", view[0])
        cache.put(key, trunk_states(network, view))
    # The textbook way needs a graph from the picture on.
    tracked = view.clone().requires_grad_()

    def bare() -> None:
        with torch.no_grad():
            network.encode_image(view)

    def again() -> None:
        states = cache.get(cache.key("benchmark", view[0]))
        assert states is not None
        relevance_from_states(network, states, texts[:11])

    steps: dict[str, Callable[[], object]] = {
        "bare forward": bare,
        "relevance, 10 categories": lambda: relevance_maps(network, view, texts[:10]),
        "relevance, 50 categories": lambda: relevance_maps(network, view, texts),
        "relevance, naclip, 10 categories": lambda: relevance_maps(network, view, texts[:10], "naclip"),
        "one more name on the same picture": again,
        "autograd per category, 10 categories": lambda: autograd_per_category(network, tracked, texts[:10]),
    }
    exact = autograd_per_category(network, tracked, texts[:10])
    ours = relevance_maps(network, view, texts[:10])
    difference = float((ours - exact).abs().max() / exact.abs().max())
    times: dict[str, list[float]] = {name: [] for name in steps}
    for repetition in range(repetitions + 1):
        for name, step in steps.items():
            taken = seconds(step)
            # The first round only warms up.
            if repetition:
                times[name].append(taken)
    return times, difference


def table(times: dict[str, list[float]], difference: float, device: torch.device) -> str:
    """Return the page for ``docs/speed.md``."""
    bare = times["bare forward"]
    first = times["relevance, 10 categories"]
    lines = [
        "# How fast",
        "",
        f"ViT-B/16 architecture, {SIDE} px, one view, {device.type}, {torch.get_num_threads()} threads,",
        f"torch {torch.__version__.split('+')[0]}, {platform.machine()}; "
        f"medians of {len(bare)} interleaved repetitions, each divided by the bare forward of its own round.",
        "Made by `python benchmarks/relevance_speed.py`.",
        "",
        "| step | ms | times a bare forward | wanted |",
        "| --- | ---: | ---: | --- |",
    ]
    for name, taken in times.items():
        ratio = statistics.median(t / b for t, b in zip(taken, bare, strict=True))
        shown = f"{ratio:.2f}"
        if name == "one more name on the same picture":
            part = statistics.median(t / f for t, f in zip(taken, first, strict=True))
            shown += f" ({part:.2f} of the first run)"
        lines.append(f"| {name} | {1000 * statistics.median(taken):.0f} | {shown} | {LIMITS.get(name, '')} |")
    lines += [
        "",
        "Largest difference from one autograd pass per category, relative to the largest value: "
        f"{difference:.1e} (wanted: <= 1e-5).",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--methods", action="store_true", help="print the methods' costs alone")
    options = parser.parse_args()
    if options.methods:
        print(methods_table(options.repetitions))
        return
    device = torch.device(options.device)
    print(table(*measure(options.repetitions, device), device))


if __name__ == "__main__":
    main()
