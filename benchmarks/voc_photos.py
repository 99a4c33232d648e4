"""The real photos of the refinement benchmarks, with maps of 2 or 8 views, and how masks of them are scored.

Maps and features come from the image-level MobileNetV2 beside the photos (``../shared/photos``), not CLIP.
"""

from __future__ import annotations

import csv
import importlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image

PHOTOS = Path(__file__).resolve().parents[1] / "../shared/photos"
CLASSES = (PHOTOS / "voc/classes.txt").read_text().split("\n")[:21] if PHOTOS.exists() else []
POOLED = ["background", "cat", "cow", "dog", "horse", "person", "sheep"]
VIEWS = [(side, mirrored) for side in (500, 700, 900, 350) for mirrored in (False, True)]
# maps of many views take seconds a photo; they are kept here, and only they
CACHE = Path(gettempdir()) / "napari-ovseg-voc-maps"
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Photo:
    """One photo: its id, and the VOC numbers of what is in it."""

    key: str
    present: tuple[int, ...]

    @property
    def picture(self) -> NDArray[np.uint8]:
        """``(H, W, 3)``."""
        return np.asarray(Image.open(PHOTOS / f"voc/images/{self.key}.jpg").convert("RGB"))

    @cached_property
    def truth(self) -> NDArray[np.uint8]:
        """``(H, W)``, VOC numbers, 255 void."""
        return np.asarray(Image.open(PHOTOS / f"voc/masks/{self.key}.png"))


def photos(split: str = "val", every: int = 1) -> list[Photo]:
    """The photos of a split, one in ``every``."""
    with (PHOTOS / "voc/index.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if split in (row["voc2012_split"], "all")]
    return [
        Photo(row["id"], tuple(sorted(CLASSES.index(label) for label in row["labels"].split())))
        for row in rows[::every]
    ]


class Relevance:
    """Mean map of the first so many of `VIEWS`, and deep features of one."""

    def __init__(self, views: int) -> None:
        self.views = views
        self._maps = np.load(PHOTOS / "voc/cam_mobilenetv2.npz")
        self._features = np.load(PHOTOS / "voc/features_mobilenetv2.npz")
        self._network: Any = None

    def maps(self, photo: Photo) -> NDArray[np.float32]:
        """``(labels, h, w)``, logits."""
        if self.views <= 2:
            both = [self._maps[f"{photo.key}/{which}"].astype(np.float32) for which in ("plain", "flipped")]
            return np.mean(both[: self.views], 0, dtype=np.float32)
        kept = CACHE / f"{photo.key}-{self.views}.npy"
        if not kept.exists():
            CACHE.mkdir(exist_ok=True)
            np.save(kept, self._look(photo))
        return np.load(kept)

    def features(self, photo: Photo) -> NDArray[np.float32]:
        """``(64, h, w)``."""
        return self._features[photo.key].astype(np.float32)

    def _look(self, photo: Photo) -> NDArray[np.float32]:
        if self._network is None:
            sys.path.insert(0, str(PHOTOS))
            self._module = importlib.import_module("mobilenetv2")
            self._network = self._module.MobileNetV2()
        names, picture, found = [CLASSES[i] for i in photo.present], Image.fromarray(photo.picture), []
        for side, mirrored in VIEWS[: self.views]:
            shown = self._module.view(picture, side)
            maps = self._module.cams(self._network, shown.flip(3) if mirrored else shown, names)
            found.append(maps.flip(2) if mirrored else maps)
        same = [
            F.interpolate(maps[None], found[0].shape[1:], mode="bilinear", antialias=True)[0]
            for maps in found
        ]
        return torch.stack(same).mean(0).numpy()


def confusion(photo: Photo, labels: NDArray[np.integer[Any]]) -> Counts:
    """Pixels of each class of truth and of what was found, ``(21, 21)``; ``labels`` are 0..C of the photo."""
    found = np.array([0, *photo.present])[labels]
    seen = photo.truth != 255
    return np.bincount(photo.truth[seen].astype(int) * 21 + found[seen], minlength=441).reshape(21, 21)


def iou(counts: Counts) -> NDArray[np.float64]:
    """IoU of each class."""
    either = counts.sum(0) + counts.sum(1) - np.diag(counts)
    return np.diag(counts) / np.maximum(either, 1)


def of_photo(photo: Photo, counts: Counts) -> float:
    """IoU of a photo, mean of background and its own labels."""
    return float(iou(counts)[[0, *photo.present]].mean())


def figures(shown: Sequence[Photo], counts: Sequence[Counts]) -> tuple[float, float]:
    """The two figures: mean of the photos' mIoU, and pooled IoU, mean of `POOLED`."""
    each = [of_photo(photo, counted) for photo, counted in zip(shown, counts, strict=True)]
    pooled = iou(np.sum(counts, 0))[[CLASSES.index(name) for name in POOLED]]
    return float(np.mean(each)), float(pooled.mean())


def folds(count: int, number: int) -> Iterator[tuple[list[int], list[int]]]:
    """For each fold, the photos to choose on and those held out; neighbours in the list are kept apart."""
    for fold in range(number):
        yield [i for i in range(count) if i % number != fold], list(range(fold, count, number))
