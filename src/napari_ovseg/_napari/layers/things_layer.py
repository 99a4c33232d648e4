"""Things as a labels layer of their own: one number each, with what was measured as features."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg._napari.layers.adding import add
from napari_ovseg._napari.layers.annotated import Annotated
from napari_ovseg._napari.layers.labelled_layers import pixel_of
from napari_ovseg._napari.layers.result_layers import METADATA_KEY, placed_like, put_in_place
from napari_ovseg._napari.layers.source import LayerSource
from napari_ovseg.annotation.annotation import Position
from napari_ovseg.categories import Labels, void_of
from napari_ovseg.errors import InputError
from napari_ovseg.export.instances import instances_of
from napari_ovseg.export.measures import Pixel, Table, in_finer_pixels, measure, pixel_in
from napari_ovseg.export.plan import Options

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Labels as LabelsLayer

_THINGS = "things"


@dataclass(frozen=True)
class Masks:
    """The masks of a picture as plain data, so that another thread can look for things in them."""

    planes: dict[Position, Labels]
    sources: dict[Position, LayerSource]
    names: dict[int, str]
    pixel: Pixel | None
    factors: tuple[float, float]


@dataclass(frozen=True)
class Things:
    """The things in all slices, numbered on from one slice to the next.

    Attributes
    ----------
    regions : dict
        Of each slice, 0 nothing.
    columns : dict of str to array
        What was measured, a row for each thing; "position" are the slices.
    left_out : int
        How many regions were smaller than asked for.
    """

    regions: dict[Position, NDArray[np.int32]]
    columns: Table
    left_out: int

    def __str__(self) -> str:
        counts = Counter(self.columns["category"].tolist())
        total = sum(counts.values())
        kinds = ", ".join(f"{number} {name}" for name, number in counts.most_common(8))
        more = f" and {len(counts) - 8} categories more" if len(counts) > 8 else ""
        said = f"{total} thing{'s' * (total != 1)}{f': {kinds}{more}' if total else ''}."
        return f"{said} {self.left_out} smaller regions were left out." if self.left_out else said


def masks_of(annotated: Annotated) -> Masks:
    """Take a copy of the masks of all slices that were run or painted."""
    tracked = annotated.masks
    layer, placement = tracked.layer, tracked.placement
    size, unit = pixel_of(layer.scale, layer.units, placement.axes)
    return Masks(
        planes={at: tracked.labels(at).copy() for at in tracked.positions},
        sources=dict(annotated.sources),
        names={label.id: label.name for label in annotated.table.labels},
        pixel=pixel_in(size, unit),
        factors=(placement.factors[placement.axes[0]], placement.factors[placement.axes[1]]),
    )


def find(masks: Masks, options: Options) -> Things:
    """Find and measure the things in each slice; void belongs to none."""
    regions: dict[Position, NDArray[np.int32]] = {}
    tables: list[Table] = []
    count = left_out = 0
    for position, plane in sorted(masks.planes.items()):
        things = instances_of(np.where(plane == void_of(plane), 0, plane), options)
        names = {number: masks.names.get(number, f"label {number}") for number in set(things.ids.tolist())}
        picture = _pixels(masks.sources.get(position), plane.shape)
        table = measure(things.regions, things.ids, names, pixel=masks.pixel, picture=picture)
        table = in_finer_pixels(table, masks.factors, masks.pixel)
        table["id"] = table["id"] + count
        table["position"] = np.broadcast_to(np.array(position, np.int64), (len(things.ids), len(position)))
        tables.append(table)
        regions[position] = np.where(things.regions > 0, things.regions + count, 0).astype(np.int32)
        count, left_out = count + len(things.ids), left_out + things.left_out
    keys = [key for key in tables[0] if all(key in table for table in tables)] if tables else []
    return Things(regions, {key: np.concatenate([table[key] for table in tables]) for key in keys}, left_out)


def _pixels(source: LayerSource | None, shape: tuple[int, ...]) -> NDArray[Any] | None:
    """The picture below a slice with its channels last, where it can be read."""
    if source is None:
        return None
    try:
        pixels = source.read()
    # a file that was moved, or a server that is gone
    except Exception:
        return None
    if source.channel_axis is not None:
        pixels = np.moveaxis(pixels, source.channel_axis, -1)
    return pixels if pixels.shape[:2] == shape and pixels.ndim in (2, 3) else None


def show_things(viewer: ViewerModel, annotated: Annotated, found: Things) -> LabelsLayer:
    """Show things as the layer "<image> things", in the place of an unedited earlier one.

    Raises
    ------
    InputError
        When there is no memory for it.
    """
    from napari.layers import Labels

    image, placement = annotated.image, annotated.masks.placement
    largest = max((int(regions.max(initial=0)) for regions in found.regions.values()), default=0)
    try:
        data = np.zeros(placement.shape, np.uint16 if largest <= np.iinfo(np.uint16).max else np.int32)
    except MemoryError:
        raise InputError(
            f"There is no memory for things of the size {placement.shape}: crop '{image.name}' first."
        ) from None
    for position, regions in found.regions.items():
        data[replace(placement, position=position).index] = regions
    layer = Labels(data, name=f"{image.name} {_THINGS}", opacity=0.6, **placed_like(image, placement))
    layer.features = _features(found.columns, placement.stack_axes)
    where = [replace(placement, position=position).index for position in found.regions]
    written = [_checksum(data[at]) for at in where]
    layer.metadata[METADATA_KEY] = {_THINGS: annotated.key, "written": (where, written)}
    _put(viewer, annotated.key, layer)
    return layer


def is_things(metadata: Mapping[str, Any]) -> bool:
    """Whether a layer with this metadata holds things, of which the numbers are no categories."""
    return _THINGS in metadata.get(METADATA_KEY, {})


def _features(columns: Table, stack_axes: tuple[int, ...]) -> dict[str, NDArray[Any]]:
    """Columns for a labels layer: napari's status bar reads `index`, other tools read `label`."""
    rest = {key: column for key, column in columns.items() if key not in ("id", "position")}
    names = ["slice"] if len(stack_axes) == 1 else [f"slice_{axis}" for axis in stack_axes]
    slices = {name: columns["position"][:, place] for place, name in enumerate(names)} if columns else {}
    return {"index": columns["id"], "label": columns["id"], **slices, **rest} if columns else {}


def _put(viewer: ViewerModel, key: str, layer: LabelsLayer) -> None:
    earlier = [
        other
        for other in viewer.layers
        if other.metadata.get(METADATA_KEY, {}).get(_THINGS) == key and not _is_edited(other)
    ]
    if not earlier:
        add(viewer, layer)
        return
    layer.visible = earlier[-1].visible
    put_in_place(viewer, earlier[-1], layer)
    viewer.layers.selection.active = layer


def _is_edited(layer: Any) -> bool:
    """Whether a person has painted on things, or put other pixels in their place."""
    where, written = layer.metadata[METADATA_KEY]["written"]
    try:
        return bool(layer._undo_history) or [_checksum(layer.data[at]) for at in where] != written
    except IndexError:
        # another picture was put into the layer
        return True


def _checksum(plane: Any) -> int:
    return zlib.crc32(np.ascontiguousarray(plane).data)
