"""What strokes are worth: ``python benchmarks/strokes.py --cache FOLDER [--kind KIND] [--rivals]``.

A simulated annotator paints one stroke at a time, and each method answers it; each has its strokes in its own
masks. On nuclei as they are, strokes of radius 4 go in turn to the largest missed piece and to the largest
false one. On the others the annotator is that of ``corrections.py``. Other annotators take any wrong region,
or are sloppy, or paint one kind of stroke only. Nuclei are scored by their IoU, photos and scenes by mIoU.
Prints a Markdown table. Curves are kept in the folder, a file for each picture, and a stopped run goes on;
another version of the package needs another folder. With rivals it takes many times as long.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, partial
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from scipy import ndimage
from tqdm import tqdm

import looks
from annotator import LONGEST as LONGEST_STROKE
from annotator import VOID, Labels, any_wrong_region, largest_wrong_region, stroke
from corrections import (
    CHOSEN_ON,
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
from corrections import (
    WALKER as WALKER_SETTINGS,
)
from napari_ovseg import segment
from napari_ovseg.demo.canvases import nuclei_split
from napari_ovseg.models.model import Model
from napari_ovseg.single_image import SingleImage
from rivals import RandomForest, RandomWalker, paint_only
from voc_photos import Photo, Relevance, photos

SHOWN = (0, 1, 2, 3, 5, 6, 8, 10, 15)
# the brush and its longest way on nuclei as they are: pixels, and a share of the long side
RADIUS, LONGEST = 4.5, 0.1
# of a sloppy person on nuclei, and how far strokes run over the rim
WIDE, OVER = 8.5, 3
UPDATE, PAINTING, WALKER = "update", "painting only", "random walker"
FOREST, FOREST_TOO = "random forest, strokes alone", "random forest, the machine's sure pixels too"
Update = Callable[[Labels], Labels]
Score = Callable[[Labels, Labels], float]


class Annotator(StrEnum):
    """Who corrects: by the largest error, any error, beyond the rim, or with one kind of stroke alone."""

    LARGEST = "largest"
    ANY = "any"
    SLOPPY = "sloppy"
    BACKGROUND = "background alone"
    ONE_NAME = "one name alone"


@dataclass(frozen=True)
class Source:
    """Where a picture comes from: its key, and what segments it."""

    key: str
    ready: Callable[[], Case]


@dataclass(frozen=True)
class Kind:
    """Pictures of a kind: so many reported ones, or those that settings are chosen on; and their score.

    Strokes on missed and on false pieces take turns, or go to the largest error of any kind.
    """

    sources: Callable[[int, bool], list[Source]]
    count: int
    in_turn: bool
    score: Score


def _orders(truth: Labels, turn: int, annotator: Annotator, in_turn: bool) -> list[list[int]]:
    """Lists of categories, the first one with an error is painted."""
    things, background = np.unique(truth[(truth != 0) & (truth != VOID)]).tolist(), [0]
    if annotator == Annotator.BACKGROUND:
        return [background]
    if annotator == Annotator.ONE_NAME:
        return [things[:1]]
    if not in_turn:
        return [background + things]
    return [things, background] if turn % 2 == 0 else [background, things]


def add_stroke(
    masks: Labels,
    truth: Labels,
    human: Labels,
    draw: np.random.Generator,
    turn: int,
    *,
    annotator: Annotator = Annotator.LARGEST,
    in_turn: bool,
) -> bool:
    """Add the stroke of a turn to the human pixels, in place; False where nothing is left to correct."""
    for categories in _orders(truth, turn, annotator, in_turn):
        if annotator == Annotator.ANY:
            region = any_wrong_region(masks, truth, human, categories, draw)
        else:
            region = largest_wrong_region(masks, truth, human, categories)
        if region is not None:
            break
    else:
        return False
    category = truth[region][0]
    radius, longest = (RADIUS, LONGEST) if in_turn else (None, LONGEST_STROKE)
    allowed = truth == category
    if annotator == Annotator.SLOPPY:
        radius = WIDE if in_turn else None
        allowed = ndimage.distance_transform_edt(~allowed) <= OVER
    human[stroke(region, allowed, draw, radius=radius, longest=longest)] = category
    return True


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


def large(kind: str, count: int, chosen_on: bool) -> list[Source]:
    """Large pictures of nuclei of a kind."""
    return of_looks(looks.large(kind, "chosen on" if chosen_on else "checked"), count)


def small(kind: str, count: int, chosen_on: bool) -> list[Source]:
    """Small ones."""
    return of_looks(looks.small(kind, "train" if chosen_on else "test"), count)


def cut(count: int, chosen_on: bool) -> list[Source]:
    """Nuclei of both kinds, as large as training has them."""
    rows = spread(nuclei_split(PHOTOS / "nuclei", "train" if chosen_on else "test"), count)
    return [Source(row["id"], partial(_of_model, of_nuclei, row)) for row in rows]


def voc(count: int, chosen_on: bool) -> list[Source]:
    """Photos."""
    chosen = spread(photos("val")[CHOSEN_ON], count) if chosen_on else reported_photos(count)
    return [Source(one.key, partial(_of_maps, one)) for one in chosen]


def scenes(count: int, chosen_on: bool) -> list[Source]:
    """Generated scenes."""
    first = 1000 if chosen_on else 0
    return [Source(f"scene {n}", partial(_of_model, of_scene, n)) for n in range(first, first + count)]


KINDS: dict[str, Kind] = {
    "large fluorescence": Kind(partial(large, "fluorescence"), 2, True, things_iou),
    "large brightfield": Kind(partial(large, "brightfield"), 6, True, things_iou),
    "small fluorescence": Kind(partial(small, "fluorescence"), 8, True, things_iou),
    "small stained": Kind(partial(small, "stained"), 6, True, things_iou),
    "nuclei": Kind(cut, 8, False, things_iou),
    "VOC photos": Kind(voc, 10, False, mean_iou),
    "scenes": Kind(scenes, 10, False, mean_iou),
}


def method(name: str, case: Case, title: str) -> Update:
    """A method, ready for the picture: from human pixels to masks."""
    base = case.run.masks
    if name == PAINTING:
        return partial(paint_only, base)
    sure = case.run.confidence
    if name in (FOREST, FOREST_TOO):
        return RandomForest(case.picture, base, sure if name == FOREST_TOO else None).update
    if name == WALKER:
        # the settings that were chosen for nuclei are for small and large ones
        beta, trust, clear = WALKER_SETTINGS.get(title, WALKER_SETTINGS["nuclei"])
        return RandomWalker(case.picture, base, sure, beta=beta, trust=trust, clear=clear).update
    picture = case.picture.astype(np.float32) / 255
    image = SingleImage(picture, case.run.state, edges=case.run.stages.get("edges"))
    return lambda human: image.update(base, human).masks


def curve(case: Case, update: Update, kind: Kind, annotator: Annotator, strokes: int) -> list[float]:
    """The score after each number of strokes, from none; once nothing is wrong it stays."""
    draw, truth, masks = np.random.default_rng(0), case.truth, case.run.masks
    human = np.full(truth.shape, VOID, np.uint8)
    found = [kind.score(masks, truth)]
    for turn in range(strokes):
        if add_stroke(masks, truth, human, draw, turn, annotator=annotator, in_turn=kind.in_turn):
            masks = update(human)
        found.append(kind.score(masks, truth))
    return found


def curves(
    title: str, names: list[str], most: int, strokes: int, folder: Path, annotator: Annotator, chosen_on: bool
) -> dict[str, list[list[float]]]:
    """Measure what is missing of a kind: of each method a curve for every picture."""
    folder.mkdir(parents=True, exist_ok=True)
    kind = KINDS[title]
    found: dict[str, list[list[float]]] = {name: [] for name in names}
    for source in tqdm(kind.sources(min(most, kind.count), chosen_on), desc=folder.name):
        kept = folder / f"{source.key}.json"
        known: dict[str, list[float]] = json.loads(kept.read_text()) if kept.exists() else {}
        missing = [name for name in names if len(known.get(name, ())) <= strokes]
        case = source.ready() if missing else None
        for name in missing:
            assert case is not None
            known[name] = curve(case, method(name, case, title), kind, annotator, strokes)
            kept.write_text(json.dumps(known, indent=1))
        for name in names:
            found[name].append(known[name][: strokes + 1])
    return found


def row_of(title: str, name: str, found: list[list[float]]) -> dict[str, str]:
    """A row: the mean curve, the most that a picture lost between two strokes, and from start to end."""
    mean, fall = np.mean(found, 0), max(0.0, -float(np.diff(found, axis=1).min()))
    below = max(0.0, *(one[0] - one[-1] for one in found))
    shown = {str(number): f"{mean[number]:.3f}" for number in SHOWN if number < len(mean)}
    lost = {"largest fall": f"{fall:.2f}", "most below the start": f"{below:.2f}"}
    return {"pictures": f"{title}, {len(found)}", "method": name, **shown, **lost}


def main(
    cache_folder: Annotated[Path, typer.Option("--cache", help="Folder for what was measured.")],
    kind: Annotated[
        list[str] | None, typer.Option(help="Kinds whose name begins so; all by default.")
    ] = None,
    most: Annotated[int, typer.Option(help="Pictures of a kind, spread over all of it.")] = 1000,
    strokes: Annotated[int, typer.Option(min=1, help="Strokes a picture.")] = 15,
    annotator: Annotated[Annotator, typer.Option(help="Who corrects.")] = Annotator.LARGEST,
    rivals: Annotated[
        bool, typer.Option("--rivals", help="Two random forests and the walker, slow.")
    ] = False,
    chosen_on: Annotated[
        bool, typer.Option("--chosen-on", help="Pictures that settings are chosen on.")
    ] = False,
) -> None:
    """Print the table of strokes."""
    torch.set_num_threads(1)
    if not PHOTOS.exists():
        print("No real pictures here (../shared/photos): nothing to measure.")
        raise typer.Exit(3)
    names = [UPDATE, PAINTING, *([FOREST, FOREST_TOO, WALKER] if rivals else [])]
    rows = []
    for title in KINDS:
        if kind is None or any(title.startswith(start) for start in kind):
            which = f"{title}, {annotator.value}" + (", chosen on" if chosen_on else "")
            found = curves(title, names, most, strokes, cache_folder / which, annotator, chosen_on)
            rows += [row_of(title, name, of) for name, of in found.items()]
    looks.print_table(rows)


if __name__ == "__main__":
    typer.run(main)
