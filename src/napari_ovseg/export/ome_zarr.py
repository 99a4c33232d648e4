"""Labels as OME-Zarr (NGFF 0.5) with names and colours, inside the image that they belong to."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.categories import void_of
from napari_ovseg.colours import VOID
from napari_ovseg.export.about import ABOUT, about
from napari_ovseg.export.instances import things_in
from napari_ovseg.export.measures import Table
from napari_ovseg.export.picture_pixels import picture_pixels
from napari_ovseg.export.plan import Dataset, Item, Planned
from napari_ovseg.export.pyramid import count_levels
from napari_ovseg.export.things import measured
from napari_ovseg.units import unit_of_length

_VERSION = "0.5"
_CHUNK = 1024
_COLOURS = {"red": "FF0000", "green": "00FF00", "blue": "0000FF"}


def plan(dataset: Dataset) -> Iterator[Planned]:
    """One ``.ome.zarr`` folder per picture, with the labels in ``labels/masks`` and ``labels/things``."""
    for item in dataset.items:
        yield Planned(
            item.path(".ome.zarr"), partial(_write, item, dataset), item.picture.name, is_folder=True
        )


def _write(item: Item, dataset: Dataset, folder: Path) -> None:
    import zarr

    root = zarr.open_group(str(folder), mode="w", zarr_format=3)
    labels = item.picture.labels
    pixels = picture_pixels(item)
    if pixels is not None:
        planes = pixels if pixels.ndim == 2 else np.moveaxis(pixels, -1, 0)
        shown = _write_levels(root, _levels(planes, _averaged), item)
        root.attrs["ome"] = {"version": _VERSION, **shown, **_channels(planes)}
    else:
        dataset.notes.count(
            "pictures could not be read in the size of their labels: their OME-Zarr holds the labels alone",
            1,
            item.picture.name,
        )
        root.attrs["ome"] = _labels_as_image(item, dataset, count_levels(labels.shape))
    group = root.create_group("labels")
    names = ["masks", "things"] if dataset.options.things else ["masks"]
    group.attrs["ome"] = {"version": _VERSION, "labels": names}
    _write_labels(group.create_group("masks"), labels, item, _of_categories(item, dataset))
    group["masks"].attrs[ABOUT] = about(item, dataset)
    if dataset.options.things:
        things = things_in(item, dataset)
        table = measured(things, item, dataset)
        _write_labels(
            group.create_group("things"), things.smallest(), item, {"properties": _of_things(table)}
        )


def say_what_labels_are(root: Any, item: Item, dataset: Dataset, levels: int) -> None:
    """Write what is said of masks that lie in ``labels/masks`` without their picture.

    Parameters
    ----------
    root : zarr.Group
    item : Item
        Its labels need a shape and a dtype only.
    dataset : Dataset
    levels : int
        How many there are, each half as fine as the one before: ``labels/masks/0`` and so on.
    """
    root.attrs["ome"] = _labels_as_image(item, dataset, levels)
    root["labels"].attrs["ome"] = {"version": _VERSION, "labels": ["masks"]}
    masks = root["labels/masks"]
    masks.attrs["ome"] = _of_labels(_multiscales(item, "yx", levels, ""), _of_categories(item, dataset))
    masks.attrs[ABOUT] = about(item, dataset) | {"record": item.picture.record}


def _labels_as_image(item: Item, dataset: Dataset, levels: int) -> dict[str, Any]:
    """A root that names no image opens empty: the labels are also the image, and lie on the disk once."""
    shown = _multiscales(item, "yx", levels, "labels/masks/")
    largest = max((category.id for category in dataset.categories), default=1)
    return {"version": _VERSION, **shown, **_omero({"masks": "FFFFFF"}, largest)}


def _of_categories(item: Item, dataset: Dataset) -> dict[str, Any]:
    void = void_of(item.picture.labels)
    colours = {**{category.id: category.colour for category in dataset.categories}, void: VOID}
    return {
        "colors": [{"label-value": number, "rgba": [*colour, 255]} for number, colour in colours.items()],
        # Columns of a table for viewers, one value each: napari opens none that holds lists.
        "properties": [{"label-value": one.id, "name": one.name} for one in dataset.categories]
        + [{"label-value": void, "name": "unsure"}],
    }


def _of_things(table: Table) -> list[dict[str, Any]]:
    keys = ["label-value", *list(table)[1:]]
    # JSON has no NaN
    columns = [[None if value != value else value for value in column.tolist()] for column in table.values()]
    return [dict(zip(keys, row, strict=True)) for row in zip(*columns, strict=True)]


def _write_labels(group: Any, labels: NDArray[Any], item: Item, said: dict[str, Any]) -> None:
    group.attrs["ome"] = _of_labels(_write_levels(group, _levels(labels, _picked), item), said)


def _of_labels(shown: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    # A list that is empty, as of things where there are none, is not valid.
    known = {key: rows for key, rows in said.items() if rows}
    return {"version": _VERSION, **shown, "image-label": {**known, "source": {"image": "../../"}}}


def _write_levels(group: Any, levels: list[NDArray[Any]], item: Item) -> dict[str, Any]:
    """Write a pyramid; returns what is said of it."""
    axes = "yx" if levels[0].ndim == 2 else "cyx"
    for number, level in enumerate(levels):
        chunks = tuple(
            1 if axis == "c" else min(_CHUNK, n) for axis, n in zip(axes, level.shape, strict=True)
        )
        group.create_array(str(number), data=level, chunks=chunks, dimension_names=list(axes))
    return _multiscales(item, axes, len(levels), "")


def _multiscales(item: Item, axes: str, count: int, folder: str) -> dict[str, Any]:
    """The axes with their unit, and where each level lies: a pixel's centre is its block's."""
    unit = unit_of_length(item.picture.unit)
    size = dict(zip("yx", item.picture.pixel_size or (1.0, 1.0), strict=True))
    space = {"type": "space"} if unit is None else {"type": "space", "unit": unit[0]}
    datasets = []
    for level in range(count):
        factor = 2**level
        scale = [size[axis] * factor if axis in size else 1.0 for axis in axes]
        shift = [size[axis] * (factor - 1) / 2 if axis in size else 0.0 for axis in axes]
        placed: list[dict[str, Any]] = [{"type": "scale", "scale": scale}]
        if level:
            placed.append({"type": "translation", "translation": shift})
        datasets.append({"path": f"{folder}{level}", "coordinateTransformations": placed})
    named = [{"name": axis, **(space if axis in size else {"type": "channel"})} for axis in axes]
    return {"multiscales": [{"name": item.stem, "axes": named, "datasets": datasets}]}


def _channels(planes: NDArray[Any]) -> dict[str, Any]:
    """What makes viewers show three channels as colours."""
    if planes.shape[0] != len(_COLOURS) or planes.ndim == 2 or planes.dtype.kind != "u":
        return {}
    return _omero(_COLOURS, int(np.iinfo(planes.dtype).max))


def _omero(colours: dict[str, str], end: int) -> dict[str, Any]:
    window = {"min": 0, "max": end, "start": 0, "end": end}
    channels = [{"label": k, "color": v, "active": True, "window": window} for k, v in colours.items()]
    return {"omero": {"channels": channels}}


def _levels(planes: NDArray[Any], coarser: Any) -> list[NDArray[Any]]:
    """A pyramid, each level half as fine as the one before."""
    levels = [planes]
    for _ in range(1, count_levels(planes.shape)):
        levels.append(coarser(levels[-1]))
    return levels


def _picked(labels: NDArray[Any]) -> NDArray[Any]:
    """One label of each block of two by two: a mean of labels would be another label."""
    return np.ascontiguousarray(labels[::2, ::2])


def _averaged(planes: NDArray[Any]) -> NDArray[Any]:
    """The mean of each block of two by two; a row or column that is left over is doubled."""
    margin = [(0, 0)] * (planes.ndim - 2) + [(0, n % 2) for n in planes.shape[-2:]]
    even = np.pad(planes, margin, mode="edge").astype(np.float64)
    mean = (even[..., ::2, ::2] + even[..., 1::2, ::2] + even[..., ::2, 1::2] + even[..., 1::2, 1::2]) / 4
    if planes.dtype.kind == "b":
        return mean >= 0.5
    return (np.rint(mean) if planes.dtype.kind in "ui" else mean).astype(planes.dtype)
