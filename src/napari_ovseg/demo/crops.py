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
from scipy import ndimage

from napari_ovseg.demo.phrases import INDEX, SHAPES, VOCABULARY, Phrase
from napari_ovseg.demo.scenes import scene
from napari_ovseg.errors import InputError

FALSE, TRUE, UNSAID = 0, 1, -1
AROUND_A_REGION = 0.7
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
    regions : numpy.ndarray
        int, (regions, 5): thing, top, left, side of the square around it, and area of every connected region.
    tissue : bool
        Whether this is a stained section.
    real : bool
        Whether this is a photograph.
    """

    picture: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    truths: NDArray[np.bool_]
    shaped: NDArray[np.bool_]
    regions: NDArray[np.intp]
    tissue: bool = False
    real: bool = False


def _true_of(thing: Phrase) -> NDArray[np.bool_]:
    return np.array([thing.says(phrase) for phrase in VOCABULARY])


def pieces_of(labels: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Connected regions of at least 12 pixels: thing, top, left, side of the square around it, area."""
    rows = []
    for thing in range(1, int(labels.max()) + 1):
        marked, _ = ndimage.label(labels == thing)
        areas = np.bincount(marked.ravel())[1:]
        for area, (y, x) in zip(areas, ndimage.find_objects(marked), strict=True):
            if area >= 12:
                side = max(y.stop - y.start, x.stop - x.start)
                rows.append(
                    (thing, (y.start + y.stop - side) // 2, (x.start + x.stop - side) // 2, side, area)
                )
    return np.array(rows, np.intp).reshape(-1, 5)


def scene_canvas(seed: Sequence[int]) -> Canvas:
    """A generated scene without held-out combinations, as a canvas."""
    drawn = scene(np.random.default_rng(seed))
    return Canvas(
        drawn.picture,
        drawn.labels,
        np.stack([_true_of(thing) for thing in drawn.things]),
        np.array([thing.kind in SHAPES for thing in drawn.things]),
        pieces_of(drawn.labels),
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
    labels = (instances > 0).astype(np.uint8)
    return Canvas(picture, labels, truth, np.array([False]), pieces_of(labels), stained, True)


def what_is_said(canvas: Canvas, top: int, left: int, side: int, subject: int = 0) -> NDArray[np.int8]:
    """Truth of every phrase for one crop.

    Parameters
    ----------
    canvas : Canvas
        The picture.
    top, left, side : int
        The crop in pixels.
    subject : int
        The thing that the crop is of, the only one that is then spoken of; 0 for all that is in it.

    Returns
    -------
    numpy.ndarray
        int8, (phrases,): `TRUE`, `FALSE`, or `UNSAID` where a thing is barely in the crop, is not its subject
        or, for words of shape, too little of its outline is seen.
    """
    count = len(canvas.truths)
    here = np.bincount(canvas.labels[top : top + side, left : left + side].ravel(), minlength=count + 1)
    share = here / side**2
    said = np.zeros(len(VOCABULARY), np.int8)
    unsure = np.zeros(len(VOCABULARY), bool)
    for thing in range(count):
        truth, area = canvas.truths[thing], share[thing + 1]
        if area < 0.001:
            continue
        if area < 0.012 or subject not in (0, thing + 1):
            unsure |= truth
            continue
        whole = canvas.regions[canvas.regions[:, 0] == thing + 1, 4].max(initial=0)
        outline_hidden = canvas.shaped[thing] and here[thing + 1] < 0.5 * whole
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


def _place(canvas: Canvas, size: int, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """Choose where to cut, and the subject: around a region of a thing, to learn its outline, or anywhere."""
    height, width = canvas.labels.shape
    if not canvas.real and len(canvas.regions) and rng.random() < AROUND_A_REGION:
        thing, top, left, extent, _ = canvas.regions[int(rng.integers(len(canvas.regions)))]
        side = min(max(int(extent * rng.uniform(1.05, 1.6)), 16), height, width)
        offset = (extent - side) / 2 + rng.uniform(-0.15, 0.15, 2) * extent
        top, left = (int(place) for place in np.array((top, left)) + offset)
        return min(max(top, 0), height - side), min(max(left, 0), width - side), side, int(thing)
    zoom = float(np.exp(rng.uniform(np.log(0.5), np.log(2.2))))
    side = min(max(int(size * zoom), 20), height, width)
    return int(rng.integers(0, height - side + 1)), int(rng.integers(0, width - side + 1)), side, 0


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
    top, left, side, subject = _place(canvas, size, rng)
    cut = Image.fromarray(canvas.picture[top : top + side, left : left + side])
    picture = np.asarray(cut.resize((size, size), Image.Resampling.BICUBIC), np.float32) / 255
    picture = np.rot90(picture, int(rng.integers(0, 4)))
    if rng.random() < 0.5:
        picture = picture[:, ::-1]
    picture = _exposure(picture, canvas, rng).clip(0, 1)
    return np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32), what_is_said(
        canvas, top, left, side, subject
    )
