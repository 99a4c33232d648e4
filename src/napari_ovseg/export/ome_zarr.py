"""Labels as OME-Zarr with names and colours, inside the image that they belong to."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.categories import void_id
from napari_ovseg.colours import VOID
from napari_ovseg.errors import InputError
from napari_ovseg.export.plan import Dataset, Item, Planned
from napari_ovseg.images import read_image
from napari_ovseg.units import unit_of_length

# A viewer gains nothing from levels that are smaller, in pixels.
_COARSEST = 256


def plan(dataset: Dataset) -> Iterator[Planned]:
    """One ``.ome.zarr`` folder per picture, with the labels in ``labels/masks``.

    Raises
    ------
    InputError
        When ome-zarr is not installed.
    """
    try:
        import ome_zarr.writer  # noqa: F401
    except ImportError as error:
        raise InputError(
            'OME-Zarr needs one more package: pip install "napari-ovseg[ome-zarr]", or choose another format.'
        ) from error
    for item in dataset.items:
        yield Planned(
            item.path(".ome.zarr"), partial(_write, item, dataset), item.picture.name, is_folder=True
        )


def _write(item: Item, dataset: Dataset, folder: Path) -> None:
    import zarr
    from ome_zarr.writer import write_image, write_labels

    group = zarr.open_group(str(folder), mode="w", zarr_format=3)
    picture = item.picture
    size = picture.pixel_size or (1.0, 1.0)
    unit = unit_of_length(picture.unit)
    placed: dict[str, Any] = {
        "scale": dict(zip("yx", size, strict=True)),
        "scale_factors": [2**n for n in range(1, 6) if min(picture.labels.shape) >= _COARSEST * 2**n],
    }
    if unit is not None:
        placed["axes_units"] = dict.fromkeys("yx", unit[0])
    pixels = _pixels(item, dataset)
    if pixels is not None:
        axes = "yx" if pixels.ndim == 2 else "cyx"
        scale = {**dict.fromkeys(axes, 1.0), **placed["scale"]}
        write_image(pixels, group, axes=axes, name=item.stem, **{**placed, "scale": scale})
    colours = {category.id: category.colour for category in dataset.categories}
    void = void_id(max(colours, default=0))
    write_labels(
        picture.labels,
        group,
        name="masks",
        axes="yx",
        scaler=None,
        label_metadata={
            "colors": [
                {"label-value": number, "rgba": [*colour, 255]}
                for number, colour in {**colours, void: VOID}.items()
            ],
            "properties": [
                {"label-value": one.id, "name": one.name, "synonyms": list(one.synonyms)}
                for one in dataset.categories
            ]
            + [{"label-value": void, "name": "unsure"}],
        },
        **placed,
    )


def _pixels(item: Item, dataset: Dataset) -> NDArray[Any] | None:
    """The picture, channels first, where there is one of the labels' size."""
    picture = item.picture
    if picture.picture_path is not None:
        try:
            pixels = read_image(picture.picture_path)
        except InputError:
            pixels = np.empty(0)
        if pixels.shape[:2] == picture.labels.shape and pixels.ndim in (2, 3):
            return pixels if pixels.ndim == 2 else np.moveaxis(pixels, -1, 0)
    dataset.notes.count(
        "pictures could not be read in the size of their labels: their OME-Zarr holds the labels alone",
        1,
        picture.name,
    )
    return None
