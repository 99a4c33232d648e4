"""Pictures that crops are cut from, and what is true of the things in them: drawn scenes and real nuclei."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from skimage import data

from napari_ovseg.demo.phrases import INDEX, SHAPES, VOCABULARY, Phrase
from napari_ovseg.demo.scenes import scene
from napari_ovseg.errors import InputError

SMALLEST_REGION = 12
PHOTOS = ("astronaut", "chelsea", "rocket", "coffee")
# a thing that differs less than this from the ground, of full scale, can't be seen in grey
_SEEN_IN_GREY = 0.15
# percentiles that become black and white
_STRETCHED = (0.1, 99.9)
_IN_GREY = np.array([(1, 0, 0), (0, 1, 0), (0, 0, 1), (1 / 3, 1 / 3, 1 / 3)], np.float32)


@dataclass(frozen=True)
class Canvas:
    """A picture that crops are cut from.

    Attributes
    ----------
    picture : numpy.ndarray
        uint8, (H, W, 3).
    labels : numpy.ndarray
        uint8, (H, W): 0 background, k the k-th thing.
    truths : numpy.ndarray
        bool, (things, phrases): what is true of each thing.
    shaped : numpy.ndarray
        bool, (things,): whether a thing has an outline that must be seen before its shape can be told.
    regions : numpy.ndarray
        int, (regions, 5): thing, top, left, side of the square around it, and area of every connected region.
    kind : {"scene", "grey", "stained", "empty", "photo"}
        A drawn scene in colour; a microscope's grey picture; a stained section; noise and haze; a photo.
    in_grey : numpy.ndarray or None
        (3,), the weights of the colours by which a drawn scene becomes grey with everything still to be seen.
    """

    picture: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    truths: NDArray[np.bool_]
    shaped: NDArray[np.bool_]
    regions: NDArray[np.intp]
    kind: str = "scene"
    in_grey: NDArray[np.float32] | None = None


def scene_canvas(seed: Sequence[int]) -> Canvas:
    """A generated scene without held-out combinations, as a canvas."""
    drawn = scene(np.random.default_rng(seed))
    return Canvas(
        drawn.picture,
        drawn.labels,
        np.stack([_true_of(thing) for thing in drawn.things]),
        np.array([thing.kind in SHAPES for thing in drawn.things]),
        pieces_of(drawn.labels),
        in_grey=_in_grey(drawn.picture, drawn.labels),
    )


def empty_canvas(seed: Sequence[int], side: int = 192) -> Canvas:
    """Grounds in which nothing is that has a name: noise of any grain, haze, slopes and lines."""
    rng = np.random.default_rng(seed)
    field = np.zeros((side, side))
    for _layer in range(int(rng.integers(1, 4))):
        grain = float(np.exp(rng.uniform(np.log(0.5), np.log(40))))
        layer = ndimage.gaussian_filter(rng.standard_normal((side, side)), grain, mode="wrap")
        field += rng.uniform(0.2, 1) * layer / layer.std()
    if rng.random() < 0.3:
        field += rng.uniform(0.5, 3) * np.linspace(-1, 1, side)[:, None]
    if rng.random() < 0.2:
        field += rng.uniform(0.5, 2) * np.sin(np.arange(side) / rng.uniform(1, 12))
    grey = rng.uniform(0.05, 0.95) + rng.uniform(0.0, 0.2) * field
    picture = (np.repeat(grey[..., None], 3, 2).clip(0, 1) * 255).round().astype(np.uint8)
    nothing = np.zeros((0, len(VOCABULARY)), bool)
    labels = np.zeros((side, side), np.uint8)
    return Canvas(picture, labels, nothing, np.zeros(0, bool), pieces_of(labels), "empty")


def photo_canvases() -> list[Canvas]:
    """Photos of scikit-image, in which nothing is that the model has a name for but colours and shapes."""
    return [
        Canvas(
            np.ascontiguousarray(np.asarray(getattr(data, name)())[..., :3]),
            np.zeros(getattr(data, name)().shape[:2], np.uint8),
            np.zeros((0, len(VOCABULARY)), bool),
            np.zeros(0, bool),
            np.zeros((0, 5), np.intp),
            "photo",
        )
        for name in PHOTOS
    ]


def nuclei_split(folder: Path, part: str) -> list[dict[str, str]]:
    """Rows of ``index.csv`` for training or for tests: every fifth picture of either kind is held out.

    Parameters
    ----------
    folder : pathlib.Path
        Folder with ``index.csv``, ``images/`` and ``instances/`` (BBBC038, CC0).
    part : {"train", "test"}
        Which part.

    Returns
    -------
    list of dict
        Keys ``id``, ``kind`` ("fluorescence" or "stained") and others.
    """
    rows = sorted(_index(folder), key=lambda row: (row["kind"], row["id"]))
    return [row for number, row in enumerate(rows) if (number % 5 == 0) == (part == "test")]


def large_nuclei_for_training(folder: Path) -> list[dict[str, str]]:
    """Rows of the ``index.csv`` of large pictures: the second, the fourth and so on, for training."""
    return _index(folder)[1::2]


def nuclei_canvas(folder: Path, row: dict[str, str]) -> Canvas:
    """A real picture of nuclei, as a canvas with one thing."""
    picture = np.asarray(Image.open(folder / "images" / f"{row['id']}.png").convert("RGB"))
    instances = np.asarray(Image.open(folder / "instances" / f"{row['id']}.png"))
    truth = np.zeros((1, len(VOCABULARY)), bool)
    truth[0, INDEX[Phrase(kind="nuclei")]] = True
    special = {"stained": "stained nuclei", "fluorescence": "fluorescent nuclei"}.get(row["kind"])
    if special:
        truth[0, INDEX[Phrase(kind=special)]] = True
    labels = (instances > 0).astype(np.uint8)
    kind = "stained" if row["kind"] == "stained" else "grey"
    return Canvas(picture, labels, truth, np.array([False]), pieces_of(labels), kind)


def stretched(canvas: Canvas) -> Canvas:
    """Return a canvas of a grey picture with its grey values stretched, as a run stretches them."""
    low, high = np.percentile(canvas.picture, _STRETCHED)
    picture = ((canvas.picture - low) / max(high - low, 5) * 255).clip(0, 255).round().astype(np.uint8)
    return replace(canvas, picture=picture)


def pieces_of(labels: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Connected regions of at least 12 pixels: thing, top, left, side of the square around it, area."""
    rows = []
    for thing in range(1, int(labels.max()) + 1):
        marked, _ = ndimage.label(labels == thing)
        areas = np.bincount(marked.ravel())[1:]
        for area, (y, x) in zip(areas, ndimage.find_objects(marked), strict=True):
            if area >= SMALLEST_REGION:
                side = max(y.stop - y.start, x.stop - x.start)
                rows.append(
                    (thing, (y.start + y.stop - side) // 2, (x.start + x.stop - side) // 2, side, area)
                )
    return np.array(rows, np.intp).reshape(-1, 5)


def _true_of(thing: Phrase) -> NDArray[np.bool_]:
    return np.array([thing.says(phrase) for phrase in VOCABULARY])


def _in_grey(picture: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """Weights of the colours that keep the faintest thing best apart from the ground; None if none do."""
    means = np.array([picture[labels == k].mean(0) for k in range(int(labels.max()) + 1)], np.float32) / 255
    apart = np.abs((means[1:] - means[0]) @ _IN_GREY.T).min(axis=0)
    best = int(apart.argmax())
    return _IN_GREY[best] if apart[best] >= _SEEN_IN_GREY else None


def _index(folder: Path) -> list[dict[str, str]]:
    index = folder / "index.csv"
    if not index.is_file():
        raise InputError(
            f"No index.csv in {folder}: give the folder of nuclei pictures (images/, instances/, index.csv)."
        )
    with index.open(newline="") as stream:
        return list(csv.DictReader(stream))
