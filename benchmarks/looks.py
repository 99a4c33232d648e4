"""What choosing a look is worth: ``python benchmarks/looks.py --cache FOLDER [--kind KIND] [--most 10]``.

Prints a Markdown table for pictures of many kinds: masks of the picture as it is, in each look, in the looks
that are chosen without truth, and in the look that truth would choose; and how often names are found that are
not there. What was measured is kept in the folder, a file for each picture, so that a run that was stopped
goes on. All of it takes hours on two cores.
"""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from skimage import data
from skimage.filters import threshold_otsu
from tqdm import tqdm

from napari_ovseg import load_model, segment
from napari_ovseg.demo.canvases import nuclei_split
from napari_ovseg.demo.scenes import scene
from napari_ovseg.models.model import Model
from napari_ovseg.models.registry import find_model
from napari_ovseg.views.looks import AS_IT_IS, AUTO, spoken

PHOTOS = Path(__file__).resolve().parents[1] / "../shared/photos"
LOOKS = tuple(look for look in find_model("demo").looks if look != AS_IT_IS)
AS_NOW, CHOSEN, OTSU = str(AS_IT_IS), "chosen", "Otsu"
Picture = NDArray[np.uint8]
Labels = NDArray[np.integer]


@dataclass(frozen=True)
class Case:
    """A picture, what is asked of it, and where it is; no truth where nothing that is asked for is there."""

    key: str
    picture: Picture
    names: list[str]
    truth: Labels | None


def _read(folder: str, key: str) -> tuple[Picture, Labels]:
    picture = np.asarray(Image.open(PHOTOS / folder / f"images/{key}.png").convert("RGB"))
    return picture, (np.asarray(Image.open(PHOTOS / folder / f"instances/{key}.png")) > 0).astype(np.uint8)


def large(kind: str, part: str) -> Iterator[Case]:
    """The large pictures of a kind: those that the rules were chosen on (the even ones), or the others."""
    with (PHOTOS / "nuclei_large/index.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[part == "chosen on" :: 2]
    for row in rows:
        if row["kind"] == kind:
            yield Case(row["id"], *_nuclei("nuclei_large", row["id"]))


def small(kind: str, part: str = "test") -> Iterator[Case]:
    """The small pictures that the bundled model was not trained on, or those of "train" that it was."""
    for row in nuclei_split(PHOTOS / "nuclei", part):
        if row["kind"] == kind:
            yield Case(row["id"], *_nuclei("nuclei", row["id"]))


def _nuclei(folder: str, key: str) -> tuple[Picture, list[str], Labels]:
    picture, truth = _read(folder, key)
    return picture, ["nuclei"], truth


def mosaics(count: int = 3, tiles: int = 4, side: int = 256) -> Iterator[Case]:
    """Small pictures of all exposures, side by side."""
    pool = list(small("fluorescence"))
    for number in range(count):
        chosen = np.random.default_rng((14, number)).choice(len(pool), tiles * tiles, replace=False)
        cut = [
            (case.picture[:side, :side], case.truth[:side, :side])
            for case in (pool[i] for i in chosen)
            if case.truth is not None
        ]
        rows = [cut[start : start + tiles] for start in range(0, len(cut), tiles)]
        picture, truth = (
            np.vstack([np.hstack([pair[which] for pair in row]) for row in rows]) for which in (0, 1)
        )
        yield Case(f"mosaic {number}", picture, ["nuclei"], truth)


def mirrored(cases: Iterable[Case], side: int) -> Iterator[Case]:
    """Pictures repeated, every other time mirrored, until they are large."""
    for case in cases:
        picture, truth = (
            np.pad(
                plane,
                [(0, side - plane.shape[0]), (0, side - plane.shape[1]), *[(0, 0)] * (plane.ndim - 2)],
                "symmetric",
            )
            for plane in (case.picture, case.truth)
            if plane is not None
        )
        yield Case(case.key, picture, case.names, truth)


def scenes(
    change: Callable[[Picture], Picture] | None = None, *, microscopy: bool | None = None
) -> Iterator[Case]:
    """Scenes that training never drew; without colour their things are called by kind alone."""
    for number in range(40):
        rng = np.random.default_rng((2026, 0, number))
        drawn = scene(rng, 256, held_out=False, half="test", microscopy=microscopy)
        if change is None:
            yield Case(f"scene {number}", drawn.picture, drawn.names, drawn.labels)
            continue
        kinds = [thing.kind for thing in drawn.things]
        names = sorted(set(kinds))
        ids = np.array([0, *(names.index(kind) + 1 for kind in kinds)], np.uint8)
        yield Case(f"scene {number}", change(_grey(drawn.picture)), names, ids[drawn.labels])


def _grey(picture: Picture) -> Picture:
    return np.repeat(np.asarray(Image.fromarray(picture).convert("L"))[..., None], 3, -1)


def _dimmed(picture: Picture) -> Picture:
    return (picture * 0.3).astype(np.uint8)


def renamed(names: list[str], *, there: bool) -> Iterator[Case]:
    """Small fluorescence with other names typed; where nuclei are not among them nothing is to be found."""
    for case in small("fluorescence"):
        yield Case(case.key, case.picture, names, case.truth if there else None)


def noise(side: int = 512) -> Iterator[Case]:
    """Pictures with nothing in them."""
    rng = np.random.default_rng(7)
    speckle = rng.normal(0, 1, (side, side))
    fields = {
        "dark": rng.normal(20, 3, (side, side)),
        "grey": rng.normal(128, 20, (side, side)),
        "uniform": rng.uniform(0, 255, (side, side)),
        "ramp": np.add.outer(np.linspace(20, 90, side), np.linspace(0, 60, side)) + 2 * speckle,
        "photons": rng.poisson(3, (side, side)) * 5.0,
        "light": 220 + 6 * speckle,
        "clouds": 100 + 400 * ndimage.gaussian_filter(speckle, 12),
        "grains": 60 + 150 * ndimage.gaussian_filter(speckle, 3) + rng.normal(0, 5, (side, side)),
    }
    for key, field in fields.items():
        grey = field.clip(0, 255).astype(np.uint8)
        yield Case(key, np.repeat(grey[..., None], 3, -1), ["nuclei"], None)


def grey_photos() -> Iterator[Case]:
    """Photos without their colours."""
    for path in sorted((PHOTOS / "voc/images").glob("*.jpg"))[5::12]:
        yield Case(path.stem, _grey(np.asarray(Image.open(path).convert("RGB"))), ["nuclei"], None)


def without_nuclei() -> Iterator[Case]:
    """Grey scenes of other things, of which many are round."""
    for case in scenes(lambda picture: picture):
        if "nuclei" not in case.names:
            yield Case(case.key, case.picture, ["nuclei"], None)


def of_skimage() -> Iterator[Case]:
    """Grey pictures that scikit-image brings along, with no nuclei in them."""
    for name in ("camera", "coins", "moon", "page", "text", "brick", "gravel", "grass"):
        yield Case(name, np.asarray(getattr(data, name)()), ["nuclei"], None)


KINDS: dict[str, Callable[[], Iterator[Case]]] = {
    "large fluorescence, chosen on": lambda: large("fluorescence", "chosen on"),
    "large fluorescence, checked": lambda: large("fluorescence", "checked"),
    "brightfield, chosen on": lambda: large("brightfield", "chosen on"),
    "brightfield, checked": lambda: large("brightfield", "checked"),
    "small fluorescence": lambda: small("fluorescence"),
    "mosaics of mixed exposures": mosaics,
    "mirrored to 2048 px": lambda: mirrored(list(small("fluorescence"))[::20][:2], 2048),
    "stained": lambda: small("stained"),
    "scenes": scenes,
    "scenes, grey": lambda: scenes(lambda picture: picture),
    "scenes, grey, dimmed": lambda: scenes(_dimmed),
    "scenes, grey, inverted": lambda: scenes(lambda picture: 255 - picture),
    "particles, grey": lambda: scenes(lambda picture: picture, microscopy=True),
    "nuclei, debris": lambda: renamed(["nuclei", "debris"], there=True),
    "absent: rods, fibres": lambda: renamed(["rods", "fibres"], there=False),
    "absent: noise": noise,
    "absent: grey photos": grey_photos,
    "absent: nuclei in scenes": without_nuclei,
    "absent: of scikit-image": of_skimage,
}


@cache
def model() -> Model:
    return load_model("demo", device="cpu")


def score(found: Labels, case: Case) -> float:
    """IoU of the nuclei, mean IoU of several things and background, or whether anything was found."""
    if case.truth is None:
        return float((found > 0).any())
    ids = [1] if case.names[0] == "nuclei" else range(len(case.names) + 1)
    both = [((found == k) & (case.truth == k)).sum() for k in ids]
    either = [((found == k) | (case.truth == k)).sum() for k in ids]
    return float(np.mean([b / e if e else 1.0 for b, e in zip(both, either, strict=True)]))


def otsu(case: Case) -> Labels:
    """Otsu's threshold on the picture, bright things."""
    grey = case.picture.mean(2)
    return (grey > threshold_otsu(grey)).astype(np.uint8)


def measure(case: Case, column: str) -> dict[str, float | str]:
    """One number of one picture, and the processor's seconds it took."""
    start = time.process_time()
    if column == OTSU:
        return {"score": score(otsu(case), case), "seconds": time.process_time() - start, "looks": ""}
    look = AUTO if column == CHOSEN else column
    found = segment(case.picture, case.names, model=model(), look=look)
    seconds = time.process_time() - start
    sure = ", ".join(f"{one:.2f}" for one in found.record["look_suits_by"])
    said = f"{spoken(found.record['look']) or AS_NOW} ({sure})"
    return {"score": score(found.masks, case), "seconds": round(seconds, 2), "looks": said}


def columns_of(kind: str, each: bool) -> list[str]:
    """What is measured of a kind."""
    nuclei = any(word in kind for word in ("fluorescence", "mosaics", "mirrored"))
    return [AS_NOW, CHOSEN, *([OTSU] if nuclei else []), *(map(str, LOOKS) if each else [])]


def main(
    cache_folder: Annotated[Path, typer.Option("--cache", help="Folder for what was measured.")],
    kind: Annotated[
        list[str] | None, typer.Option(help="Kinds whose name begins so; all by default.")
    ] = None,
    most: Annotated[int, typer.Option(help="Pictures of a kind, spread over all of it.")] = 1000,
    each: Annotated[bool, typer.Option(help="Measure every look too, which takes long.")] = False,
    threads: Annotated[int, typer.Option(help="Threads of torch.")] = 1,
) -> None:
    """Print the table of looks."""
    torch.set_num_threads(threads)
    if not PHOTOS.exists():
        print("No real pictures here (../shared/photos): nothing to measure.")
        raise typer.Exit(3)
    wanted = [name for name in KINDS if kind is None or any(name.startswith(one) for one in kind)]
    rows = []
    for name in wanted:
        cases = list(KINDS[name]())
        cases = cases[:: max(1, -(-len(cases) // most))]
        rows.append(row_of(name, cases, columns_of(name, each), cache_folder / name.replace(":", "")))
    print_table(rows)


def kept(
    cases: Iterable[Case], columns: Iterable[str], folder: Path, measure: Callable[[Case, str], Any]
) -> dict[str, list[Any]]:
    """What was measured of each picture for each column; what the folder lacks is measured now."""
    folder.mkdir(parents=True, exist_ok=True)
    results: dict[str, list[Any]] = {column: [] for column in columns}
    for case in cases:
        file = folder / f"{case.key}.json"
        known = json.loads(file.read_text()) if file.exists() else {}
        for column, found in results.items():
            if column not in known:
                known[column] = measure(case, column)
                file.write_text(json.dumps(known, indent=1))
            found.append(known[column])
    return results


def row_of(name: str, cases: list[Case], columns: list[str], folder: Path) -> dict[str, str]:
    """Measure what is missing of a kind, and sum up."""
    results = kept(tqdm(cases, desc=name), columns, folder, measure)
    return {"kind": name, "pictures": str(len(cases))} | summed_up(results)


def summed_up(results: dict[str, list[dict[str, float | str]]]) -> dict[str, str]:
    """Means, the worst of what is chosen, and seconds a picture."""
    scores = {column: [float(one["score"]) for one in found] for column, found in results.items()}
    summed = {column: f"{np.mean(values):.3f}" for column, values in scores.items()}
    looks = [column for column in scores if column in map(str, LOOKS)]
    if looks:
        best = np.max([scores[column] for column in [*looks, AS_NOW]], axis=0)
        summed["best by truth"] = f"{best.mean():.3f}"
    summed["chosen, worst"] = f"{min(scores[CHOSEN]):.3f}"
    for column in (AS_NOW, CHOSEN):
        seconds = [float(one["seconds"]) for one in results[column]]
        summed[f"seconds, {column}"] = f"{np.mean(seconds):.1f}"
    return summed


def print_table(rows: list[dict[str, str]]) -> None:
    """Print rows as a Markdown table."""
    heads = list(dict.fromkeys(head for row in rows for head in row))
    print("| " + " | ".join(heads) + " |")
    print("|---" * len(heads) + "|")
    for row in rows:
        print("| " + " | ".join(row.get(head, "") for head in heads) + " |")


if __name__ == "__main__":
    typer.run(main)
