"""What strokes are worth: ``python benchmarks/strokes.py --cache FOLDER [--kind KIND] [--forest]``.

A simulated annotator paints one stroke at a time, and each method answers it; each has its strokes in its own
masks. On nuclei as they are, strokes of radius 4 go in turn to the largest missed piece and to the largest
false one. On the others the annotator is that of ``corrections.py``. Nuclei are scored by their IoU, photos
and scenes by mIoU. Prints a Markdown table. Curves are kept in the folder, a file for each picture, so that a
run that was stopped goes on; another version of the package needs another folder. With the forest it takes
many times as long.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from tqdm import tqdm

import looks
from annotator import VOID, Labels, correct, largest_wrong_region, stroke
from corrections import (
    PHOTOS,
    Case,
    Row,
    mean_iou,
    of_nuclei,
    of_photo,
    of_scene,
    reported_photos,
    spread,
)
from napari_ovseg import segment
from napari_ovseg.demo.crops import nuclei_split
from napari_ovseg.models.model import Model
from napari_ovseg.single_image import SingleImage
from rivals import RandomForest, paint_only
from voc_photos import Photo, Relevance

SHOWN = (0, 1, 2, 3, 5, 6, 8, 10, 15)
# the brush and its longest way on nuclei as they are: pixels, and a share of the long side
RADIUS, LONGEST = 4.5, 0.1
UPDATE, PAINTING, FOREST = "update", "painting only", "random forest"
Update = Callable[[Labels], Labels]
Annotator = Callable[[Labels, Labels, Labels, np.random.Generator, int], bool]
Score = Callable[[Labels, Labels], float]


@dataclass(frozen=True)
class Source:
    """Where a picture comes from: its key, and what segments it."""

    key: str
    ready: Callable[[], Case]


@dataclass(frozen=True)
class Kind:
    """Pictures of a kind, how many the tables have, who corrects them, and how masks are scored."""

    sources: Callable[[int], list[Source]]
    count: int
    annotator: Annotator
    score: Score


def in_turn(
    masks: Labels, truth: Labels, human: Labels, draw: np.random.Generator, turn: int, *, alone: bool = False
) -> bool:
    """Add a stroke on the largest missed piece, in odd turns on the largest false one; False if all is right.

    Where there is none of the one kind the other is taken, unless strokes are of background ``alone``.
    """
    things, background = np.unique(truth[(truth != 0) & (truth != VOID)]).tolist(), [0]
    for categories in (
        [background] if alone else [things, background] if turn % 2 == 0 else [background, things]
    ):
        region = largest_wrong_region(masks, truth, human, categories)
        if region is not None:
            category = truth[region][0]
            human[stroke(region, truth == category, draw, radius=RADIUS, longest=LONGEST)] = category
            return True
    return False


def anywhere(masks: Labels, truth: Labels, human: Labels, draw: np.random.Generator, turn: int) -> bool:
    """Add a stroke on the largest wrong region, in any turn, as ``corrections.py`` does."""
    return correct(masks, truth, human, draw)


def things_iou(masks: Labels, truth: Labels) -> float:
    """IoU of all that is not background, each pixel with its own category."""
    seen = truth != VOID
    right = (masks == truth) & (truth > 0) & seen
    return float(right.sum() / max(1, (((masks > 0) | (truth > 0)) & seen).sum()))


@cache
def relevance() -> Relevance:
    return Relevance(views=2)


def _of_maps(photo: Photo) -> Case:
    return of_photo(photo, relevance())


def _of_model(make: Callable[[Row, Model], Case], row: Row) -> Case:
    return make(row, looks.model())


def _as_it_is(case: looks.Case) -> Case:
    assert case.truth is not None
    run = segment(case.picture, case.names, model=looks.model(), look=looks.AS_NOW)
    return Case(case.picture, case.truth, run)


def of_looks(cases: Iterable[looks.Case], count: int) -> list[Source]:
    """Pictures of nuclei as ``looks.py`` has them, shown as they are."""
    return [Source(case.key, partial(_as_it_is, case)) for case in spread(list(cases), count)]


def held_out(count: int) -> list[Source]:
    """Nuclei of both kinds, as large as training has them."""
    rows = spread(nuclei_split(PHOTOS / "nuclei", "test"), count)
    return [Source(row["id"], partial(_of_model, of_nuclei, row)) for row in rows]


def voc(count: int) -> list[Source]:
    """Photos."""
    return [Source(p.key, partial(_of_maps, p)) for p in reported_photos(count)]


def scenes(count: int) -> list[Source]:
    """Generated scenes."""
    return [Source(f"scene {n}", partial(_of_model, of_scene, n)) for n in range(count)]


KINDS: dict[str, Kind] = {
    "large fluorescence": Kind(
        lambda n: of_looks(looks.large("fluorescence", "checked"), n), 2, in_turn, things_iou
    ),
    "large brightfield": Kind(
        lambda n: of_looks(looks.large("brightfield", "checked"), n), 6, in_turn, things_iou
    ),
    "small fluorescence": Kind(lambda n: of_looks(looks.small("fluorescence"), n), 8, in_turn, things_iou),
    "small stained": Kind(lambda n: of_looks(looks.small("stained"), n), 6, in_turn, things_iou),
    "nuclei": Kind(held_out, 8, anywhere, things_iou),
    "VOC photos": Kind(voc, 10, anywhere, mean_iou),
    "scenes": Kind(scenes, 10, anywhere, mean_iou),
}


def method(name: str, case: Case) -> Update:
    """A method, ready for the picture: from human pixels to masks."""
    base = case.run.masks
    if name == PAINTING:
        return partial(paint_only, base)
    if name == FOREST:
        return RandomForest(case.picture, base).update
    picture = case.picture.astype(np.float32) / 255
    image = SingleImage(picture, case.run.state, edges=case.run.stages.get("edges"))
    return lambda human: image.update(base, human).masks


def curve(case: Case, update: Update, annotator: Annotator, score: Score, strokes: int) -> list[float]:
    """The score after each number of strokes, from none; once nothing is wrong it stays."""
    draw, truth, masks = np.random.default_rng(0), case.truth, case.run.masks
    human = np.full(truth.shape, VOID, np.uint8)
    found = [score(masks, truth)]
    for turn in range(strokes):
        if annotator(masks, truth, human, draw, turn):
            masks = update(human)
        found.append(score(masks, truth))
    return found


def curves(
    kind: Kind, names: list[str], most: int, strokes: int, folder: Path, alone: bool
) -> dict[str, list[list[float]]]:
    """Measure what is missing of a kind: of each method a curve for every picture."""
    folder.mkdir(parents=True, exist_ok=True)
    annotator = partial(in_turn, alone=True) if alone else kind.annotator
    found: dict[str, list[list[float]]] = {name: [] for name in names}
    for source in tqdm(kind.sources(min(most, kind.count)), desc=folder.name):
        kept = folder / f"{source.key}.json"
        known: dict[str, list[float]] = json.loads(kept.read_text()) if kept.exists() else {}
        missing = [name for name in names if len(known.get(name, ())) <= strokes]
        case = source.ready() if missing else None
        for name in missing:
            assert case is not None
            known[name] = curve(case, method(name, case), annotator, kind.score, strokes)
            kept.write_text(json.dumps(known, indent=1))
        for name in names:
            found[name].append(known[name][: strokes + 1])
    return found


def row_of(title: str, name: str, found: list[list[float]]) -> dict[str, str]:
    """A row: the mean curve, and the most that one picture lost between two strokes."""
    mean, fall = np.mean(found, 0), max(0.0, -float(np.diff(found, axis=1).min()))
    shown = {str(number): f"{mean[number]:.3f}" for number in SHOWN if number < len(mean)}
    return {"pictures": f"{title}, {len(found)}", "method": name, **shown, "largest fall": f"{fall:.2f}"}


def main(
    cache_folder: Annotated[Path, typer.Option("--cache", help="Folder for what was measured.")],
    kind: Annotated[
        list[str] | None, typer.Option(help="Kinds whose name begins so; all by default.")
    ] = None,
    most: Annotated[int, typer.Option(help="Pictures of a kind, spread over all of it.")] = 1000,
    strokes: Annotated[int, typer.Option(min=1, help="Strokes a picture.")] = 15,
    forest: Annotated[bool, typer.Option("--forest", help="A random forest of pixels too, slow.")] = False,
    background: Annotated[bool, typer.Option("--background", help="Strokes of background alone.")] = False,
) -> None:
    """Print the table of strokes."""
    torch.set_num_threads(1)
    if not PHOTOS.exists():
        print("No real pictures here (../shared/photos): nothing to measure.")
        raise typer.Exit(3)
    names = [UPDATE, PAINTING, *([FOREST] if forest else [])]
    rows = []
    for title, one in KINDS.items():
        if kind is None or any(title.startswith(start) for start in kind):
            folder = cache_folder / (f"{title}, background alone" if background else title)
            found = curves(one, names, most, strokes, folder, background)
            rows += [row_of(title, name, of) for name, of in found.items()]
    looks.print_table(rows)


if __name__ == "__main__":
    typer.run(main)
