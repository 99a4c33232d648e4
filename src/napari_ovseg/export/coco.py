"""Instances in the format of COCO, by run lengths, which hold any shape, or by polygons on request."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO

import numpy as np

from napari_ovseg.export.instances import Thing
from napari_ovseg.export.json_text import write_json
from napari_ovseg.export.outlines import outlines, without_holes
from napari_ovseg.export.plan import Dataset, Item, Planned
from napari_ovseg.export.streamed_things import each_thing
from napari_ovseg.file_names import seen_from


def plan(dataset: Dataset) -> Iterator[Planned]:
    """One ``instances.json`` for all pictures, or one for each split; ids are those of the labels."""
    for split in dataset.splits:
        name = f"instances_{split}.json" if split else "instances.json"
        yield Planned(name, partial(_write, dataset, split))


def _write(dataset: Dataset, split: str, file: BinaryIO) -> None:
    items = list(enumerate(dataset.of_split(split), 1))
    all_of_them = ((number, one) for number, item in items for one in _annotations(item, dataset))
    annotations = (
        {"id": place, "image_id": number, **one} for place, (number, one) in enumerate(all_of_them, 1)
    )
    categories = [
        {
            "id": category.id,
            "name": category.name,
            "supercategory": "",
            "color": list(category.colour),
            "synonyms": list(category.synonyms),
        }
        for category in dataset.categories
    ]
    content = {
        "info": {"description": "napari-ovseg"},
        "images": [_image(item, number, dataset) for number, item in items],
        "annotations": annotations,
        "categories": categories,
    }
    write_json(file, content)


def _image(item: Item, number: int, dataset: Dataset) -> dict[str, Any]:
    """What COCO says of a picture; `file_name` starts at the folder that all pictures lie in or below."""
    picture = item.picture
    height, width = picture.labels.shape
    path = picture.picture_path
    start = dataset.picture_folder
    if path is not None and start not in (None, path.parent):
        dataset.notes.say("The pictures lie in several folders, so file_name starts at the one above them.")
    return {
        "id": number,
        "file_name": f"{item.stem}.png" if path is None else seen_from(start or path.parent, path),
        "height": height,
        "width": width,
        "path": dataset.seen(item, dataset.folder),
        "pixel_size": picture.pixel_size,
        "unit": picture.unit,
    }


def _annotations(item: Item, dataset: Dataset) -> Iterator[dict[str, Any]]:
    from pycocotools.mask import frPyObjects

    shape = item.picture.labels.shape
    for thing in each_thing(item, dataset):
        (row, column), (height, width) = thing.corner, thing.mask.shape
        if dataset.options.polygons:
            if outlines(thing.mask)[1]:
                dataset.notes.count(
                    "regions with holes are made of several polygons, because a polygon can't hold a hole",
                    1,
                    item.picture.name,
                )
            shift = np.array([column, row])
            segmentation: Any = [(part + shift).ravel().tolist() for part in without_holes(thing.mask)]
        else:
            lengths = frPyObjects({"size": list(shape), "counts": run_lengths(thing, shape)}, *shape)
            segmentation = {"size": list(shape), "counts": lengths["counts"].decode("ascii")}
        yield {
            "category_id": thing.id,
            "iscrowd": 0,
            "area": int(thing.mask.sum()),
            "bbox": [column, row, width, height],
            "segmentation": segmentation,
        }


def run_lengths(thing: Thing, shape: tuple[int, ...]) -> list[int]:
    """Lengths of the runs outside and inside a thing, down the columns of a picture (H, W).

    Made from the thing's box alone: a full picture for each of thousands of things takes minutes.
    """
    (row, column), (height, width) = thing.corner, thing.mask.shape
    down = np.zeros((width, height + 2), np.int8)
    down[:, 1:-1] = thing.mask.T
    columns, rows = np.nonzero(np.diff(down, axis=1))
    edges = (column + columns) * shape[0] + row + rows
    # A run that reaches the bottom goes on at the top of the next column.
    joined = np.flatnonzero(edges[1:-1:2] == edges[2::2])
    edges = np.delete(edges, np.concatenate([2 * joined + 1, 2 * joined + 2]))
    lengths: list[int] = np.diff([0, *edges.tolist(), shape[0] * shape[1]]).tolist()
    return lengths if lengths[-1] else lengths[:-1]
