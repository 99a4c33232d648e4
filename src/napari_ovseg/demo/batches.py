"""Batches of crops, of what is said of them and of windows in them, and of the phrases that are asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from open_clip import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD
from torch import Tensor
from tqdm import tqdm

from napari_ovseg.demo.canvases import (
    Canvas,
    empty_canvas,
    large_nuclei_for_training,
    nuclei_canvas,
    nuclei_split,
    photo_canvases,
    scene_canvas,
    stretched,
)
from napari_ovseg.demo.crops import PATCH, Crop, crop
from napari_ovseg.demo.phrases import (
    COLOURS,
    INDEX,
    PARTICLES,
    PATTERNS,
    SHAPES,
    TEXTURES,
    VOCABULARY,
    Phrase,
    wording,
)
from napari_ovseg.demo.truth import TRUE

# side of the crops in pixels -> crops in a batch, so that every step costs about the same
BATCHES = {32: 224, 64: 64, 96: 28, 128: 16}
# about as many windows are spoken of in every step
WINDOWS = {32: 1, 64: 4, 96: 10, 128: 20}
# how often each side is drawn: first many small pictures, as shapes take many to learn, then whole scenes
EARLY, LATE = (0.85, 0.15, 0.0, 0.0), (0.35, 0.4, 0.15, 0.1)
LATE_FROM = 0.55
PHRASES_PER_STEP = 128
# single words, told apart among their like
GROUPS = [
    np.array([INDEX[Phrase(colour=word)] for word in COLOURS]),
    np.array([INDEX[Phrase(pattern=word)] for word in PATTERNS]),
    np.array([INDEX[Phrase(kind=word)] for word in (*SHAPES, *PARTICLES, *TEXTURES, "nuclei")]),
]


@dataclass(frozen=True)
class Pool:
    """Canvases of one sort, and how often a crop is cut from them, in relation to the other pools."""

    canvases: Sequence[Canvas]
    share: float


@dataclass(frozen=True)
class Batch:
    """What one step learns from.

    Attributes
    ----------
    pictures : torch.Tensor
        ``(B, 3, s, s)``, float32, normalised.
    said : torch.Tensor
        ``(B, P)``, int8: `TRUE`, `FALSE` or `UNSAID`.
    windows : torch.Tensor
        ``(W, n)``, bool: the patches of each window.
    owners : torch.Tensor
        ``(W,)``, int64: the picture of each window.
    said_of_windows : torch.Tensor
        ``(W, P)``, int8.
    texts : list of str
        The P phrases in words: the groups of single words first.
    corner : tuple of int
        See `Tower.image`.
    """

    pictures: Tensor
    said: Tensor
    windows: Tensor
    owners: Tensor
    said_of_windows: Tensor
    texts: list[str]
    corner: tuple[int, int]


def batches(pools: Sequence[Pool], seed: int, start: int, steps: int) -> Iterator[Batch]:
    """Yield what the steps from ``start`` on learn from."""
    shares = np.array([pool.share for pool in pools])
    for step in range(start, steps):
        rng = np.random.default_rng((seed, step))  # each step has its own seed
        size = int(rng.choice(list(BATCHES), p=EARLY if step < LATE_FROM * steps else LATE))
        chosen = rng.choice(len(pools), BATCHES[size], p=shares / shares.sum())
        cut = []
        for number in chosen:
            canvases = pools[number].canvases
            cut.append(crop(canvases[int(rng.integers(len(canvases)))], size, WINDOWS[size], rng))
        yield _batch(cut, rng)


def normalised(pictures: NDArray[np.float32]) -> Tensor:
    """Return pictures ``(B, 3, h, w)`` in [0, 1] as a tower takes them."""
    mean, std = (torch.tensor(part)[:, None, None] for part in (OPENAI_DATASET_MEAN, OPENAI_DATASET_STD))
    return (torch.from_numpy(np.ascontiguousarray(pictures)) - mean) / std


def _batch(cut: list[Crop], rng: np.random.Generator) -> Batch:
    pictures = normalised(np.stack([one.picture for one in cut]))
    said = np.stack([one.said for one in cut])
    asked = _phrases_to_ask(said, rng)
    grid = pictures.shape[-1] // PATCH
    rows, columns = np.mgrid[:grid, :grid]
    boxes = np.concatenate([one.windows for one in cut])[:, :, None, None]
    inside = (rows >= boxes[:, 0]) & (columns >= boxes[:, 1]) & (rows < boxes[:, 2]) & (columns < boxes[:, 3])
    return Batch(
        pictures,
        torch.from_numpy(said[:, asked]),
        torch.from_numpy(inside.reshape(len(inside), -1)),
        torch.from_numpy(np.repeat(np.arange(len(cut)), [len(one.windows) for one in cut])),
        torch.from_numpy(np.concatenate([one.said_of_windows for one in cut])[:, asked]),
        [wording(VOCABULARY[k], rng) for k in asked],
        (int(rng.integers(0, 17 - grid)), int(rng.integers(0, 17 - grid))),
    )


def _phrases_to_ask(said: NDArray[np.int8], rng: np.random.Generator) -> NDArray[np.intp]:
    """The groups of single words first, then phrases true of some crop, then others; held-out ones never."""
    allowed = np.array([not phrase.held_out for phrase in VOCABULARY])
    rest = allowed & ~np.isin(np.arange(len(VOCABULARY)), np.concatenate(GROUPS))
    true = (said == TRUE).any(axis=0)
    order = [rng.permutation(np.flatnonzero(group)) for group in (rest & true, rest & ~true)]
    return np.concatenate([*GROUPS, *order])[:PHRASES_PER_STEP]


def pools_of(nuclei: Path | None, large_nuclei: Path | None, scenes: int, seed: int) -> list[Pool]:
    """Return what is cut from: drawn scenes, empty grounds, and real nuclei where there are folders."""
    drawn = [scene_canvas((seed, k)) for k in tqdm(range(scenes), desc="Drawing scenes")]
    empty = [empty_canvas((seed, k)) for k in range(max(1, scenes // 20))]
    pools = [Pool(drawn, 0.54), Pool(empty, 0.05), Pool(photo_canvases(), 0.05)]
    if nuclei:
        real = [nuclei_canvas(nuclei, row) for row in nuclei_split(nuclei, "train")]
        pools.append(Pool([stretched(canvas) for canvas in real if canvas.kind == "grey"], 0.12))
        pools.append(Pool([canvas for canvas in real if canvas.kind == "stained"], 0.1))
    if large_nuclei:
        rows = large_nuclei_for_training(large_nuclei)
        pools.append(Pool([stretched(nuclei_canvas(large_nuclei, row)) for row in rows], 0.14))
    # a folder may hold pictures of one kind only
    return [pool for pool in pools if pool.canvases]
