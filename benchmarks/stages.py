"""How good each stage is alone, with the bundled model: ``python benchmarks/stages.py [--nuclei FOLDER]``.

Prints a Markdown table for generated scenes (seen and held-out combinations) and, given the BBBC038 pictures,
for real nuclei that training never saw, with Otsu's threshold beside them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from unittest.mock import patch

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from skimage.color import rgb2gray
from skimage.filters import threshold_otsu
from tqdm import tqdm

from napari_ovseg import load_model, segment
from napari_ovseg.demo.canvases import nuclei_canvas, nuclei_split
from napari_ovseg.demo.scenes import scene
from napari_ovseg.pipeline import Segmentation
from napari_ovseg.pseudo_labels import paint
from napari_ovseg.views.augmentation import PRESETS, Preset

ONE_VIEW = Preset((False,), (1.0,), (1.0,))
Labels = NDArray[np.integer]


def ious(predicted: Labels, truth: Labels, count: int) -> list[float]:
    """IoU of the ids 0..count."""
    both = [((predicted == k) & (truth == k)).sum() for k in range(count + 1)]
    either = [((predicted == k) | (truth == k)).sum() for k in range(count + 1)]
    return [float(b / e) if e else 1.0 for b, e in zip(both, either, strict=True)]


def thresholded(result: Segmentation, size: tuple[int, int]) -> Labels:
    """The simplest reading of fused maps: the best one, background where none reaches one half."""
    flat = np.full((1, *result.relevance.shape[1:]), 0.5, np.float32)
    return paint(torch.from_numpy(np.concatenate([flat, result.relevance])), size)[0]


def of_stages(picture: NDArray[np.uint8], names: list[str], **options: object) -> dict[str, Labels]:
    """Labels after each stage."""
    size = picture.shape[:2]
    # docs/looks.md says what looks add
    options |= {"look": "as it is"}
    one = {key: value for key, value in options.items() if key != "preset"}
    with patch.dict(PRESETS, fast=ONE_VIEW):
        raw = segment(picture, names, preset="fast", **one)
    full = segment(picture, names, **options)
    # nothing is learnt where no name is thought to be in the picture
    learnt = full.stages.get("distilled", full.stages["pseudo-labels"])
    return {
        "raw map": thresholded(raw, size),
        "+ augmentation": thresholded(full, size),
        "pseudo-labels": paint(full.stages["pseudo-labels"], size)[0],
        "+ distillation": paint(learnt, size)[0],
        "+ edges (masks)": full.masks,
    }


def scenes(count: int, held_out: bool) -> Iterator[tuple[NDArray[np.uint8], Labels, list[str]]]:
    """Scenes that training never drew, with the test half of the real textures."""
    for number in range(count):
        drawn = scene(
            np.random.default_rng((2026, int(held_out), number)), 256, held_out=held_out, half="test"
        )
        yield drawn.picture, drawn.labels, drawn.names


def nuclei(folder: Path, kind: str) -> Iterator[tuple[NDArray[np.uint8], Labels, list[str]]]:
    """The real pictures that were held out from training."""
    for row in nuclei_split(folder, "test"):
        if row["kind"] == kind:
            canvas = nuclei_canvas(folder, row)
            yield canvas.picture, canvas.labels, ["nuclei"]


def otsu(picture: NDArray[np.uint8], kind: str) -> Labels:
    """Otsu's threshold on the grey picture; stained nuclei are dark."""
    grey = rgb2gray(picture)
    bright = grey > threshold_otsu(grey)
    return (bright if kind == "fluorescence" else ~bright).astype(np.uint8)


def main(
    nuclei_folder: Annotated[
        Path | None, typer.Option("--nuclei", help="Folder of BBBC038 pictures.")
    ] = None,
    count: Annotated[int, typer.Option(help="Scenes, half of them with a held-out combination.")] = 200,
    preset: Annotated[str, typer.Option(help="fast, balanced or best.")] = "balanced",
    method: Annotated[str | None, typer.Option(help="Relevance method; the model's own by default.")] = None,
    checkpoint: Annotated[Path | None, typer.Option(help="Other weights than the bundled ones.")] = None,
    model_name: Annotated[str, typer.Option("--model")] = "demo",
) -> None:
    """Print the table of stages."""
    model = load_model(model_name, checkpoint=checkpoint, device="cpu")
    sets = {
        "scenes, seen combinations (mIoU)": (list(scenes(count // 2, False)), False),
        "scenes, a held-out combination (mIoU)": (list(scenes(count - count // 2, True)), False),
    }
    if nuclei_folder:
        for kind in ("fluorescence", "stained"):
            sets[f"nuclei, {kind} (IoU)"] = (list(nuclei(nuclei_folder, kind)), True)
    table: dict[str, dict[str, str]] = {}
    for title, (pictures, real) in sets.items():
        scores: dict[str, list[float]] = {}
        start = time.perf_counter()
        for picture, truth, names in tqdm(pictures, desc=title):
            labels = of_stages(picture, names, model=model, preset=preset, method=method)
            if real:
                labels["Otsu's threshold"] = otsu(picture, title.split(", ")[1].split()[0])
            for stage, predicted in labels.items():
                values = ious(predicted, truth, len(names))
                scores.setdefault(stage, []).append(values[1] if real else float(np.mean(values)))
        table[title] = {stage: f"{np.mean(values):.3f}" for stage, values in scores.items()}
        table[title]["pictures"] = str(len(pictures))
        table[title]["seconds a picture, all rows"] = f"{(time.perf_counter() - start) / len(pictures):.2f}"
    rows = list(dict.fromkeys(stage for column in table.values() for stage in column))
    print("| stage | " + " | ".join(table) + " |")
    print("|---" * (len(table) + 1) + "|")
    for stage in rows:
        print(f"| {stage} | " + " | ".join(column.get(stage, "") for column in table.values()) + " |")


if __name__ == "__main__":
    typer.run(main)
