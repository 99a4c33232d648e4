"""Is cutting touching things apart worth it? Nuclei (CC0) joined into one category, and split again.

Run: python benchmarks/touching.py [--photos ../shared/photos] [--every 1] [--depths 0.5 0.75 1 1.5]
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from PIL import Image

from napari_ovseg.export import instances
from napari_ovseg.export.plan import Options


def matched(truth: np.ndarray, found: np.ndarray) -> int:
    """How many true things have a found thing with IoU above 0.5; no two can share one."""
    both = np.zeros((int(truth.max()) + 1, int(found.max()) + 1), np.int64)
    np.add.at(both, (truth.ravel(), found.ravel()), 1)
    union = both.sum(1, keepdims=True) + both.sum(0, keepdims=True) - both
    return int((both / np.maximum(union, 1) > 0.5)[1:, 1:].sum())


def score(paths: list[Path], depth: float | None) -> tuple[float, float]:
    """F1 at IoU 0.5 over all things, and things found per true thing; no depth: connected regions."""
    right = true = found = 0
    if depth is not None:
        instances._CORE_DEPTH = depth
    for path in paths:
        truth = np.asarray(Image.open(path)).astype(np.int64)
        regions = instances.instances_of(
            (truth > 0).astype(np.uint8), Options(split_touching=depth is not None)
        ).regions
        right += matched(truth, regions)
        true += len(np.unique(truth)) - 1
        found += int(regions.max())
    return 2 * right / (true + found), found / true


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, default=Path("../shared/photos"))
    parser.add_argument("--every", type=int, default=1, help="take every n-th picture")
    parser.add_argument("--depths", type=float, nargs="+", default=[0.5, 0.75, 1.0])
    arguments = parser.parse_args()
    folder = arguments.photos / "nuclei"
    if not folder.is_dir():
        print(f"{folder} is not there: nothing to measure.")
        return
    with (folder / "index.csv").open() as file:
        kinds = {row["id"]: row["kind"] for row in csv.DictReader(file)}
    print(f"{'':14}" + "".join(f"{kind:>24}" for kind in sorted(set(kinds.values()))))
    for depth in (None, *arguments.depths):
        cells = []
        for kind in sorted(set(kinds.values())):
            names = [name for name, of in kinds.items() if of == kind][:: arguments.every]
            f1, count = score([folder / "instances" / f"{name}.png" for name in names], depth)
            cells.append(f"{f1:12.3f} F1 {count:6.2f} x")
        print(f"{'regions' if depth is None else f'depth {depth}':14}" + "".join(f"{c:>24}" for c in cells))


if __name__ == "__main__":
    main()
