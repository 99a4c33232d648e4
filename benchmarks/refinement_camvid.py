"""The stages after relevance where many thin things compete: ``python benchmarks/refinement_camvid.py``.

Driving frames with the coarse class scores of a network that was trained on masks (``../shared/photos``).
Every pixel is one of eleven classes and none is background, so the scores compete as they are. No deep
features come with them, so relevance is not spread here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from PIL import Image
from tqdm import tqdm

from napari_ovseg.images import to_rgb
from napari_ovseg.pseudo_labels import paint
from napari_ovseg.single_image import EDGE_SIDE, WORK_SIDE, sharpen, sharpen_finely, train
from napari_ovseg.views.source import reduce

CAMVID = Path(__file__).resolve().parents[1] / "../shared/photos/camvid"
CLASSES = 11


def stages(picture: np.ndarray, scores: torch.Tensor) -> dict[str, torch.Tensor]:
    """What `pipeline.segment_maps` does with scores that already compete: ``(12, h, w)`` after each stage.

    Background, the first, is nowhere.
    """
    scores = torch.cat([torch.zeros_like(scores[:1]), scores])
    outlined, small = (
        torch.from_numpy(reduce(picture, side)).permute(2, 0, 1) for side in (EDGE_SIDE, WORK_SIDE)
    )
    pseudo = sharpen(scores, outlined)
    distilled = train(small.permute(1, 2, 0).contiguous().numpy(), pseudo, None).everywhere
    return {
        "scores": scores,
        "pseudo-labels": pseudo,
        "distilled": distilled,
        "edges": sharpen_finely(distilled, small),
    }


def iou(counts: np.ndarray) -> np.ndarray:
    """IoU of each class of a confusion matrix."""
    either = counts.sum(0) + counts.sum(1) - np.diag(counts)
    return np.diag(counts) / np.maximum(either, 1)


def main(
    every: Annotated[int, typer.Option(help="Take one frame in so many.")] = 1,
    rest: Annotated[bool, typer.Option(help="Take the other frames instead.")] = False,
) -> None:
    """Print pooled mIoU, and the IoU of each class, after each stage."""
    names = (CAMVID / "classes.txt").read_text().split("\n")[:CLASSES]
    logits = np.load(CAMVID / "scores_deeplab.npz")
    paths = [
        path
        for number, path in enumerate(sorted((CAMVID / "images").glob("*.png")))
        if (number % every == 0) != rest
    ]
    counts: dict[str, np.ndarray] = {}
    for path in tqdm(paths):
        picture = to_rgb(np.asarray(Image.open(path).convert("RGB")))
        truth = np.asarray(Image.open(CAMVID / "masks" / path.name))
        scores = torch.from_numpy(logits[path.stem].astype(np.float32)).softmax(0)
        seen = truth < CLASSES
        for stage, soft in stages(picture, scores).items():
            guess = paint(soft[1:], truth.shape)[0]
            pairs = np.bincount(truth[seen].astype(int) * CLASSES + guess[seen], minlength=CLASSES**2)
            counts[stage] = counts.get(stage, 0) + pairs.reshape(CLASSES, CLASSES)
    print(f"{len(paths)} frames\n\n| stage | mIoU | " + " | ".join(names) + " |")
    print("|---" * (CLASSES + 2) + "|")
    for stage, counted in counts.items():
        each = iou(counted)
        print(f"| {stage} | {each.mean():.3f} | " + " | ".join(f"{value:.2f}" for value in each) + " |")


if __name__ == "__main__":
    typer.run(main)
