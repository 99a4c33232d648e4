"""Instances for YOLO segmentation: one polygon per line, and the pictures beside them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np

from napari_ovseg.export.instances import things_in
from napari_ovseg.export.outlines import outlines
from napari_ovseg.export.plan import Dataset, Item, Planned
from napari_ovseg.file_names import as_text

# What Ultralytics opens.
_KNOWN = {".avif", ".bmp", ".dng", ".heic", ".jpeg", ".jpg", ".mpo", ".png", ".tif", ".tiff", ".webp"}


def plan(dataset: Dataset) -> Iterator[Planned]:
    """``data.yaml``, and in ``labels/`` and ``images/`` a text and a copy of each picture."""
    yield Planned("data.yaml", partial(_write_yaml, dataset))
    for item in dataset.items:
        item = item if item.split else Item(item.picture, item.stem, "train")
        yield Planned(item.path(".txt", "labels"), partial(_write_text, item, dataset), item.picture.name)
        picture = item.picture.picture_path
        if picture is not None and picture.is_file():
            yield Planned(
                item.path(as_text(picture.suffix), "images"), partial(_copy, picture), item.picture.name
            )
            if picture.suffix.lower() not in _KNOWN:
                dataset.notes.count(
                    "pictures are of a type that YOLO can't open: convert them", 1, item.picture.name
                )
        else:
            dataset.notes.count(
                "pictures have no known file: put each into images/, under the name of its text",
                1,
                item.picture.name,
            )


def _write_yaml(dataset: Dataset, file: BinaryIO) -> None:
    if "val" not in dataset.splits:
        dataset.notes.say(
            "No picture is set apart for validation, so data.yaml names the same pictures for both: "
            "set a validation share."
        )
    lines = ["train: images/train", f"val: images/{'val' if 'val' in dataset.splits else 'train'}"]
    # A JSON text is YAML too, whatever letters are in it; and so is an empty mapping.
    names = [f"  {index}: {json.dumps(one.name)}" for index, one in enumerate(dataset.categories)]
    lines += ["names:", *names] if names else ["names: {}"]
    file.write(("\n".join(lines) + "\n").encode("utf-8"))


def _write_text(item: Item, dataset: Dataset, file: BinaryIO) -> None:
    size = np.array(item.picture.labels.shape[::-1])
    index = {category.id: number for number, category in enumerate(dataset.categories)}
    for thing in things_in(item, dataset):
        (outer,), holes = outlines(thing.mask)
        dataset.notes.count(
            "holes were filled, because a YOLO polygon can't hold one", len(holes), item.picture.name
        )
        points = (outer + thing.corner[::-1]) / size
        file.write(f"{index[thing.id]} {' '.join(f'{value:.8g}' for value in points.ravel())}\n".encode())


def _copy(source: Path, file: BinaryIO) -> None:
    with source.open("rb") as picture:
        shutil.copyfileobj(picture, file)
