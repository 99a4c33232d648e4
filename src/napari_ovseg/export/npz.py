"""Labels as a NumPy archive: everything that is known of a picture, without pickles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np

from napari_ovseg.categories import void_id
from napari_ovseg.export.passed_on import passed_on
from napari_ovseg.export.plan import Dataset, Item, Planned
from napari_ovseg.file_names import as_text


def plan(dataset: Dataset) -> Iterator[Planned]:
    """One archive per picture; its ending tells our archives from others.

    Arrays: ``labels (H, W)``, ``ids (C,)``, ``names (C,)``, ``colours (C, 3)`` uint8, ``void ()``, and
    ``about ()``, a JSON text with synonyms, file, pixel size, unit, record and whether it is done.
    """
    for item in dataset.items:
        yield Planned(item.path(".ovseg.npz"), partial(_write, item, dataset), item.picture.name)


def _write(item: Item, dataset: Dataset, file: BinaryIO) -> None:
    picture = item.picture
    categories = dataset.categories
    inside = dataset.folder / Path(item.path("")).parent
    about = {
        "format": "napari-ovseg labels 1",
        "name": picture.name,
        "picture": dataset.seen(item, inside),
        "pixel_size": picture.pixel_size,
        "unit": picture.unit,
        "done": picture.done,
        "record": passed_on(picture.record, inside),
        "synonyms": [category.synonyms for category in categories],
    }
    np.savez_compressed(
        file,
        labels=picture.labels,
        ids=np.array([category.id for category in categories], np.uint16),
        names=np.array([category.name for category in categories], np.str_),
        colours=np.array([category.colour for category in categories], np.uint8).reshape(-1, 3),
        void=np.array(void_id(max((category.id for category in categories), default=0))),
        about=np.array(as_text(json.dumps(about, ensure_ascii=False))),
    )
