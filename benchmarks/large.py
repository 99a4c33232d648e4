"""What windows cost: ``python benchmarks/large.py --cache FOLDER [--sides 2048,4096] [--most 2]``.

Real pictures of nuclei, repeated and mirrored until they are large, segmented by windows as large ones are,
and in one piece where the side is `IN_ONE_PIECE` at most. Prints a Markdown table: how good the masks are,
how often both agree away from the rim, the error along the seams of tiles and elsewhere, processor seconds a
megapixel, and the memory that a run takes besides the model. Each run is a process of its own. What was
measured is kept in the folder. On one core 2048 pixels take minutes, and 4096 a quarter of an hour.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import time
from itertools import islice
from pathlib import Path
from typing import Annotated

import numpy as np
import psutil
import torch
import typer
import zarr
from numpy.typing import NDArray

from looks import Case, mirrored, model, print_table, small
from napari_ovseg import segment, segment_large
from napari_ovseg.large.tiles import CORE
from napari_ovseg.views.lazy_picture import LazyPicture

IN_ONE_PIECE = 2048
# pixels: from the picture's rim, where both see less; and from a seam, what counts as along it
RIM, ALONG = 64, 16


def cases(most: int) -> list[Case]:
    """Pictures whose own size is no part of a tile's, so that mirrored seams and those of tiles differ."""
    return list(islice((case for case in small("fluorescence") if case.picture.shape[0] == 520), most))


def run(case: Case, folder: Path, windows: bool) -> None:
    """Segment a picture in one way, and keep masks and costs."""
    torch.set_num_threads(1)
    loaded = model()
    before, start = psutil.Process().memory_info().rss, time.process_time()
    if windows:
        stored = np.lib.format.open_memmap(folder / "picture.npy", "w+", np.uint8, case.picture.shape)
        stored[:] = case.picture
        del stored
        source = LazyPicture([np.load(folder / "picture.npy", mmap_mode="r")])
        before, start = psutil.Process().memory_info().rss, time.process_time()
        found = segment_large(source, case.names, folder / "masks.ome.zarr", model=loaded, overwrite=True)
        seconds = time.process_time() - start
        masks = np.asarray(zarr.open_array(str(found.path / "labels/masks/0"), mode="r")[...])
    else:
        masks = segment(case.picture, case.names, model=loaded).masks
        seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    np.save(folder / f"{'windows' if windows else 'piece'}.npy", masks)
    measured = {"seconds": seconds, "bytes": peak - before}
    (folder / f"{'windows' if windows else 'piece'}.json").write_text(json.dumps(measured))


def measured(case: Case, side: int, cache: Path, windows: bool) -> tuple[NDArray[np.uint8], dict[str, float]]:
    """Masks and costs of a picture, from the folder or measured now."""
    folder = cache / f"{case.key}_{side}"
    folder.mkdir(parents=True, exist_ok=True)
    name = "windows" if windows else "piece"
    if not (folder / f"{name}.json").exists():
        process = multiprocessing.get_context("spawn").Process(target=run, args=(case, folder, windows))
        process.start()
        process.join()
        if process.exitcode:
            raise RuntimeError(f"{folder.name} failed by {name}")
    return np.load(folder / f"{name}.npy"), json.loads((folder / f"{name}.json").read_text())


def overlap(masks: NDArray[np.uint8], truth: NDArray[np.integer]) -> float:
    """Intersection over union of the one name."""
    found, there = masks == 1, truth == 1
    return float((found & there).sum() / (found | there).sum())


def near_seams(side: int) -> NDArray[np.bool_]:
    """Where a picture is near the border of two tiles."""
    places = np.arange(side)
    near = np.zeros(side, bool)
    for seam in range(CORE, side, CORE):
        near |= np.abs(places - seam + 0.5) < ALONG
    return near[:, None] | near[None, :]


def row(case: Case, side: int, cache: Path) -> dict[str, str]:
    """One line of the table."""
    large = next(iter(mirrored([case], side)))
    assert large.truth is not None
    masks, costs = measured(large, side, cache, windows=True)
    wrong, near = (masks == 1) != (large.truth == 1), near_seams(side)
    told = {
        "picture": case.key[:6],
        "side": str(side),
        "IoU by windows": f"{overlap(masks, large.truth):.3f}",
        "wrong along seams": f"{wrong[near].mean():.4f}" if near.any() else "",
        "wrong elsewhere": f"{wrong[~near].mean():.4f}",
        "seconds a megapixel": f"{costs['seconds'] / side**2 * 1e6:.1f}",
        "memory, GB": f"{costs['bytes'] / 2**30:.2f}",
    }
    if side <= IN_ONE_PIECE:
        piece, costs = measured(large, side, cache, windows=False)
        inner = (slice(RIM, -RIM),) * 2
        told |= {
            "IoU in one piece": f"{overlap(piece, large.truth):.3f}",
            "both agree": f"{(piece == masks)[inner].mean():.4f}",
            "seconds a megapixel, in one piece": f"{costs['seconds'] / side**2 * 1e6:.1f}",
            "memory, GB, in one piece": f"{costs['bytes'] / 2**30:.2f}",
        }
    return told


def main(
    cache: Annotated[Path, typer.Option(help="Folder for what is measured.")],
    sides: Annotated[str, typer.Option(help="Sides of the pictures.")] = "1024,2048,4096",
    most: Annotated[int, typer.Option(help="How many pictures.")] = 2,
) -> None:
    """Print the table."""
    rows = [row(case, int(side), cache) for side in sides.split(",") for case in cases(most)]
    columns = dict.fromkeys(column for one in rows for column in one)
    print_table([{column: one.get(column, "") for column in columns} for one in rows])


if __name__ == "__main__":
    typer.run(main)
