"""What only a machine with a GPU can tell: ``python benchmarks/gpu_checks.py``.

Prints a table; exits with 0 when all is well, 1 when something is wrong, 3 where PyTorch finds no CUDA. It
imports no napari, Qt, magicgui or typer: PyTorch, timm, open_clip, scikit-image and platformdirs, with what
they bring, are enough, so that it runs from a checkout (``PYTHONPATH=src``) on a bare GPU machine.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from unittest import mock

import numpy as np
import open_clip
import torch

from napari_ovseg import load_model, segment
from napari_ovseg.demo.scenes import sample_scene
from napari_ovseg.models.clip.card import ClipCard
from napari_ovseg.models.clip.model import TRUNK_BATCH, ClipModel
from napari_ovseg.models.clip.relevance import relevance_from_states
from relevance_speed import measure, seconds

NO_GPU = 3
SCENES = (0, 3, 6)
ARCHITECTURE, SIDE = "ViT-B-16", 224
NAMES = [f"thing {i}" for i in range(10)]


@dataclass(frozen=True)
class Row:
    """One line of the table; without ``fine`` it only reports."""

    what: str
    found: str
    wanted: str = ""
    fine: bool | None = None


def agreement(device: torch.device) -> list[Row]:
    """The bundled model on the device and on the CPU: relevance maps and masks of generated scenes."""
    rows, maps, same = [], [], []
    for scene in SCENES:
        picture, _, names = sample_scene(scene)
        here, there = (
            segment(picture, names, model=load_model("demo", device=place), preset="fast")
            for place in (str(device), "cpu")
        )
        maps.append(float(np.abs(here.relevance - there.relevance).max()))
        same.append(float((here.masks == there.masks).mean()))
        again = segment(picture, names, model=load_model("demo", device=str(device)), preset="fast")
        rows.append((again.masks == here.masks).all())
    return [
        Row("relevance, largest difference from the CPU", f"{max(maps):.1e}", "<= 1e-2", max(maps) <= 1e-2),
        Row("masks as on the CPU, worst scene", f"{min(same):.4f}", ">= 0.97", min(same) >= 0.97),
        Row("the same masks twice", f"{sum(rows)} of {len(rows)}", "all", all(rows)),
    ]


def relevance(device: torch.device, repetitions: int) -> list[Row]:
    """The closed form against autograd, and the times of `relevance_speed`."""
    times, difference = measure(repetitions, device)
    bare = times["bare forward"]
    rows = [
        Row("closed form, difference from autograd", f"{difference:.1e}", "<= 1e-5", difference <= 1e-5),
        Row("bare forward", f"{1000 * statistics.median(bare):.2f} ms"),
    ]
    for name, taken in list(times.items())[1:]:
        ratio = statistics.median(t / b for t, b in zip(taken, bare, strict=True))
        rows.append(Row(name, f"{1000 * statistics.median(taken):.2f} ms, {ratio:.2f} times a bare forward"))
    return rows


def random_model(device: torch.device, architecture: str = ARCHITECTURE) -> ClipModel:
    """Random weights, without a file; the time doesn't depend on what they are."""
    torch.manual_seed(0)
    network = open_clip.create_model(architecture).eval().requires_grad_(False)
    tokenizer = open_clip.get_tokenizer(architecture)
    spec = ClipCard(architecture, architecture, checkpoint="random", method="explain")
    model = ClipModel(spec, network, tokenizer, torch.device("cpu"), f"random {architecture}")
    model.move_to(device)
    return model


def whole_run(model: ClipModel, repetitions: int) -> list[Row]:
    """`segment` on a photo, and once more with one more name: the trunk's states are cached."""
    from skimage.data import astronaut

    # random weights see nothing, and what is absent would not be painted
    with mock.patch("napari_ovseg.sight.presence_of", lambda *asked: torch.ones(len(asked[-1]))):
        segment(astronaut(), [*NAMES, "one more"], model=model)
        first, second = [], []
        for _ in range(repetitions):
            model.cache.clear()
            first.append(seconds(lambda: segment(astronaut(), NAMES, model=model)))
            second.append(seconds(lambda: segment(astronaut(), [*NAMES, "one more"], model=model)))
    return [
        Row("segment, 512 x 512, balanced, 10 names", f"{statistics.median(first):.2f} s"),
        Row("the same picture with one more name", f"{statistics.median(second):.2f} s"),
    ]


def everything(model: ClipModel, views: torch.Tensor) -> list[torch.Tensor]:
    """All that runs on the device: text, trunk with attention, relevance, features, image vectors."""
    model.cache.clear()
    # texts encoded before would be read from disk
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict("os.environ", NAPARI_OVSEG_CACHE=folder):
        texts = model.encode(NAMES)
    states = model.trunk(views, attention=True)
    maps = model.after_trunk(states, lambda part: relevance_from_states(model.network, part, texts))
    assert states.attention is not None
    read = [states.tokens, states.attention, maps, model.features(states), model.image_vectors(states)]
    return [tensor.cpu() for tensor in (texts, *read)]


def under(limit: int, device: torch.device, step: Callable[[], list[torch.Tensor]]) -> list[torch.Tensor]:
    """Run with at most ``limit`` bytes of the GPU's memory."""
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(device).total_memory
    torch.cuda.set_per_process_memory_fraction(limit / total, device)
    try:
        with warnings.catch_warnings(record=True):
            warnings.simplefilter("always")
            return step()
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, device)


def short_of_memory(device: torch.device) -> list[Row]:
    """With half of the memory that a run takes, then with next to none: smaller batches, then the CPU."""
    views = torch.randn(TRUNK_BATCH, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    model, rows = random_model(device), []
    torch.cuda.empty_cache()
    weights = torch.cuda.memory_reserved(device)
    torch.cuda.reset_peak_memory_stats(device)
    expected = everything(model, views)
    most = torch.cuda.max_memory_reserved(device)
    cases = {"half of what a run takes": (weights + most) // 2, "no room for one view": weights + 2**20}
    for name, limit in cases.items():
        model = random_model(device)
        try:
            found = under(limit, device, lambda model=model: everything(model, views))
        except RuntimeError as error:
            rows.append(Row(name, f"{type(error).__name__}: {str(error)[:60]}", "no error", False))
            continue
        off = max(float((a - b).abs().max() / b.abs().max()) for a, b in zip(found, expected, strict=True))
        said = " ".join(model.notes)
        fine = off <= 1e-2 and ("running on the CPU" if "one view" in name else "views at a time") in said
        rows.append(Row(f"{name}, {limit >> 20} MiB", f"off by {off:.1e}; {said}", "<= 1e-2, and said", fine))
    return rows


def table(rows: list[Row]) -> str:
    """Return the rows as Markdown."""
    verdicts = {None: "", True: "ok", False: "WRONG"}
    lines = ["| check | found | wanted | |", "| --- | --- | --- | --- |"]
    lines += [f"| {row.what} | {row.found} | {row.wanted} | {verdicts[row.fine]} |" for row in rows]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("PyTorch finds no CUDA on this machine, so nothing was checked.")
        return NO_GPU
    logging.getLogger().addHandler(logging.NullHandler())
    device = torch.device("cuda")
    print(
        f"{torch.cuda.get_device_name(device)}, torch {torch.__version__}, open_clip {open_clip.__version__}"
    )
    rows = agreement(device) + relevance(device, options.repetitions)
    rows += whole_run(random_model(device), options.repetitions) + short_of_memory(device)
    print(table(rows))
    return 1 if any(row.fine is False for row in rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
