"""What `segment` costs beside the bare forwards of its views: ``python benchmarks/segment_speed.py``.

ViT-B/16's architecture with random weights (the time doesn't depend on what they are), a picture of 512 x 512
pixels and 5 categories, by `explain` and by `cam`. Prints ratios within one run, as Markdown tables.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import open_clip
import torch
import typer
from numpy.typing import NDArray
from safetensors.torch import save_file
from skimage.data import astronaut

from napari_ovseg import load_model, segment
from napari_ovseg.distillation import PSEUDO
from napari_ovseg.models.clip.model import ClipModel
from napari_ovseg.views import augmentation
from napari_ovseg.views.source import PictureInMemory

NAMES = "astronaut, flag, rocket, helmet, background wall"


def main(
    preset: Annotated[str, typer.Option(help="fast, balanced or best.")] = "balanced",
    repeats: Annotated[int, typer.Option(help="Rounds; the medians count.")] = 3,
) -> None:
    """Print the table."""
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "random.safetensors"
        save_file(open_clip.create_model("ViT-B-16").state_dict(), weights)
        model = load_model("ViT-B-16", checkpoint=weights, device="cpu")
    picture = astronaut().astype(np.float32) / 255
    views = augmentation.views_for(preset, *picture.shape[:2])
    shown = [augmentation.view_size(v, *picture.shape[:2], input_size=224, patch_size=16) for v in views]
    for method in ("explain", "cam"):
        # texts are encoded once
        segment(astronaut(), NAMES, model=model, preset=preset, method=method)
        rows: dict[str, list[float]] = {}
        for _ in range(repeats):
            for row, value in seconds_of(method, preset, model, picture, views, shown).items():
                rows.setdefault(row, []).append(value)
        print(f"\n{method}\n\n| | s | times the bare forwards |\n|---|---|---|")
        first = next(iter(rows.values()))
        for row, values in rows.items():
            ratio = np.median([v / b for v, b in zip(values, first, strict=True)])
            print(f"| {row} | {np.median(values):.2f} | {ratio:.2f} |")


def seconds_of(
    method: str,
    preset: str,
    model: ClipModel,
    picture: NDArray[np.float32],
    views: list[augmentation.View],
    shown: list[tuple[int, int]],
) -> dict[str, float]:
    """Processor time of one round, which waiting for other programs doesn't change."""
    model.cache.clear()
    source = PictureInMemory(picture)
    start = time.process_time()
    with torch.inference_mode():
        for view, size in zip(views, shown, strict=True):
            part = source.read(view.box, side=max(source.size))
            model.network.encode_image(model.preprocess(augmentation.render(part, view), size))
    bare = time.process_time() - start
    before, total = timed(NAMES, method, preset, model)
    again, _ = timed(f"{NAMES}, glove", method, preset, model)
    return {
        f"bare forwards of {len(views)} views": bare,
        "segment less what comes after relevance": before,
        "segment in total": total,
        "one more name, less what comes after relevance": again,
    }


def timed(names: str, method: str, preset: str, model: ClipModel) -> tuple[float, float]:
    """Processor time of `segment` until relevance is there, and until the end."""
    marks: dict[str, float] = {}
    start = time.process_time()
    segment(
        astronaut(),
        names,
        model=model,
        preset=preset,
        method=method,
        progress=lambda stage, done, total: marks.setdefault(stage, time.process_time() - start),
    )
    return marks[PSEUDO], time.process_time() - start


if __name__ == "__main__":
    typer.run(main)
