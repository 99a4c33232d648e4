"""How well names are suggested: ``python benchmarks/suggest.py [--scenes 200] [--seed 2026]``.

Prints the mean over pictures of the average precision of the ranked vocabulary, and the mean over names of
the average precision of the pictures ranked by the name's score, for each kind of evidence and for all.
By default on generated scenes with a combination that training never showed and without, among all pairs of
colour and kind. ``--photos FOLDER --model photos`` does the same on photos among the classes (``images/``,
``classes.txt``, and ``index.csv`` with image-level labels, or ``masks/`` of numbers of the classes).
The last column is the share of the right names that are among the first five.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from napari_ovseg import Category, load_model, suggest
from napari_ovseg.demo.scenes import scene
from napari_ovseg.images import read_image
from napari_ovseg.models.map_model import MapModel
from napari_ovseg.suggestions import WEIGHTS, Suggestion
from napari_ovseg.vocabularies import read_vocabulary

CURATED = {"diningtable": "dining table", "pottedplant": "potted plant", "tvmonitor": "tv monitor"}
Scores = dict[str, NDArray[np.float64]]


def average_precision(scores: NDArray[np.float64], true: NDArray[np.bool_]) -> float:
    """The mean, over what is true, of the precision down to it."""
    hits = true[np.argsort(-scores, kind="stable")]
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())


def scenes(count: int, seed: int, held_out: bool) -> Iterator[tuple[NDArray[np.uint8], set[str]]]:
    """Scenes that training never drew, and the colour and kind of each thing in them."""
    for number in range(count):
        drawn = scene(
            np.random.default_rng((seed, int(held_out), number)), 256, held_out=held_out, half="test"
        )
        yield drawn.picture, {f"{thing.colour} {thing.kind}".strip() for thing in drawn.things}


def photos(folder: Path, limit: int) -> Iterator[tuple[NDArray[np.uint8], set[str]]]:
    """Photos and their image-level labels, one in so many where there are more than the limit."""
    labels = of_masks(folder) if not (folder / "index.csv").exists() else {}
    if not labels:
        with (folder / "index.csv").open(newline="") as stream:
            labels = {row["id"]: set(row["labels"].split()) for row in csv.DictReader(stream)}
    for key in sorted(labels)[:: max(1, round(len(labels) / limit))]:
        (path,) = (folder / "images").glob(f"{key}.*")
        yield read_image(path), {CURATED.get(name, name) for name in labels[key]}


def of_masks(folder: Path) -> dict[str, set[str]]:
    """What is in each photo, by its mask; photos of nothing but background are left out."""
    classes = names_in(folder)
    found = {}
    for path in sorted((folder / "masks").glob("*.png")):
        values = np.unique(np.asarray(Image.open(path)))
        found[path.stem] = {classes[k] for k in values.tolist() if 0 < k < len(classes)}
    return {key: labels for key, labels in found.items() if labels}


def names_in(folder: Path) -> list[str]:
    """The classes of a folder of photos, background first."""
    lines = (folder / "classes.txt").read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip()]


def among_first(scores: NDArray[np.float64], true: NDArray[np.bool_], count: int = 5) -> float:
    """The share of what is true that is among the best so many."""
    return float(true[np.argsort(-scores, kind="stable")[:count]].sum() / true.sum())


def odds(probability: float) -> float:
    """Log-odds."""
    sure = min(max(probability, 1e-9), 1 - 1e-9)
    return float(np.log(sure / (1 - sure)))


def evidence(one: Suggestion) -> dict[str, float]:
    """Each kind of evidence for a name, and what they come to together."""
    parts = (one.picture, one.windows, one.maps)
    together = sum(w * odds(part) for w, part in zip(WEIGHTS, parts, strict=True)) / sum(WEIGHTS)
    return {
        "whole picture": one.picture,
        "best window": one.windows,
        "maps": one.maps,
        "all three": together,
        "+ a second look (suggest)": one.score,
    }


def measure(
    pictures: list[tuple[NDArray[np.uint8], set[str]]],
    names: list[Category],
    model: MapModel,
    preset: str,
    title: str,
) -> dict[str, tuple[float, float, float]]:
    """Mean AP over pictures, mean AP over names, and what the first five hold, of each row of the table."""
    rows: dict[str, list[list[float]]] = {}
    for picture, _ in tqdm(pictures, desc=title):
        found = {
            one.category: evidence(one) for one in suggest(picture, names, model=model, preset=preset).ranked
        }
        for title_of_row in next(iter(found.values())):
            # a name that the model doesn't know is left out of what is suggested, and so comes last
            scores = [found[name][title_of_row] if name in found else -np.inf for name in names]
            rows.setdefault(title_of_row, []).append(scores)
    truth = np.array([[name.name in true for name in names] for _, true in pictures])
    there = np.flatnonzero(truth.any(0))
    chance = np.random.default_rng(0).random((20, *truth.shape))

    def all_three(scores: NDArray[np.float64]) -> tuple[float, float, float]:
        of_pictures = [average_precision(*pair) for pair in zip(scores, truth, strict=True)]
        of_names = [average_precision(scores[:, k], truth[:, k]) for k in there]
        first = [among_first(*pair) for pair in zip(scores, truth, strict=True)]
        return float(np.mean(of_pictures)), float(np.mean(of_names)), float(np.mean(first))

    table = {"by chance": tuple(np.mean([all_three(scores) for scores in chance], axis=0))}
    return table | {row: all_three(np.array(scores)) for row, scores in rows.items()}


def main(
    count: Annotated[int, typer.Option("--scenes", help="Scenes, half of them with a held-out pair.")] = 200,
    seed: Annotated[int, typer.Option(help="Of the scenes; settings were chosen on 2027 and 2028.")] = 2026,
    folder: Annotated[Path | None, typer.Option("--photos", help="Folder of VOC photos instead.")] = None,
    limit: Annotated[int, typer.Option(help="Photos at most.")] = 10_000,
    preset: Annotated[str, typer.Option(help="fast, balanced or best.")] = "balanced",
    model_name: Annotated[str, typer.Option("--model")] = "demo",
    checkpoint: Annotated[Path | None, typer.Option(help="Weights from a local file.")] = None,
) -> None:
    """Print the table."""
    model = load_model(model_name, checkpoint=checkpoint)
    if folder is None:
        names = [name for name in read_vocabulary("demo") if name.name != "nuclei"]
        sets = {
            "scenes, seen pairs": list(scenes(count // 2, seed, False)),
            "scenes, a held-out pair": list(scenes(count - count // 2, seed, True)),
        }
    else:
        names = [Category(CURATED.get(name, name)) for name in names_in(folder)[1:]]
        sets = {"photos": list(photos(folder, limit))}
    columns = {title: measure(pictures, names, model, preset, title) for title, pictures in sets.items()}
    print("| evidence | " + " | ".join(f"{title}: mAP | of names | first five" for title in columns) + " |")
    print("|---" * (3 * len(columns) + 1) + "|")
    for row in next(iter(columns.values())):
        values = (f"{value:.3f}" for column in columns.values() for value in column[row])
        print(f"| {row} | " + " | ".join(values) + " |")
    for title, pictures in sets.items():
        print(f"\n{title}: {len(pictures)} pictures, {len(names)} names")


if __name__ == "__main__":
    typer.run(main)
