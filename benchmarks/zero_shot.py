"""What the bundled model knows: ``python benchmarks/zero_shot.py [--nuclei FOLDER]`` prints a Markdown table.

Single things cut out of new scenes are named among all colours and shapes, or colours and particles; pairs
that training never showed are counted apart. Textures come from the halves kept for tests, nuclei from
held-out pictures.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from scipy import ndimage
from skimage.transform import resize

from napari_ovseg import load_model
from napari_ovseg.demo.canvases import nuclei_canvas, nuclei_split
from napari_ovseg.demo.phrases import COLOURS, PARTICLES, SHAPES, TEXTURES
from napari_ovseg.demo.scenes import scene, texture
from napari_ovseg.models.clip.model import ClipModel

SIDE = 64


def cut_out(picture: NDArray[np.uint8], inside: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The largest piece of a thing, with a little around it."""
    pieces, _ = ndimage.label(inside)
    largest = int(np.bincount(pieces.ravel())[1:].argmax())
    rows, columns = ndimage.find_objects(pieces)[largest]
    half = int(0.6 * max(rows.stop - rows.start, columns.stop - columns.start, 12))
    y, x = (rows.start + rows.stop) // 2, (columns.start + columns.stop) // 2
    padded = np.pad(picture, ((half, half), (half, half), (0, 0)), mode="edge")
    return padded[y : y + 2 * half, x : x + 2 * half]


def best_of(model: ClipModel, pictures: list[NDArray[np.uint8]], names: list[str]) -> NDArray[np.intp]:
    """The best name of each picture, by the class token alone."""
    texts = model.encode(names)
    found = []
    for picture in pictures:
        small = resize(picture.astype(np.float32) / 255, (SIDE, SIDE), anti_aliasing=True).astype(np.float32)
        found.append(
            int((model.image_vectors(model.trunk(model.preprocess(small, (SIDE, SIDE)))) @ texts.T).argmax())
        )
    return np.array(found)


def named_things(model: ClipModel, microscopy: bool, scenes: int) -> dict[str, tuple[float, int, int]]:
    """Accuracy, count and number of choices for pairs seen in training and for held-out pairs."""
    kinds = PARTICLES if microscopy else SHAPES
    names = [f"{colour} {kind}" for colour in COLOURS for kind in kinds]
    pictures: dict[bool, list[NDArray[np.uint8]]] = {False: [], True: []}
    truth: dict[bool, list[int]] = {False: [], True: []}
    for number in range(scenes):
        drawn = scene(
            np.random.default_rng((7, number)), microscopy=microscopy, held_out=bool(number % 2), half="test"
        )
        for k, thing in enumerate(drawn.things, 1):
            if thing.colour:
                pictures[thing.held_out].append(cut_out(drawn.picture, drawn.labels == k))
                truth[thing.held_out].append(names.index(f"{thing.colour} {thing.kind}"))
    what = "particles" if microscopy else "shapes"
    return {
        f"colour and {what}, {'held-out' if held_out else 'seen'} pairs": (
            float((best_of(model, pictures[held_out], names) == truth[held_out]).mean()),
            len(truth[held_out]),
            len(names),
        )
        for held_out in (False, True)
    }


def textures(model: ClipModel) -> tuple[float, int, int]:
    """Real textures, from the half kept for tests."""
    rng = np.random.default_rng(0)
    pictures, truth = [], []
    for k, kind in enumerate(TEXTURES):
        grey = texture(kind, "test")
        for _ in range(40):
            side = int(rng.integers(48, 128))
            y, x = (int(rng.integers(0, extent - side)) for extent in grey.shape)
            pictures.append((np.repeat(grey[y : y + side, x : x + side, None], 3, 2) * 255).astype(np.uint8))
            truth.append(k)
    return float((best_of(model, pictures, list(TEXTURES)) == truth).mean()), len(truth), len(TEXTURES)


def nuclei_or_not(model: ClipModel, folder: Path) -> tuple[float, int, int]:
    """Small crops of held-out pictures, half with nuclei and half without."""
    rng = np.random.default_rng(0)
    pictures, truth = [], []
    for row in nuclei_split(folder, "test"):
        canvas = nuclei_canvas(folder, row)
        for wanted in (True, False):
            for _attempt in range(200):
                y, x = (int(rng.integers(0, extent - 40)) for extent in canvas.labels.shape)
                share = canvas.labels[y : y + 40, x : x + 40].mean()
                if (share > 0.15) if wanted else (share == 0):
                    pictures.append(canvas.picture[y : y + 40, x : x + 40])
                    truth.append(0 if wanted else 1)
                    break
    return float((best_of(model, pictures, ["nuclei", "empty background"]) == truth).mean()), len(truth), 2


def main(
    nuclei: Annotated[Path | None, typer.Option(help="Folder of BBBC038 pictures.")] = None,
    scenes: Annotated[int, typer.Option(help="Scenes of each sort.")] = 150,
) -> None:
    """Print the table."""
    torch.manual_seed(0)
    model = load_model("demo", device="cpu")
    rows = named_things(model, False, scenes) | named_things(model, True, scenes)
    rows["real textures, test halves"] = textures(model)
    if nuclei:
        rows["nuclei or empty background, held-out pictures"] = nuclei_or_not(model, nuclei)
    print("| what | accuracy | pictures | names to choose from | by chance |\n|---|---|---|---|---|")
    for what, (accuracy, count, choices) in rows.items():
        print(f"| {what} | {accuracy:.1%} | {count} | {choices} | {1 / choices:.1%} |")


if __name__ == "__main__":
    typer.run(main)
