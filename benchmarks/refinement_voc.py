"""The stages after relevance on real photos: ``python benchmarks/refinement_voc.py [--views 8]``.

Prints a Markdown table: both figures of ``voc_photos.py``, boundary IoU (mean over photos) and seconds.
"""

from __future__ import annotations

import time
from typing import Annotated

import numpy as np
import typer
from tqdm import tqdm

from napari_ovseg.evaluation.metrics import VOID, count_boundaries
from napari_ovseg.pipeline import segment_maps
from napari_ovseg.pseudo_labels import paint
from voc_photos import Counts, Photo, Relevance, confusion, figures, photos


def boundary_iou(photo: Photo, labels: np.ndarray) -> float:
    """Boundary IoU of a photo, mean of background and its own labels (Cheng et al., CVPR 2021)."""
    truth = np.where(photo.truth == 255, VOID, photo.truth.astype(np.int32))
    found = np.array([0, *photo.present], np.int32)[labels]
    each = count_boundaries(truth, found).iou()
    return float(np.mean([each.get(number, 0.0) for number in (0, *photo.present)]))


def main(
    views: Annotated[int, typer.Option(help="1 to 8; past 2 they are computed once and kept.")] = 2,
    split: Annotated[str, typer.Option(help="train, val or all.")] = "val",
    every: Annotated[int, typer.Option(help="Take one photo in so many.")] = 1,
    features: Annotated[bool, typer.Option(help="Use deep features.")] = True,
) -> None:
    """Print the table of stages."""
    shown, relevance = photos(split, every), Relevance(views)
    counts: dict[str, list[Counts]] = {}
    boundaries: dict[str, list[float]] = {}
    seconds = 0.0
    for photo in tqdm(shown):
        picture, maps = photo.picture, relevance.maps(photo)
        start = time.process_time()
        result = segment_maps(picture, maps, relevance.features(photo) if features else None)
        seconds += time.process_time() - start
        for stage, soft in result.stages.items():
            labels = paint(soft, photo.truth.shape)[0]
            counts.setdefault(stage, []).append(confusion(photo, labels))
            boundaries.setdefault(stage, []).append(boundary_iou(photo, labels))
    print(f"{len(shown)} photos, {views} views, {seconds / len(shown):.2f} s of one core a photo\n")
    print("| stage | mean of the photos' mIoU | pooled IoU of 7 classes | boundary IoU |\n|---|---|---|---|")
    for stage, counted in counts.items():
        mean, pooled = figures(shown, counted)
        print(f"| {stage} | {mean:.3f} | {pooled:.3f} | {np.mean(boundaries[stage]):.3f} |")


if __name__ == "__main__":
    typer.run(main)
