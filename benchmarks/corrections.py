"""What strokes are worth: a simulated annotator corrects masks, and each method makes of it what it can.

    python benchmarks/corrections.py [--photos 30] [--nuclei 15] [--scenes 15] [--strokes 12] [--plot F.svg]

Pictures: VOC val photos with the relevance and features beside them, real nuclei and generated scenes with
the bundled model; none that a setting was chosen on, but for two settings and ten photos (docs/).
Each method has its strokes in its own largest wrong region; then all get the strokes that were placed for
painting alone. Prints Markdown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, TypeVar

import numpy as np
import typer
from tqdm import tqdm

from annotator import VOID, Labels, correct
from curves import plot, tables
from napari_ovseg import load_model, segment, segment_maps
from napari_ovseg.demo.canvases import nuclei_canvas, nuclei_split
from napari_ovseg.demo.scenes import scene
from napari_ovseg.models.model import Model
from napari_ovseg.segmentation import Segmentation
from napari_ovseg.single_image import SingleImage
from rivals import RandomWalker, paint_only
from voc_photos import PHOTOS, Photo, Relevance, photos

# every sixth photo of val, from the fourth, and all of train were for choosing settings
CHOSEN_ON = slice(3, None, 6)
# the walker's best on the pictures that settings were chosen on: beta, trust, clear
WALKER = {
    "VOC photos": (1000, 0.85, 0.1),
    "nuclei": (5000, 0.6, 0.015),
    "scenes": (1000, 0.3, 0.03),
}
Update = Callable[[Labels, Labels], Labels]
Row = TypeVar("Row")


@dataclass
class Case:
    """A picture, its truth (void 255) with the ids of the run, and the run."""

    picture: Labels
    truth: Labels
    run: Segmentation


@dataclass
class Session:
    """What became of one picture: per number of strokes, from none."""

    miou: list[float] = field(default_factory=list)
    painted: list[float] = field(default_factory=list)
    undone: list[float] = field(default_factory=list)
    human: list[Labels] = field(default_factory=list, repr=False)

    def curves(self) -> dict[str, list[float]]:
        """What is worth keeping."""
        return {"miou": self.miou, "painted": self.painted, "undone": self.undone}


def spread(rows: Sequence[Row], count: int) -> list[Row]:
    """So many of the rows, spread over all of them."""
    return [
        rows[i] for i in np.unique(np.linspace(0, len(rows) - 1, min(count, len(rows))).round().astype(int))
    ]


def reported_photos(count: int) -> list[Photo]:
    """Photos of the val split outside of `CHOSEN_ON`, see docs/corrections.md for ten of them."""
    rows = photos("val")
    return spread([row for row in rows if row not in rows[CHOSEN_ON]], count)


def of_photo(photo: Photo, relevance: Relevance) -> Case:
    """A photo; ids follow its labels."""
    ids = np.zeros(256, np.uint8)
    ids[VOID] = VOID
    ids[list(photo.present)] = np.arange(len(photo.present)) + 1
    run = segment_maps(photo.picture, relevance.maps(photo), relevance.features(photo))
    return Case(photo.picture, ids[photo.truth], run)


def of_nuclei(row: dict[str, str], model: Model) -> Case:
    """A real picture of nuclei."""
    canvas = nuclei_canvas(PHOTOS / "nuclei", row)
    run = segment(canvas.picture, ["nuclei"], model=model, look="as it is")
    return Case(canvas.picture, canvas.labels, run)


def of_scene(number: int, model: Model) -> Case:
    """A scene that training never drew, with textures it never saw."""
    drawn = scene(np.random.default_rng((2026, 0, number)), 256, half="test")
    return Case(drawn.picture, drawn.labels, segment(drawn.picture, drawn.names, model=model))


def voc(count: int) -> Iterator[Case]:
    """Photos with the relevance beside them."""
    relevance = Relevance(views=2)
    yield from (of_photo(photo, relevance) for photo in reported_photos(count))


def nuclei(count: int) -> Iterator[Case]:
    """Real nuclei that were held out from training."""
    model = load_model("demo", device="cpu")
    yield from (of_nuclei(row, model) for row in spread(nuclei_split(PHOTOS / "nuclei", "test"), count))


def scenes(count: int) -> Iterator[Case]:
    """Generated scenes."""
    model = load_model("demo", device="cpu")
    yield from (of_scene(number, model) for number in range(count))


def mean_iou(masks: Labels, truth: Labels) -> float:
    """Mean over background and the categories in the truth."""
    seen = truth != VOID
    masks, truth = masks[seen], truth[seen]
    ids = np.union1d(truth, [0])
    both = [((masks == i) & (truth == i)).sum() for i in ids]
    either = [((masks == i) | (truth == i)).sum() for i in ids]
    return float(np.mean([b / e if e else 1.0 for b, e in zip(both, either, strict=True)]))


def annotate(
    case: Case, update: Update, strokes: int, seed: int, given: list[Labels] | None = None
) -> Session:
    """Strokes and updates in turn: in the largest wrong region, or as given."""
    draw, truth = np.random.default_rng(seed), case.truth
    human, masks = np.full(truth.shape, VOID, np.uint8), case.run.masks
    done = Session([mean_iou(masks, truth)], [0.0])
    for number in range(strokes):
        if given is not None:
            human = given[number].copy()
        elif not correct(masks, truth, human, draw):
            # nothing is wrong any more
            for values in (done.miou, done.painted):
                values.append(values[-1])
            done.undone.append(0.0)
            done.human.append(human.copy())
            continue
        new = update(masks, human)
        done.undone.append(float(((masks == truth) & (new != truth))[truth != VOID].mean()))
        masks = new
        done.miou.append(mean_iou(masks, truth))
        done.painted.append(float((human != VOID).mean()))
        done.human.append(human.copy())
    return done


def methods(case: Case, kind: str) -> dict[str, Update]:
    """Each method, ready for the picture: from masks and human pixels to masks."""
    image = SingleImage(case.picture.astype(np.float32) / 255, case.run.state)
    beta, trust, clear = WALKER[kind]
    walkers = [
        RandomWalker(
            case.picture,
            case.run.masks,
            case.run.confidence,
            beta=beta,
            trust=trust,
            clear=clear,
            machine=machine,
            categories=len(np.unique(case.truth[case.truth != VOID])),
        )
        for machine in (True, False)
    ]
    return {
        "update": lambda masks, human: image.update(masks, human).masks,
        "painting only": lambda masks, human: paint_only(case.run.masks, human),
        "random walker": lambda masks, human: walkers[0].update(human),
        "random walker, strokes only": lambda masks, human: walkers[1].update(human),
    }


def main(
    photos: Annotated[int, typer.Option(help="VOC photos.")] = 30,
    nuclei_count: Annotated[int, typer.Option("--nuclei")] = 15,
    scene_count: Annotated[int, typer.Option("--scenes")] = 15,
    strokes: Annotated[int, typer.Option(help="Strokes a picture.")] = 12,
    seed: Annotated[int, typer.Option(help="Of the annotator.")] = 0,
    plot_file: Annotated[Path | None, typer.Option("--plot", help="Draw the curves, SVG.")] = None,
    numbers: Annotated[Path | None, typer.Option(help="Keep all curves, JSON.")] = None,
) -> None:
    """Print the tables."""
    asked = {"VOC photos": (voc, photos), "nuclei": (nuclei, nuclei_count), "scenes": (scenes, scene_count)}
    sets = {kind: cases(count) for kind, (cases, count) in asked.items() if count}
    found: dict[str, dict[str, dict[str, list[Session]]]] = {}
    for kind, cases in sets.items():
        own: dict[str, list[Session]] = {}
        same: dict[str, list[Session]] = {}
        for number, case in enumerate(tqdm(cases, desc=kind)):
            ready = methods(case, kind)
            for name, update in ready.items():
                own.setdefault(name, []).append(annotate(case, update, strokes, seed + number))
            given = own["painting only"][-1].human
            for name, update in ready.items():
                same.setdefault(name, []).append(annotate(case, update, strokes, seed, given))
            found[kind] = {"own strokes": own, "the same strokes": same}
            if numbers is not None:
                numbers.write_text(json.dumps(found, default=lambda session: session.curves()))
    print(tables(found))
    if plot_file is not None:
        plot(found, plot_file)


if __name__ == "__main__":
    typer.run(main)
