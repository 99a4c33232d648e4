"""Instances as LabelMe JSON: polygons to edit; what has a hole is a mask, which loses nothing."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from napari_ovseg.export.about import ABOUT, about
from napari_ovseg.export.instances import Thing, things_in
from napari_ovseg.export.json_text import json_text
from napari_ovseg.export.outlines import outlines
from napari_ovseg.export.plan import Dataset, Item, Planned

# LabelMe's own converters read this name as "ignore".
IGNORE = "__ignore__"
# And this one as background.
BACKGROUND = "_background_"


def plan(dataset: Dataset) -> Iterator[Planned]:
    """One JSON per picture, which points at the file of the picture."""
    dataset.note_taken((IGNORE, BACKGROUND), "LabelMe")
    for item in dataset.items:
        yield Planned(item.path(".json"), partial(_write, item, dataset), item.picture.name)


def _write(item: Item, dataset: Dataset, file: BinaryIO) -> None:
    names = {category.id: category.name for category in dataset.categories}
    names[int(np.iinfo(item.picture.labels.dtype).max)] = IGNORE
    shapes = [
        {
            "label": names[thing.id],
            "group_id": None,
            "description": "",
            "flags": {},
            **_shape(thing, item, dataset),
        }
        for thing in things_in(item, dataset, with_void=True)
    ]
    height, width = item.picture.labels.shape
    content = {
        "version": "5.5.0",
        "flags": {},
        "shapes": shapes,
        "imagePath": _picture(item, dataset, Path(item.path("")).parent),
        "imageData": None,
        "imageHeight": height,
        "imageWidth": width,
        # LabelMe keeps keys that it does not know.
        ABOUT: about(item, dataset),
    }
    file.write(json_text(content, indent=1))


def _shape(thing: Thing, item: Item, dataset: Dataset) -> dict[str, Any]:
    outer, holes = outlines(thing.mask)
    row, column = thing.corner
    if not holes:
        points = (outer[0] + np.array([column, row])).astype(float).tolist()
        return {"shape_type": "polygon", "points": points, "mask": None}
    dataset.notes.count(
        "regions with holes were written as masks, which LabelMe opens from version 5.4 on",
        1,
        item.picture.name,
    )
    height, width = thing.mask.shape
    stream = io.BytesIO()
    Image.fromarray(thing.mask.astype(np.uint8)).save(stream, format="PNG")
    # The second corner is the last pixel, not the one after it.
    box = [[float(column), float(row)], [float(column + width - 1), float(row + height - 1)]]
    return {
        "shape_type": "mask",
        "points": box,
        "mask": base64.b64encode(stream.getvalue()).decode("ascii"),
    }


def _picture(item: Item, dataset: Dataset, inside: Path) -> str:
    seen = dataset.seen(item, dataset.folder / inside)
    if seen is None:
        dataset.notes.count(
            "pictures have no known file: put each beside its JSON, under the name that the JSON gives",
            1,
            item.picture.name,
        )
        return f"{item.stem}.png"
    return seen
