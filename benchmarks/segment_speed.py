"""What `segment` costs beside the bare forwards of its views: ``python benchmarks/segment_speed.py``.

ViT-B/16's architecture with random weights (the time doesn't depend on what they are), a picture of 512 x 512
pixels and 5 categories. Prints ratios within one run, as a Markdown table.
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
from safetensors.torch import save_file
from skimage.data import astronaut

from napari_ovseg import augmentation, load_model, segment
from napari_ovseg.pipeline import LOOKING

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
    segment(astronaut(), NAMES, model=model, preset=preset)  # texts are encoded once
    rows: dict[str, list[float]] = {}
    for _ in range(repeats):
        model.cache.clear()
        start = time.perf_counter()
        with torch.inference_mode():
            for view, size in zip(views, shown, strict=True):
                model.network.encode_image(model.preprocess(augmentation.render(picture, view), size))
        bare = time.perf_counter() - start
        start = time.perf_counter()
        seconds = segment(astronaut(), NAMES, model=model, preset=preset).record["seconds"]
        total = time.perf_counter() - start
        after = sum(value for stage, value in seconds.items() if stage != LOOKING)
        parts = {f"bare forwards of {len(views)} views": bare, LOOKING.lower(): seconds[LOOKING]}
        parts |= {"segment less what comes after relevance": total - after, "segment in total": total}
        for row, value in parts.items():
            rows.setdefault(row, []).append(value)
    print("| | s | times the bare forwards | wanted |\n|---|---|---|---|")
    first = next(iter(rows.values()))
    for row, values in rows.items():
        ratio = np.median([v / b for v, b in zip(values, first, strict=True)])
        wanted = "<= 1.35" if "less" in row else ""
        print(f"| {row} | {np.median(values):.2f} | {ratio:.2f} | {wanted} |")


if __name__ == "__main__":
    typer.run(main)
