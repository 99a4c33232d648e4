"""What to train on: crops of canvases in many looks, and what is said of them and of windows in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from napari_ovseg.demo.canvases import Canvas
from napari_ovseg.demo.exposure import coloured_look, grey_look, stained_look
from napari_ovseg.demo.truth import hidden_outlines, what_a_window_holds, what_is_said, without_colours

PATCH = 8
AROUND_A_REGION = 0.7
AROUND_NUCLEI = 0.6
SCENES_IN_GREY = 0.3
SECTIONS_IN_GREY = 0.12
PHOTOS_IN_GREY = 0.6


@dataclass(frozen=True)
class Crop:
    """A square crop, and what is said of it.

    Attributes
    ----------
    picture : numpy.ndarray
        float32, (3, size, size), in [0, 1].
    said : numpy.ndarray
        int8, (phrases,): `truth.what_is_said`.
    windows : numpy.ndarray
        int, (windows, 4): top, left, bottom and right of windows, in patches.
    said_of_windows : numpy.ndarray
        int8, (windows, phrases): `truth.what_a_window_holds`.
    """

    picture: NDArray[np.float32]
    said: NDArray[np.int8]
    windows: NDArray[np.intp]
    said_of_windows: NDArray[np.int8]


def crop(canvas: Canvas, size: int, windows: int, rng: np.random.Generator) -> Crop:
    """Cut a square crop of any scale, turn it at random, and show it in a look.

    Parameters
    ----------
    canvas : Canvas
        The picture to cut from.
    size : int
        Side of the result in pixels.
    windows : int
        How many windows in it to speak of.
    rng : numpy.random.Generator
        The only source of chance.
    """
    top, left, side, subject = _place(canvas, size, rng)
    picture = _cut(canvas.picture, top, left, side, size, Image.Resampling.BICUBIC).astype(
        np.float32
    ) / np.float32(255)
    labels = _cut(canvas.labels, top, left, side, size, Image.Resampling.NEAREST)
    turns, mirrored = int(rng.integers(0, 4)), bool(rng.random() < 0.5)
    picture, labels = np.rot90(picture, turns), np.rot90(labels, turns)
    if mirrored:
        picture, labels = picture[:, ::-1], labels[:, ::-1]
    hidden = hidden_outlines(canvas, labels, side)
    boxes = np.array([_window(size // PATCH, rng) for _ in range(windows)], np.intp).reshape(-1, 4)
    held = [
        what_a_window_holds(canvas, labels[t * PATCH : b * PATCH, lo * PATCH : hi * PATCH], hidden)
        for t, lo, b, hi in boxes
    ]
    said = np.stack([what_is_said(canvas, labels, side, subject), *held])
    shown, said = _shown(canvas, picture, said, rng)
    return Crop(np.ascontiguousarray(shown.transpose(2, 0, 1)), said[0], boxes, said[1:])


def _cut(
    whole: NDArray[np.uint8], top: int, left: int, side: int, size: int, how: Image.Resampling
) -> NDArray[np.uint8]:
    cut = Image.fromarray(np.ascontiguousarray(whole[top : top + side, left : left + side]))
    return np.asarray(cut.resize((size, size), how))


def _window(grid: int, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """A window of at least 2 x 2 patches, every other one so small, and at most half of a grid's side."""
    most = 2 if rng.random() < 0.5 else max(2, grid // 2)
    height, width = (int(n) for n in rng.integers(2, most + 1, 2))
    top, left = int(rng.integers(0, grid - height + 1)), int(rng.integers(0, grid - width + 1))
    return top, left, top + height, left + width


def _place(canvas: Canvas, size: int, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """Choose where to cut, and the subject: around a region of a thing, to learn its outline, or anywhere."""
    height, width = canvas.labels.shape
    if canvas.kind == "scene" and len(canvas.regions) and rng.random() < AROUND_A_REGION:
        thing, top, left, extent, _ = canvas.regions[int(rng.integers(len(canvas.regions)))]
        side = min(max(int(extent * rng.uniform(1.05, 1.6)), 16), height, width)
        offset = (extent - side) / 2 + rng.uniform(-0.15, 0.15, 2) * extent
        top, left = (int(place) for place in np.array((top, left)) + offset)
        return min(max(top, 0), height - side), min(max(left, 0), width - side), side, int(thing)
    zoom = float(np.exp(rng.uniform(np.log(0.3), np.log(2.5))))
    side = min(max(int(size * zoom), 16), height, width)
    if canvas.kind != "scene" and len(canvas.regions) and rng.random() < AROUND_NUCLEI:
        # large pictures are mostly ground
        _, top, left, extent, _ = canvas.regions[int(rng.integers(len(canvas.regions)))]
        y, x = (int(at + extent / 2 - side * rng.uniform(0.1, 0.9)) for at in (top, left))
        return min(max(y, 0), height - side), min(max(x, 0), width - side), side, 0
    return int(rng.integers(0, height - side + 1)), int(rng.integers(0, width - side + 1)), side, 0


def _shown(
    canvas: Canvas, picture: NDArray[np.float32], said: NDArray[np.int8], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """A crop in a look of its kind, and what is still true of it."""
    if canvas.kind == "stained":
        if rng.random() >= SECTIONS_IN_GREY:
            return stained_look(picture, rng), said
        return grey_look(picture, rng, ground_goes=True), without_colours(canvas, said)
    if canvas.kind in ("grey", "empty") or (canvas.kind == "photo" and rng.random() < PHOTOS_IN_GREY):
        return grey_look(picture, rng, ground_goes=True), said
    if canvas.in_grey is not None and rng.random() < SCENES_IN_GREY:
        grey = np.repeat((picture @ canvas.in_grey)[..., None], 3, 2)
        return grey_look(grey, rng, ground_goes=False), without_colours(canvas, said)
    return coloured_look(picture, rng), said
