"""What a closer look is worth: ``python benchmarks/closer.py --cache FOLDER [--kind KIND] [--most 3]``.

Large pictures that are shown to the model as they are, seen by the views of the preset balanced alone, by
windows of the finest level too, and by those of every level. Prints a Markdown table of IoU and of the
processor's seconds. What was measured is kept in the folder, a file for each picture, so that a run that was
stopped goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated
from unittest.mock import patch

import numpy as np
import torch
import typer
from PIL import Image
from tqdm import tqdm

from looks import PHOTOS, Case, kept, mirrored, model, print_table, score, small
from looks import scenes as drawn_scenes
from napari_ovseg import segment, sight
from napari_ovseg.levels import octaves
from seams import enlarged

VIEWS, FINEST, EVERY = "views alone", "finest level too", "every level"
LEVELS: dict[str, Callable[..., tuple[float, ...]]] = {
    VIEWS: lambda source, model: (),
    FINEST: lambda source, model: octaves(source, model)[:1],
    EVERY: octaves,
}


def grown(side: int) -> Iterator[Case]:
    """Scenes of several things, enlarged."""
    for case in drawn_scenes():
        assert case.truth is not None
        picture = Image.fromarray(case.picture).resize((side, side), Image.Resampling.BICUBIC)
        labels = Image.fromarray(case.truth.astype(np.uint8)).resize((side, side), Image.Resampling.NEAREST)
        yield Case(case.key, np.asarray(picture), case.names, np.asarray(labels))


KINDS: dict[str, Callable[[], Iterator[Case]]] = {
    f"{name}, {side} px": (lambda make=make, side=side: make(side))
    for side in (700, 1024, 2048)
    for name, make in {
        "stained, mirrored": lambda side: mirrored(small("stained"), side),
        "scenes, mirrored": lambda side: mirrored(drawn_scenes(), side),
        "scenes, enlarged": grown,
        "one thing, enlarged": lambda side: enlarged(side, range(20)),
    }.items()
}


def measure(case: Case, column: str) -> dict[str, float]:
    """IoU and the processor's seconds of one picture."""
    start = time.process_time()
    with patch.object(sight, "octaves", LEVELS[column]):
        found = segment(case.picture, case.names, model=model())
    return {"score": score(found.masks, case), "seconds": time.process_time() - start}


def row_of(name: str, cases: list[Case], folder: Path) -> dict[str, str]:
    """Measure what is missing of a kind, and sum up."""
    results = kept(tqdm(cases, desc=name), LEVELS, folder, measure)
    row = {"kind": name, "pictures": str(len(cases))}
    row |= {column: f"{np.mean([one['score'] for one in found]):.3f}" for column, found in results.items()}
    row["worst fall"] = (
        f"{min(b['score'] - a['score'] for a, b in zip(results[VIEWS], results[EVERY], strict=True)):.3f}"
    )
    for column in (VIEWS, EVERY):
        row[f"seconds, {column}"] = f"{np.mean([one['seconds'] for one in results[column]]):.1f}"
    return row


def main(
    cache_folder: Annotated[Path, typer.Option("--cache", help="Folder for what was measured.")],
    kind: Annotated[
        list[str] | None, typer.Option(help="Kinds whose name begins so; all by default.")
    ] = None,
    most: Annotated[int, typer.Option(help="Pictures of a kind, spread over all of it.")] = 1000,
    threads: Annotated[int, typer.Option(help="Threads of torch.")] = 1,
) -> None:
    """Print the table of closer looks."""
    torch.set_num_threads(threads)
    if not PHOTOS.exists():
        print("No real pictures here (../shared/photos): nothing to measure.")
        raise typer.Exit(3)
    rows = []
    for name in [one for one in KINDS if kind is None or any(one.startswith(start) for start in kind)]:
        cases = list(KINDS[name]())
        cases = cases[:: max(1, -(-len(cases) // most))]
        rows.append(row_of(name, cases, cache_folder / name))
    print_table(rows)


if __name__ == "__main__":
    typer.run(main)
