"""Pictures and words to train on: crops of scenes and of real nuclei, each with the phrases true of it.

Training sees the pixels of a crop and the phrases only. Where things are is used here alone, to know what may
truthfully be said of a crop.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from napari_ovseg.demo.phrases import INDEX, SHAPES, VOCABULARY, Phrase
from napari_ovseg.demo.scenes import scene
from napari_ovseg.errors import InputError

FALSE, TRUE, UNSAID = 0, 1, -1
_SHAPED = np.array([phrase.kind in SHAPES for phrase in VOCABULARY])
_HELD_OUT = np.array([phrase.held_out for phrase in VOCABULARY])
_BACKGROUND = INDEX[Phrase(kind="background")]
_TISSUE = INDEX[Phrase(kind="stained tissue")]


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
    tissue : bool
        Whether this is a stained section.
    real : bool
        Whether this is a photograph.
    """

    picture: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    truths: NDArray[np.bool_]
    shaped: NDArray[np.bool_]
    tissue: bool = False
    real: bool = False


def _true_of(thing: Phrase) -> NDArray[np.bool_]:
    return np.array([thing.says(phrase) for phrase in VOCABULARY])


def scene_canvas(seed: Sequence[int]) -> Canvas:
    """A generated scene without held-out combinations, as a canvas."""
    drawn = scene(np.random.default_rng(seed))
    return Canvas(
        drawn.picture,
        drawn.labels,
        np.stack([_true_of(thing) for thing in drawn.things]),
        np.array([thing.kind in SHAPES for thing in drawn.things]),
    )


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
    index = folder / "index.csv"
    if not index.is_file():
        raise InputError(
            f"No index.csv in {folder}: give the folder of nuclei pictures (images/, instances/, index.csv)."
        )
    with index.open(newline="") as stream:
        rows = sorted(csv.DictReader(stream), key=lambda row: (row["kind"], row["id"]))
    return [row for number, row in enumerate(rows) if (number % 5 == 0) == (part == "test")]


def nuclei_canvas(folder: Path, row: dict[str, str]) -> Canvas:
    """A real picture of nuclei, as a canvas with one thing."""
    picture = np.asarray(Image.open(folder / "images" / f"{row['id']}.png").convert("RGB"))
    instances = np.asarray(Image.open(folder / "instances" / f"{row['id']}.png"))
    stained = row["kind"] == "stained"
    truth = np.zeros((1, len(VOCABULARY)), bool)
    truth[0, INDEX[Phrase(kind="nuclei")]] = True
    truth[0, INDEX[Phrase(kind="stained nuclei" if stained else "fluorescent nuclei")]] = True
    return Canvas(picture, (instances > 0).astype(np.uint8), truth, np.array([False]), stained, True)


def what_is_said(canvas: Canvas, top: int, left: int, side: int) -> NDArray[np.int8]:
    """Truth of every phrase for one crop.

    Parameters
    ----------
    canvas : Canvas
        The picture.
    top, left, side : int
        The crop in pixels.

    Returns
    -------
    numpy.ndarray
        int8, (phrases,): `TRUE`, `FALSE`, or `UNSAID` where a thing is barely in the crop or, for words of
        shape, too little of its outline is.
    """
    count = len(canvas.truths)
    total = np.bincount(canvas.labels.ravel(), minlength=count + 1)
    here = np.bincount(canvas.labels[top : top + side, left : left + side].ravel(), minlength=count + 1)
    share = here / side**2
    said = np.zeros(len(VOCABULARY), np.int8)
    unsure = np.zeros(len(VOCABULARY), bool)
    for thing in range(count):
        truth, area = canvas.truths[thing], share[thing + 1]
        if area < 0.001:
            continue
        if area < 0.012:
            unsure |= truth
            continue
        outline_hidden = canvas.shaped[thing] and here[thing + 1] < 0.3 * total[thing + 1]
        sayable = truth & ~_SHAPED if outline_hidden else truth
        unsure |= truth & ~sayable
        said[sayable] = TRUE
    said[unsure & (said != TRUE)] = UNSAID
    said[_HELD_OUT] = UNSAID
    said[_BACKGROUND] = TRUE if share[0] > 0.15 else (UNSAID if share[0] > 0.02 else FALSE)
    if canvas.tissue:
        said[_TISSUE] = TRUE
    return said


def _exposure(
    picture: NDArray[np.floating], canvas: Canvas, rng: np.random.Generator
) -> NDArray[np.floating]:
    """Vary what a camera varies; real pictures are few, so they are varied more."""
    if not canvas.real:
        return picture * np.float32(rng.uniform(0.9, 1.1))
    if canvas.tissue:
        tint = rng.normal(1, 0.06, 3).astype(np.float32)
        return picture.clip(0, 1) ** np.float32(rng.uniform(0.7, 1.4)) * tint
    gain = rng.uniform(0.6, 3.0) if picture.max() < 0.5 else rng.uniform(0.6, 1.3)
    return picture * np.float32(gain) + np.float32(rng.uniform(0, 0.05))


def crop(canvas: Canvas, size: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """A square crop of any scale, turned at random, and what is said of it.

    Parameters
    ----------
    canvas : Canvas
        The picture to cut from.
    size : int
        Side of the result in pixels.
    rng : numpy.random.Generator
        The only source of chance.

    Returns
    -------
    picture : numpy.ndarray
        float32, (3, size, size), in [0, 1].
    said : numpy.ndarray
        int8, (phrases,), see `what_is_said`.
    """
    height, width = canvas.labels.shape
    zoom = float(np.exp(rng.uniform(np.log(0.5), np.log(2.2))))
    side = min(max(int(size * zoom), 20), height, width)
    top, left = int(rng.integers(0, height - side + 1)), int(rng.integers(0, width - side + 1))
    cut = Image.fromarray(canvas.picture[top : top + side, left : left + side])
    picture = np.asarray(cut.resize((size, size), Image.Resampling.BICUBIC), np.float32) / 255
    picture = np.rot90(picture, int(rng.integers(0, 4)))
    if rng.random() < 0.5:
        picture = picture[:, ::-1]
    picture = _exposure(picture, canvas, rng).clip(0, 1)
    return np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32), what_is_said(canvas, top, left, side)
