"""How well photos are segmented by a model: ``python benchmarks/photos.py [--preset fast] [--half chosen]``.

The right names of each VOC photo of ``../shared/photos`` are given (`segment(..., known=True)`), then masks
are held against the truth: mean over photos of the photo's mIoU, and pooled IoU of seven classes, as in
``voc_photos.py``. Settings of the model "photos" were chosen on every second photo, the first, third and so
on; the others are the half that was not chosen on. Also: who is there? The presence of all 20 names, as areas
under the curve, and the seconds that a photo takes.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Annotated

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from tqdm import tqdm

from napari_ovseg import Category, load_model, segment
from napari_ovseg.models.map_model import MapModel
from napari_ovseg.models.presence import presence_of
from napari_ovseg.picture_relevance import picture_relevance
from napari_ovseg.pseudo_labels import paint
from napari_ovseg.segmentation import Run
from napari_ovseg.views.augmentation import views_for
from napari_ovseg.views.source import source_of
from voc_photos import CLASSES, Counts, Photo, confusion, figures, photos

CURATED = {"diningtable": "dining table", "pottedplant": "potted plant", "tvmonitor": "tv monitor"}
NAMES = [CURATED.get(name, name) for name in CLASSES[1:]]
HALVES = {"all": slice(None), "chosen": slice(0, None, 2), "unchosen": slice(1, None, 2)}


def masks_of(
    shown: Sequence[Photo], model: MapModel, preset: str
) -> tuple[dict[str, list[Counts]], list[float]]:
    """Confusion of every photo after each stage, and seconds a photo."""
    stages: dict[str, list[Counts]] = {}
    seconds = []
    for photo in tqdm(shown, desc="masks"):
        names = [Category(NAMES[number - 1]) for number in photo.present]
        start = time.perf_counter()
        found = segment(photo.picture, names, model=model, preset=preset, known=True)
        seconds.append(time.perf_counter() - start)
        for stage, soft in found.stages.items():
            stages.setdefault(stage, []).append(confusion(photo, paint(soft, photo.truth.shape)[0]))
    return stages, seconds


def presence_in(shown: Sequence[Photo], model: MapModel, preset: str) -> NDArray[np.float32]:
    """How sure the model is of each of the 20 names in each photo, ``(P, 20)``."""
    method = model.card.find_method()
    rows = []
    for photo in tqdm(shown, desc="presence"):
        source, run = source_of(photo.picture), Run(None, None)
        views, asked = views_for(preset, *source.size), (Category("dog"),)
        with run.stage("presence", len(views)):
            seen = picture_relevance(
                source, asked, views, model=model, method=method, pack="none", run=run, deep=False
            )
        rows.append(presence_of(model, seen.image_vectors, [[name] for name in NAMES]).numpy())
    return np.stack(rows)


def main(
    preset: Annotated[str, typer.Option(help="fast, balanced or best.")] = "balanced",
    half: Annotated[str, typer.Option(help="all, chosen or unchosen.")] = "all",
    every: Annotated[int, typer.Option(help="Of those, one photo in so many.")] = 1,
    model_name: Annotated[str, typer.Option("--model")] = "photos",
    presence: Annotated[bool, typer.Option(help="Measure presence too.")] = True,
) -> None:
    """Print the tables."""
    model = load_model(model_name)
    assert isinstance(model, MapModel)
    shown = photos("val")[HALVES[half]][::every]
    stages, seconds = masks_of(shown, model, preset)
    parts = HALVES if half == "all" and every == 1 else {half: slice(None)}
    print(
        f"{len(shown)} photos, {preset}, {np.mean(seconds):.1f} s a photo "
        f"(median {np.median(seconds):.1f}), {torch.get_num_threads()} threads\n"
    )
    print("| stage | " + " | ".join(f"{part}: mean mIoU | pooled" for part in parts) + " |")
    print("|---" * (2 * len(parts) + 1) + "|")
    for stage, counted in stages.items():
        values = [value for rows in parts.values() for value in figures(shown[rows], counted[rows])]
        print(f"| {stage} | " + " | ".join(f"{value:.3f}" for value in values) + " |")
    if presence:
        sure = presence_in(shown, model, preset)
        truth = np.array([[k + 1 in photo.present for k in range(len(NAMES))] for photo in shown])
        both = [k for k in range(len(NAMES)) if truth[:, k].any() and not truth[:, k].all()]
        each = [roc_auc_score(truth[:, k], sure[:, k]) for k in both]
        of_all = roc_auc_score(truth.ravel(), sure.ravel())
        print(
            f"\npresence: area under the curve {of_all:.3f} of all pairs, "
            f"{np.mean(each):.3f} mean of {len(both)} names"
        )
        limit = model.likeness.absent_below
        print(
            f"called present ({limit:g} or more): {(sure[truth] >= limit).mean():.1%} of what is there, "
            f"{(sure[~truth] >= limit).mean():.1%} of what is not"
        )


if __name__ == "__main__":
    typer.run(main)
