"""What saying the size of things is worth: ``python benchmarks/sizes.py --cache FOLDER [--most 4]``.

Prints a Markdown table: masks without a size, with the size that the truth has, and with half and twice of
it. Pictures and scores are those of ``looks.py``. What was measured is kept in the folder, a file for each
picture, so that a run that was stopped goes on. All of it takes hours on two cores.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from PIL import Image
from scipy import ndimage
from tqdm import tqdm

from looks import KINDS, PHOTOS, Case, kept, large, mirrored, model, print_table, score, small
from napari_ovseg import levels, segment

NOT_SAID, RIGHT = "no size", "right size"
COLUMNS = {NOT_SAID: None, "half of it": 0.5, RIGHT: 1.0, "twice of it": 2.0}
SIDE = 1024

SIZED: dict[str, Callable[[], Iterator[Case]]] = {
    "large fluorescence, chosen on": lambda: large("fluorescence", "chosen on"),
    "large fluorescence, checked": lambda: large("fluorescence", "checked"),
    "brightfield, chosen on": lambda: large("brightfield", "chosen on"),
    "brightfield, checked": lambda: large("brightfield", "checked"),
    "small fluorescence": lambda: small("fluorescence"),
    "stained": lambda: small("stained"),
    "stained, mirrored to 1024 px": lambda: mirrored(small("stained"), SIDE),
    "scenes": KINDS["scenes"],
    "scenes, mirrored to 1024 px": lambda: mirrored(KINDS["scenes"](), SIDE),
}


def size_of(case: Case) -> float:
    """The median size of a thing: the square root of its area, of touching things of one where known."""
    for folder in ("nuclei_large", "nuclei"):
        path = PHOTOS / folder / f"instances/{case.key}.png"
        if path.exists():
            areas = np.bincount(np.asarray(Image.open(path)).ravel())[1:]
            return float(np.sqrt(np.median(areas[areas > 0])))
    assert case.truth is not None
    each = []
    for number in range(1, len(case.names) + 1):
        areas = np.bincount(ndimage.label(case.truth == number)[0].ravel())[1:]
        # what others hide most of says nothing
        each += [np.sqrt(np.median(areas[areas >= areas.max() / 5]))] if len(areas) else []
    return float(np.median(each))


def measure(case: Case, column: str) -> dict[str, float]:
    """IoU and the processor's seconds, with the size times the factor of a column or without one."""
    start, factor = time.process_time(), COLUMNS[column]
    size = "" if factor is None else round(size_of(case) * factor, 1)
    found = segment(case.picture, case.names, model=model(), size=size)
    return {
        "score": score(found.masks, case),
        "seconds": time.process_time() - start,
        "views": found.record["views"],
    }


def row_of(name: str, cases: list[Case], folder: Path) -> dict[str, str]:
    """Measure what is missing of a kind, and sum up."""
    results = kept(tqdm(cases, desc=name), COLUMNS, folder, measure)
    row = {"kind": name, "pictures": str(len(cases))}
    row["size, px"] = f"{np.median([size_of(case) for case in cases]):.0f}"
    row |= {column: f"{np.mean([one['score'] for one in found]):.3f}" for column, found in results.items()}
    for column in (NOT_SAID, RIGHT):
        row[f"seconds, {column}"] = f"{np.mean([one['seconds'] for one in results[column]]):.1f}"
    return row


def main(
    cache_folder: Annotated[Path, typer.Option("--cache", help="Folder for what was measured.")],
    kind: Annotated[
        list[str] | None, typer.Option(help="Kinds whose name begins so; all by default.")
    ] = None,
    most: Annotated[int, typer.Option(help="Pictures of a kind, spread over all of it.")] = 1000,
    least: Annotated[
        float, typer.Option(help="How many patches a thing spans at least.")
    ] = levels.LEAST_PATCHES,
    largest: Annotated[
        float, typer.Option(help="How many patches a thing spans at most.")
    ] = levels.MOST_PATCHES,
    threads: Annotated[int, typer.Option(help="Threads of torch.")] = 1,
) -> None:
    """Print the table of sizes."""
    torch.set_num_threads(threads)
    if not PHOTOS.exists():
        print("No real pictures here (../shared/photos): nothing to measure.")
        raise typer.Exit(3)
    levels.LEAST_PATCHES, levels.MOST_PATCHES = least, largest
    folder = cache_folder / f"{least:g} to {largest:g} patches"
    rows = []
    for name in [one for one in SIZED if kind is None or any(one.startswith(start) for start in kind)]:
        cases = list(SIZED[name]())
        cases = cases[:: max(1, -(-len(cases) // most))]
        rows.append(row_of(name, cases, folder / name))
    print_table(rows)


if __name__ == "__main__":
    typer.run(main)
