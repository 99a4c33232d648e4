"""Instances of COCO, run lengths or polygons, from this package or any other tool."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from napari_ovseg.categories import MAX_CATEGORIES, labels_dtype
from napari_ovseg.colours import category_colours
from napari_ovseg.errors import InputError
from napari_ovseg.imports.named import found_picture, named_label, read_json, size_of_pixel
from napari_ovseg.labelled import LabelledPicture, NamedLabel

_KEYS = ("images", "annotations", "categories")


def peek(path: Path) -> bool:
    """Whether a JSON file has the three lists of COCO, or a folder has such files that we wrote."""
    if path.is_dir():
        return bool(_files(path))
    if path.suffix.lower() != ".json":
        return False
    try:
        content = path.read_bytes()
    except OSError:
        return False
    return all(f'"{key}"'.encode() in content for key in _KEYS)


def read(path: Path) -> list[LabelledPicture]:
    """Read each picture of a file, or of all files of a folder; a smaller thing lies over a larger one."""
    files = _files(path) if path.is_dir() else [path]
    return [picture for file in files for picture in _read(file)]


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("instances*.json"))


def _read(path: Path) -> list[LabelledPicture]:
    content = read_json(path)
    missing = [key for key in _KEYS if not isinstance(content.get(key), list)]
    if missing:
        raise InputError(f"{path} is no COCO file: it has no list '{missing[0]}'.")
    try:
        numbers, categories, notes = _categories(content["categories"], path)
        things: dict[Any, list[dict[str, Any]]] = {image["id"]: [] for image in content["images"]}
        lost = 0
        for annotation in content["annotations"]:
            if annotation["image_id"] in things and annotation["category_id"] in numbers:
                things[annotation["image_id"]].append(annotation)
            else:
                lost += 1
        if lost:
            notes.append(f"{lost} annotations name a picture or a category that {path.name} does not list.")
        names = Counter(Path(image["file_name"]).stem for image in content["images"])
        return [
            _picture(image, things[image["id"]], numbers, categories, notes, path, names)
            for image in content["images"]
        ]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{path} can't be read as COCO ({type(error).__name__}: {error}): write it again with its tool."
        ) from error


def _categories(
    entries: list[dict[str, Any]], path: Path
) -> tuple[dict[Any, int], tuple[NamedLabel, ...], list[str]]:
    """Which label each category has; ids are kept where labels can have them."""
    notes = []
    numbers = {entry["id"]: entry["id"] for entry in entries}
    if not all(isinstance(number, int) and 1 <= number <= MAX_CATEGORIES for number in numbers):
        # Some tools count from 0, which is the background here.
        numbers = {entry["id"]: place for place, entry in enumerate(entries, 1)}
        notes.append("The ids of the categories were counted anew from 1, because 0 is the background here.")
    colours = category_colours(max(numbers.values(), default=0)).tolist()
    names = Counter(str(entry["name"]).casefold() for entry in entries)
    found = []
    for entry in entries:
        number, name = numbers[entry["id"]], str(entry["name"])
        unique = name if names[name.casefold()] == 1 else f"{name} ({entry['id']})"
        colour = entry.get("color")
        if not isinstance(colour, list) or len(colour) != 3:
            colour = colours[number]
        found.append(named_label(number, unique, colour, entry.get("synonyms") or (), path))
    return numbers, tuple(sorted(found, key=lambda category: category.id)), notes


def _picture(
    image: dict[str, Any],
    things: list[dict[str, Any]],
    numbers: dict[Any, int],
    categories: tuple[NamedLabel, ...],
    notes: list[str],
    path: Path,
    names: Counter[str],
) -> LabelledPicture:
    file = found_picture(image.get("path"), path.parent)
    if file is None or not file.is_file():
        file = found_picture(image["file_name"], path.parent)
    labels = np.zeros(_size(image, file, path), labels_dtype(max((c.id for c in categories), default=0)))
    own = list(notes)
    masks = [(_mask(thing, labels.shape), numbers[thing["category_id"]]) for thing in things]
    empty = sum(mask is None for mask, _ in masks)
    if empty:
        own.append(f"{empty} annotations have no mask that can be read, and are not in the labels.")
    drawn = sorted(((mask, n) for mask, n in masks if mask is not None), key=lambda one: -int(one[0].sum()))
    hidden = 0
    for mask, number in drawn:
        hidden += int(((labels != 0) & (labels != number) & mask).sum())
        labels[mask] = number
    if hidden:
        own.append(f"{hidden} pixels belong to several categories, and went to the smallest thing.")
    stem = Path(image["file_name"]).stem
    return LabelledPicture(
        name=stem if names[stem] == 1 else f"{stem} {image['id']}",
        labels=labels,
        categories=categories,
        picture_path=file,
        pixel_size=size_of_pixel(image.get("pixel_size")),
        unit=image.get("unit"),
        record={"read_from": str(path), **({"notes": own} if own else {})},
    )


def _size(image: dict[str, Any], file: Path | None, path: Path) -> tuple[int, int]:
    if "height" in image and "width" in image:
        return int(image["height"]), int(image["width"])
    if file is not None and file.is_file():
        with Image.open(file) as picture:
            return picture.height, picture.width
    raise InputError(f"{path} does not say how large '{image['file_name']}' is: add its height and width.")


def _mask(thing: dict[str, Any], shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    from pycocotools import mask as run_lengths

    said = thing.get("segmentation")
    height, width = shape
    if isinstance(said, list):
        polygons = [polygon for polygon in said if len(polygon) >= 6 and len(polygon) % 2 == 0]
        if not polygons:
            return None
        lengths = run_lengths.merge(run_lengths.frPyObjects(polygons, height, width))
    elif isinstance(said, dict) and isinstance(said.get("counts"), list):
        lengths = run_lengths.frPyObjects(said, height, width)
    elif isinstance(said, dict) and isinstance(said.get("counts"), str):
        lengths = said
    else:
        return None
    if list(lengths["size"]) != [height, width]:
        return None
    return np.asarray(run_lengths.decode(lengths)).astype(bool)
