"""Labels layers as labelled pictures, and labelled pictures as labels layers: names and colours go along."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg._napari.layers.annotated import Annotated
from napari_ovseg._napari.layers.colours import Legend
from napari_ovseg._napari.layers.picture_file import file_of
from napari_ovseg._napari.layers.result_layers import METADATA_KEY
from napari_ovseg._napari.layers.shown import picture_key
from napari_ovseg._napari.layers.tracked_labels import TrackedLabels
from napari_ovseg.annotation.annotation import Position
from napari_ovseg.annotation.full_size import at_size
from napari_ovseg.annotation.labelled_pictures import left_out, slice_name
from napari_ovseg.categories import void_of
from napari_ovseg.colours import category_colours
from napari_ovseg.errors import InputError
from napari_ovseg.export.plan import Notes
from napari_ovseg.export.table import one_table
from napari_ovseg.labelled import LabelledPicture, NamedLabel
from napari_ovseg.pictures import read_pixel_size
from napari_ovseg.units import unit_of_length

if TYPE_CHECKING:
    from napari.layers import Image

    from napari_ovseg._napari.layers.placement import Placement

LayerTuple = tuple[Any, dict[str, Any], str]

_LARGEST = 65535
# What the legend calls void.
UNSURE = "unsure"


def pictures_of(data: Any, meta: Mapping[str, Any], notes: Notes) -> list[LabelledPicture]:
    """Return the pictures in a labels layer: one, or one per slice of a stack that holds labels.

    Parameters
    ----------
    data : array
        Of the layer, as napari hands it to writers.
    meta : mapping
        The layer's state: name, features, colormap, scale, units, metadata.
    notes : Notes
        Gets what is left out.

    Returns
    -------
    list of LabelledPicture

    Raises
    ------
    InputError
        When the labels can't be written, or there are none.
    """
    known = meta.get("metadata", {}).get(METADATA_KEY, {})
    name = str(meta.get("name", "labels"))
    tracked = known.get("tracked")
    if isinstance(tracked, TrackedLabels) and tracked.layer.data is data:
        axes = tracked.placement.axes
        planes = _planes_worked_on(tracked, known, name, notes)
    else:
        array = data[0] if meta.get("multiscale") else data
        axes = _picture_axes(array.shape, name)
        planes = list(_planes(array, axes, name, notes))
    planes = [(position, _unsigned(plane, name)) for position, plane in planes]
    categories = _categories(meta, [plane for _, plane in planes])
    size, unit = pixel_of(meta.get("scale"), meta.get("units"), axes)
    annotated = known.get("annotated")
    pieces, file = {}, known.get("picture")
    if isinstance(annotated, Annotated):
        shown = annotated.key == picture_key(annotated.image)
        pieces, file = annotated.pieces, file_of(annotated.image) if shown else None
    if isinstance(tracked, TrackedLabels) and isinstance(annotated, Annotated):
        sides = _full_sides(tracked.placement)
        planes = [(position, at_size(plane, sides, name)) for position, plane in planes]
        size, unit = pixel_of_picture(annotated.image, axes)
    return [
        LabelledPicture(
            name=slice_name(name, position),
            labels=plane,
            categories=categories,
            # The file of a stack is not the file of its slices.
            picture_path=None if position or file is None else Path(file),
            pixel_size=size,
            unit=unit,
            record=pieces[position].record if position in pieces else known.get("record", {}),
            done=pieces[position].done if position in pieces else known.get("done"),
        )
        for position, plane in planes
    ]


def _planes_worked_on(
    tracked: TrackedLabels, known: Mapping[str, Any], name: str, notes: Notes
) -> list[tuple[Position, NDArray[Any]]]:
    """Each slice of a result that was run or painted; the notes say which were not."""
    worked_on = [at for at in tracked.positions if not at or _worked_on(tracked, known, at)]
    stack = [tracked.placement.shape[axis] for axis in tracked.placement.stack_axes]
    alone = left_out([at for at in np.ndindex(*stack) if at not in worked_on] if stack else [])
    if alone:
        notes.say(f"Note on {name}: {alone}")
    return [(position, tracked.labels(position)) for position in worked_on]


def _worked_on(tracked: TrackedLabels, known: Mapping[str, Any], position: Position) -> bool:
    """Whether a slice of a result was run or painted, and not only looked at."""
    annotated = known.get("annotated")
    if isinstance(annotated, Annotated):
        return annotated.worked_on(position)
    return position in tracked.written or tracked.is_edited(position)


def _full_sides(placement: Placement) -> list[int]:
    """Height and width of the full picture, where the masks may lie on a coarser level of it."""
    return [round(placement.shape[axis] * placement.factors[axis]) for axis in placement.axes]


def _picture_axes(shape: tuple[int, ...], name: str) -> tuple[int, int]:
    """Rows and columns: the last two axes, unless others are the only long ones."""
    if len(shape) < 2:
        raise InputError(f"'{name}' has one axis only: choose a layer with rows and columns.")
    long = [axis for axis, length in enumerate(shape) if length > 1]
    if len(long) == 2:
        return long[0], long[1]
    return len(shape) - 2, len(shape) - 1


def _planes(
    array: Any, axes: tuple[int, int], name: str, notes: Notes
) -> Iterator[tuple[Position, NDArray[Any]]]:
    """Each slice along the other axes; of a stack, those that hold labels."""
    others = [axis for axis in range(len(array.shape)) if axis not in axes and array.shape[axis] > 1]
    index: list[int | slice] = [slice(None) if axis in axes else 0 for axis in range(len(array.shape))]
    empty = 0
    for position in np.ndindex(*(array.shape[axis] for axis in others)):
        for axis, place in zip(others, position, strict=True):
            index[axis] = place
        plane = np.asarray(array[tuple(index)])
        if others and not plane.any():
            empty += 1
            continue
        yield position, plane
    notes.count("slices have no labels and were left out", empty, name)


def _unsigned(plane: NDArray[Any], name: str) -> NDArray[np.unsignedinteger[Any]]:
    low, high = (int(plane.min()), int(plane.max())) if plane.size else (0, 0)
    if low < 0 or high > _LARGEST:
        raise InputError(
            f"The labels of '{name}' go from {low} to {high}, and files hold 0 to {_LARGEST}: renumber them."
        )
    return plane.astype(np.uint8 if plane.dtype.itemsize == 1 else np.uint16, copy=False)


def _categories(meta: Mapping[str, Any], planes: list[NDArray[Any]]) -> tuple[NamedLabel, ...]:
    """Names from the features, colours from the colormap; what was painted without a name is one too."""
    features = meta.get("features", {})
    names: dict[int, str] = {}
    if "index" in features and "name" in features:
        rows = zip(features["index"], features["name"], strict=True)
        names = {int(float(number)): _text(name) for number, name in rows if _is_id(number)}
    known = meta.get("metadata", {}).get(METADATA_KEY, {})
    words, called = known.get("synonyms", {}), known.get("names", {})
    void = {number for number, name in names.items() if name == UNSURE and number in (255, _LARGEST)}
    painted = {int(number) for plane in planes for number in np.unique(plane)} - {255, _LARGEST}
    ids = sorted((set(names) | painted) - void - {0})
    given = [names.get(number, "").strip() or f"label {number}" for number in ids]
    often = Counter(given)
    colours = _colours(meta.get("colormap"), ids)
    return tuple(
        NamedLabel(
            number,
            name if often[name] == 1 else f"{name} ({number})",
            colour,
            tuple(words.get(number, ())) if called.get(number) == name else (),
        )
        for number, name, colour in zip(ids, given, colours, strict=True)
    )


def _is_id(number: Any) -> bool:
    """Whether a table of another program has the number of a label in this place."""
    try:
        return float(number).is_integer() and 0 <= float(number) <= _LARGEST
    except (TypeError, ValueError):
        return False


def _text(name: Any) -> str:
    """What a table of another program calls a label; "" where it says nothing, or not a number."""
    said = str(name)
    # an empty cell of pandas can't be compared, and NaN is not even itself
    return "" if name is None or said in ("<NA>", "NaT") or name != name else said


def _colours(colormap: Any, ids: list[int]) -> list[tuple[int, int, int]]:
    if colormap is None or not hasattr(colormap, "map") or not ids:
        rows = category_colours(max(ids, default=0))[ids]
    else:
        rows = np.rint(np.asarray(colormap.map(np.array(ids)))[:, :3] * 255).astype(np.uint8)
    return [(red, green, blue) for red, green, blue in rows.tolist()]


def pixel_of(scale: Any, units: Any, axes: tuple[int, int]) -> tuple[tuple[float, float] | None, str | None]:
    """Return height and width of a layer's pixel and their unit, where that is a length."""
    if scale is None or units is None:
        return None, None
    rows, columns = (str(units[axis]) for axis in axes)
    if rows != columns or unit_of_length(rows) is None:
        return None, None
    return (abs(float(scale[axes[0]])), abs(float(scale[axes[1]]))), rows


def pixel_of_picture(image: Image, axes: tuple[int, int]) -> tuple[tuple[float, float] | None, str | None]:
    """Return height and width of a picture's pixel and their unit, from its layer or else from its file."""
    size, unit = pixel_of(image.scale, image.units, axes)
    file = file_of(image)
    # who has scaled a layer, if only in pixels, knows better than the file
    if size is not None or file is None or any(image.scale[axis] != 1 for axis in axes):
        return size, unit
    try:
        return read_pixel_size(file)
    except InputError:
        return None, None


def layer_of(picture: LabelledPicture) -> tuple[LayerTuple, tuple[str, ...]]:
    """Return a labelled picture as a named, coloured, editable labels layer, and what was changed for that.

    Raises
    ------
    InputError
        When its labels or names can't be used.
    """
    notes = Notes()
    categories, (brought,) = one_table([picture], notes)
    legend = Legend(categories, void_of(brought.labels))
    known = {
        "names": legend.names,
        "synonyms": {category.id: category.synonyms for category in categories},
        "record": picture.record,
        "done": picture.done,
        "picture": None if picture.picture_path is None else str(picture.picture_path),
    }
    layer: dict[str, Any] = {
        "name": picture.name,
        "features": legend.features,
        "colormap": legend.colormap(),
        "opacity": 0.6,
        "metadata": {METADATA_KEY: known},
    }
    unit = unit_of_length(picture.unit)
    if picture.pixel_size is not None and unit is not None:
        layer |= {"scale": picture.pixel_size, "units": (unit[0], unit[0])}
    return (brought.labels, layer, "labels"), notes.sentences()
