"""Instances for YOLO segmentation: one polygon per line, and the pictures beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath
from typing import BinaryIO

import numpy as np

from napari_ovseg.export.instances import things_in
from napari_ovseg.export.outlines import outlines
from napari_ovseg.export.plan import Dataset, Item, Planned
from napari_ovseg.export.yolo_pictures import Kept, kept, write_converted, write_copy
from napari_ovseg.file_names import as_text

# Not printable, or a line break, to readers of YAML.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def plan(dataset: Dataset) -> Iterator[Planned]:
    """``data.yaml``, and in ``labels/`` and ``images/`` a text and a copy of each picture."""
    yield Planned("data.yaml", partial(_write_yaml, dataset))
    for item in dataset.items:
        item = item if item.split else Item(item.picture, item.stem, "train")
        yield Planned(item.path(".txt", "labels"), partial(_write_text, item, dataset), item.picture.name)
        yield from _picture(item, dataset)


def _picture(item: Item, dataset: Dataset) -> Iterator[Planned]:
    picture = item.picture
    folder = str(PurePosixPath("images", item.split))
    how = kept(picture.picture_path, picture.labels.shape, dataset.notes, picture.name, folder)
    path = picture.picture_path
    if path is None or how is Kept.NOT:
        return
    if how is Kept.AS_IT_IS:
        ending = as_text(path.suffix)
        yield Planned(item.path(ending, "images"), partial(write_copy, path), picture.name)
    else:
        yield Planned(item.path(".png", "images"), partial(write_converted, path), picture.name)


def _write_yaml(dataset: Dataset, file: BinaryIO) -> None:
    if "val" not in dataset.splits:
        dataset.notes.say(
            "No picture is set apart for validation, so data.yaml names the same pictures for both: "
            + ("set a validation share." if len(dataset.items) > 1 else "export several to set some apart.")
        )
    # Without a "path", Ultralytics starts at the folder of this file, wherever that is moved.
    lines = ["train: images/train", f"val: images/{'val' if 'val' in dataset.splits else 'train'}"]
    names = [f"  {index}: {_quoted(one.name)}" for index, one in enumerate(dataset.categories)]
    lines += ["names:", *names] if names else ["names: {}"]
    file.write(("\n".join(lines) + "\n").encode("utf-8"))


def _quoted(name: str) -> str:
    """A text as YAML that every reader takes for that text; letters stay letters.

    In JSON, letters outside the basic plane are two escapes, which readers of YAML take for two letters.
    """
    text = json.dumps(as_text(name), ensure_ascii=False)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


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
