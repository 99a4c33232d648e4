"""What an update costs beside one forward of ViT-B/16's image encoder: ``python benchmarks/update_speed.py``.

A picture of 1024 x 1024 pixels, 5 categories, ten strokes, features as ViT-B/16 gives them; random weights,
as the time doesn't depend on what they are. The two take turns in one run, and the medians count.
"""

from __future__ import annotations

import time
from typing import Annotated

import numpy as np
import open_clip
import torch
import typer
from skimage.data import astronaut
from skimage.draw import disk

from annotator import VOID
from napari_ovseg.segmentation import State
from napari_ovseg.single_image import SingleImage
from napari_ovseg.single_image.pixel_features import pixel_features
from napari_ovseg.single_image.turns import WORK_SIDE
from napari_ovseg.views.source import reduce

CATEGORIES = 5
STROKES = 10
SIDE = 1024


def strokes(draw: np.random.Generator) -> np.ndarray:
    """Ten strokes of 10 pixels by 128, of all categories and background."""
    human = np.full((SIDE, SIDE), VOID, np.uint8)
    for number in range(STROKES):
        row, column = draw.integers(10, SIDE - 10), draw.integers(10, SIDE - 138)
        for step in range(128):
            human[disk((row, column + step), 5, shape=human.shape)] = number % (CATEGORIES + 1)
    return human


def main(repeats: Annotated[int, typer.Option(help="Turns; the medians count.")] = 15) -> None:
    """Print the table."""
    draw = np.random.default_rng(0)
    network = open_clip.create_model("ViT-B-16", pretrained=None).eval()
    view = torch.rand(1, 3, 224, 224)
    scores = draw.random((CATEGORIES + 1, 28, 28)).astype(np.float32) ** 4
    state = State(
        tuple(range(1, CATEGORIES + 1)),
        scores / scores.sum(0),
        draw.normal(size=(48, 28, 28)).astype(np.float32),
    )
    picture = np.kron(astronaut(), np.ones((2, 2, 1), np.uint8)).astype(np.float32) / 255
    start = time.perf_counter()
    image = SingleImage(picture, state)
    ready = time.perf_counter() - start
    start = time.perf_counter()
    pixel_features(reduce(picture, WORK_SIDE))
    features = time.perf_counter() - start
    human, masks = strokes(draw), np.zeros((SIDE, SIDE), np.uint8)
    taken: dict[str, list[float]] = {"ViT-B/16, 224 px, one forward": [], "an update": []}
    with torch.inference_mode():
        for _ in range(repeats + 1):
            for name, work in zip(
                taken, (lambda: network.encode_image(view), lambda: image.update(masks, human)), strict=True
            ):
                start = time.perf_counter()
                work()
                taken[name].append(time.perf_counter() - start)
    medians = {name: float(np.median(seconds[1:])) for name, seconds in taken.items()}
    first = next(iter(medians))
    print(f"| {torch.get_num_threads()} threads | ms | times the forward |\n|---|---|---|")
    for name, seconds in (
        *medians.items(),
        ("once a picture: getting ready", ready),
        ("of that: features of pixels", features),
    ):
        print(f"| {name} | {1000 * seconds:.0f} | {seconds / medians[first]:.2f} |")


if __name__ == "__main__":
    typer.run(main)
