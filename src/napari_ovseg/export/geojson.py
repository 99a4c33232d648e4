"""Instances as GeoJSON that QuPath opens: classified, coloured annotations in pixels, holes included."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO

import numpy as np

from napari_ovseg.colours import VOID
from napari_ovseg.export.about import ABOUT, about
from napari_ovseg.export.instances import Thing
from napari_ovseg.export.json_text import write_json
from napari_ovseg.export.outlines import Ring, polygons
from napari_ovseg.export.plan import Dataset, Item, Planned
from napari_ovseg.export.streamed_things import each_thing

# QuPath leaves classes whose names end with an asterisk out of training and measurements.
IGNORE = "Ignore*"


def plan(dataset: Dataset) -> Iterator[Planned]:
    """One feature collection per picture; void becomes QuPath's own class "Ignore*"."""
    dataset.note_taken((IGNORE,), "QuPath")
    for item in dataset.items:
        yield Planned(item.path(".geojson"), partial(_write, item, dataset), item.picture.name)


def _write(item: Item, dataset: Dataset, file: BinaryIO) -> None:
    classes = {one.id: {"name": one.name, "color": list(one.colour)} for one in dataset.categories}
    void = int(np.iinfo(item.picture.labels.dtype).max)
    classes[void] = {"name": IGNORE, "color": list(VOID)}
    features = (
        _feature(thing, f"napari-ovseg {item.stem} {number}", classes[thing.id])
        for number, thing in enumerate(each_thing(item, dataset, with_void=True), 1)
    )
    # RFC 7946, section 6.1: readers ignore members that they don't know.
    write_json(file, {"type": "FeatureCollection", "features": features, ABOUT: about(item, dataset)})


def _feature(thing: Thing, seed: str, classified: dict[str, Any]) -> dict[str, Any]:
    shift = np.array(thing.corner[::-1])
    parts = [[_closed(ring + shift) for ring in (outer, *holes)] for outer, holes in polygons(thing.mask)]
    one = len(parts) == 1
    return {
        "type": "Feature",
        "id": str(uuid.uuid5(uuid.NAMESPACE_OID, seed)),
        "geometry": {
            "type": "Polygon" if one else "MultiPolygon",
            "coordinates": parts[0] if one else parts,
        },
        "properties": {"objectType": "annotation", "classification": classified},
    }


def _closed(ring: Ring) -> list[list[int]]:
    return [*ring.tolist(), ring[0].tolist()]
