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
from typing import Annotated, Any

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from tqdm import tqdm

from napari_ovseg import Category, load_model, segment
from napari_ovseg.models.map_model import MapModel, Seen
from napari_ovseg.models.presence import presence_of
from napari_ovseg.pseudo_labels import paint
from voc_photos import CLASSES, Counts, Photo, confusion, figures, photos

CURATED = {"diningtable": "dining table", "pottedplant": "potted plant", "tvmonitor": "tv monitor"}
NAMES = [CURATED.get(name, name) for name in CLASSES[1:]]
HALVES = {"all": slice(None), "chosen": slice(0, None, 2), "unchosen": slice(1, None, 2)}


class Looked:
    """What one model saw, to be asked for more than the names of a photo: wraps `MapModel.see`."""

    def __init__(self, model: MapModel) -> None:
        self.vectors: list[torch.Tensor] = []
        see = model.see

        def remember(*views: Any, **words: Any) -> Seen:
            seen = see(*views, **words)
            self.vectors.append(seen.vectors)
            return seen

        model.see = remember  # type: ignore[method-assign]


def measure(
    shown: Sequence[Photo], model: MapModel, preset: str
) -> tuple[dict[str, list[Counts]], NDArray[np.float32], list[float]]:
    """Confusion of every photo after each stage, how sure the model is of each name, seconds a photo."""
    stages: dict[str, list[Counts]] = {}
    looked, sure, seconds = Looked(model), [], []
    for photo in tqdm(shown):
        names = [Category(NAMES[number - 1]) for number in photo.present]
        looked.vectors.clear()
        start = time.perf_counter()
        found = segment(photo.picture, names, model=model, preset=preset, known=True)
        seconds.append(time.perf_counter() - start)
        for stage, soft in found.stages.items():
            stages.setdefault(stage, []).append(confusion(photo, paint(soft, photo.truth.shape)[0]))
        sure.append(presence_of(model, torch.cat(looked.vectors), [[name] for name in NAMES]).numpy())
    return stages, np.stack(sure), seconds


def print_presence(sure: NDArray[np.float32], truth: NDArray[np.bool_], limit: float) -> None:
    """Print how well what is there is told from what is not, both ``(P, 20)``."""
    some = [k for k in range(len(NAMES)) if truth[:, k].any() and not truth[:, k].all()]
    each = [roc_auc_score(truth[:, k], sure[:, k]) for k in some]
    of_all = roc_auc_score(truth.ravel(), sure.ravel())
    print(f"\npresence: area under the curve {of_all:.3f} of all pairs of photo and name,")
    print(f"{np.mean(each):.3f} mean of {len(some)} names")
    print(f"called present ({limit:g} or more): {(sure[truth] >= limit).mean():.1%} of what is there,")
    print(f"{(sure[~truth] >= limit).mean():.1%} of what is not")


def main(
    preset: Annotated[str, typer.Option(help="fast, balanced or best.")] = "balanced",
    half: Annotated[str, typer.Option(help="all, chosen or unchosen.")] = "all",
    every: Annotated[int, typer.Option(help="Of those, one photo in so many.")] = 1,
    model_name: Annotated[str, typer.Option("--model")] = "photos",
) -> None:
    """Print the tables."""
    model = load_model(model_name)
    assert isinstance(model, MapModel)
    shown = photos("val")[HALVES[half]][::every]
    stages, sure, seconds = measure(shown, model, preset)
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
    truth = np.array([[k + 1 in photo.present for k in range(len(NAMES))] for photo in shown])
    for part, rows in parts.items():
        print(f"\n{part}:")
        print_presence(sure[rows], truth[rows], model.likeness.absent_below)


if __name__ == "__main__":
    typer.run(main)
