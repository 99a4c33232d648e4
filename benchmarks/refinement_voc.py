"""The stages after relevance on real photos: each one's accuracy and seconds.

    python benchmarks/refinement_voc.py [--photos 60] [--views 2] [--split val] [--no-features]

Maps and features come from the image-level MobileNetV2 beside the photos (``../shared/photos``), not CLIP.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from napari_ovseg.pipeline import segment_maps
from napari_ovseg.pseudo_labels import paint

PHOTOS = Path(__file__).resolve().parents[1] / "../shared/photos"
POOLED = ["background", "cat", "cow", "dog", "horse", "person", "sheep"]


class Score:
    """Confusion counts over photos of 21 classes, and each photo's own mIoU."""

    def __init__(self) -> None:
        self.counts = np.zeros((21, 21), np.int64)
        self.each: list[float] = []

    def add(self, truth: np.ndarray, guess: np.ndarray, present: list[int]) -> None:
        """Count one photo; void is left out."""
        seen = truth != 255
        counts = np.bincount(truth[seen].astype(int) * 21 + guess[seen], minlength=441).reshape(21, 21)
        self.counts += counts
        self.each.append(float(np.mean(iou(counts)[[0, *present]])))


def iou(counts: np.ndarray) -> np.ndarray:
    either = counts.sum(0) + counts.sum(1) - np.diag(counts)
    return np.diag(counts) / np.maximum(either, 1)


def photos(split: str, limit: int) -> list[tuple[str, list[int]]]:
    """The photos of a split, spread over the list when there are more than ``limit``."""
    names = (PHOTOS / "voc/classes.txt").read_text().split("\n")
    rows = [
        (row["id"], sorted(names.index(label) for label in row["labels"].split()))
        for row in csv.DictReader((PHOTOS / "voc/index.csv").open())
        if split in (row["voc2012_split"], "all")
    ]
    return [
        rows[i] for i in np.unique(np.linspace(0, len(rows) - 1, min(limit, len(rows))).round().astype(int))
    ]


def many_views(network: Any, image: Image.Image, names: list[str], views: int) -> np.ndarray:
    """Mean map of mirror x several sizes, straight from the network of the photos' folder."""
    from mobilenetv2 import cams, view

    maps: list[torch.Tensor] = []
    for long_side in (500, 700, 900, 350)[: views // 2]:
        shown = view(image, long_side)
        maps += [cams(network, shown, names), cams(network, shown.flip(3), names).flip(2)]
    same = [torch.nn.functional.interpolate(m[None], maps[0].shape[1:], mode="bilinear")[0] for m in maps]
    return torch.stack(same).mean(0).numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--views", type=int, default=2, choices=(1, 2, 4, 6, 8))
    parser.add_argument("--split", default="val", choices=("train", "val", "all"))
    parser.add_argument("--no-features", action="store_true")
    chosen = parser.parse_args()
    names = (PHOTOS / "voc/classes.txt").read_text().split("\n")
    cams = np.load(PHOTOS / "voc/cam_mobilenetv2.npz")
    deep = np.load(PHOTOS / "voc/features_mobilenetv2.npz")
    scores: dict[str, Score] = {}
    seconds = 0.0
    todo = photos(chosen.split, chosen.photos)
    network = None
    if chosen.views > 2:
        sys.path.insert(0, str(PHOTOS))
        network = importlib.import_module("mobilenetv2").MobileNetV2()
    for key, present in todo:
        picture = np.asarray(Image.open(PHOTOS / f"voc/images/{key}.jpg").convert("RGB"))
        truth = np.asarray(Image.open(PHOTOS / f"voc/masks/{key}.png"))
        plain = cams[f"{key}/plain"].astype(np.float32)
        if chosen.views > 2:
            maps = many_views(network, Image.fromarray(picture), [names[i] for i in present], chosen.views)
        else:
            maps = (plain + cams[f"{key}/flipped"]) / 2 if chosen.views == 2 else plain
        features = None if chosen.no_features else deep[key].astype(np.float32)
        result = segment_maps(picture, maps, features)
        seconds += sum(result.record["seconds"].values())
        ids = np.array([0, *present])
        for stage, soft in result.stages.items():
            score = scores.setdefault(stage, Score())
            score.add(truth, ids[paint(soft, truth.shape)[0]], present)
    print(f"{len(todo)} photos, {chosen.views} views")
    print(f"{'stage':<14} mean of photos   pooled")
    pooled = [names.index(name) for name in POOLED]
    for stage, score in scores.items():
        print(f"{stage:<14} {np.mean(score.each):14.3f} {iou(score.counts)[pooled].mean():8.3f}")
    print(f"{seconds / len(todo):.2f} s a photo")


if __name__ == "__main__":
    main()
