"""Instances of COCO, run lengths or polygons, from this package or any other tool."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_ovseg.categories import labels_dtype
from napari_ovseg.errors import InputError
from napari_ovseg.file_names import as_text
from napari_ovseg.imports.coco_categories import Categories, categories_of
from napari_ovseg.imports.coco_kinds import other_kind
from napari_ovseg.imports.coco_shapes import drawn
from napari_ovseg.imports.drawing import Canvas
from napari_ovseg.imports.files import Places, mentions
from napari_ovseg.imports.found_pictures import PictureFolders, picture_name
from napari_ovseg.imports.named import key_of, read_any_json, size_of_pixel, text_or_none
from napari_ovseg.imports.picture_sizes import believed_size
from napari_ovseg.imports.skipped import Skipped, Unusable, with_notes, with_refusals
from napari_ovseg.labelled import LabelledPicture

_KEYS = ("images", "annotations", "categories")
_PLACES = (
    "instances*.json",
    "annotations/instances*.json",
    "_annotations.coco.json",
    "*/_annotations.coco.json",
)
_WITHOUT_MASKS = ("person_keypoints", "captions", "image_info", "panoptic")


@dataclass
class _File:
    """One file while it is read: what it says of all pictures, and what was left out so far."""

    path: Path
    categories: Categories
    folders: PictureFolders
    names: Counter[str]
    annotated: set[int | str | None]
    annotations: Skipped
    pictures: Skipped
    notes: list[str] = field(default_factory=list)
    read: int = 0


def peek(path: Path) -> bool:
    """Whether a JSON file has the three lists of COCO, or a folder has such files."""
    if path.is_dir():
        return bool(_files(path))
    return path.suffix.lower() == ".json" and mentions(path, *(f'"{key}"' for key in _KEYS))


def read(path: Path, places: Places | None = None) -> list[LabelledPicture]:
    """Read each picture of a file, or of all files of a folder; a smaller thing lies over a larger one.

    What is wrong is left out, named and counted in the notes of the first picture.
    """
    places = places or Places()
    files = _files(path) if path.is_dir() else [path]
    found: list[LabelledPicture] = []
    refused: list[InputError] = []
    for file in files:
        try:
            found += _read(file, places)
        except InputError as error:
            refused.append(error)
    if refused and not found:
        raise refused[0]
    return with_refusals(found, refused, places.refused)


def _files(folder: Path) -> list[Path]:
    """As we write them, or where CVAT and Roboflow put them; key points and captions have no masks."""
    for pattern in _PLACES:
        found = sorted(folder.glob(pattern))
        if found:
            return found
    inside = sorted((folder / "annotations").glob("*.json"))
    return [file for file in inside if not file.name.startswith(_WITHOUT_MASKS) and peek(file)]


def _read(path: Path, places: Places) -> list[LabelledPicture]:
    content = read_any_json(path)
    other = other_kind(content)
    if other is not None:
        raise InputError(f"{path} is {other}.")
    lists = {key: _entries(content.get(key)) for key in _KEYS}
    missing = [key for key in _KEYS if lists[key] is None]
    if missing:
        raise InputError(f"{path} is no COCO file: it has no list '{missing[0]}'.")
    images, annotations, categories = (lists[key] or [] for key in _KEYS)
    pictures, left_out = Skipped(path, "picture"), Skipped(path, "annotation")
    by_id = _by_id(images, pictures)
    used = {key_of(one.get("category_id")) for one in annotations if isinstance(one, dict)}
    named = categories_of(categories, used, path)
    things = _things(annotations, set(by_id), named, left_out)
    names = Counter(picture_name(image.get("file_name")) for image in by_id.values())
    annotated = {key_of(one.get("image_id")) for one in annotations if isinstance(one, dict)}
    file = _File(path, named, places.beside(path), names, annotated, left_out, pictures)
    found = []
    for id, image in by_id.items():
        try:
            found.append(_picture(file, id, image, things[id]))
        except Unusable as error:
            pictures.add(repr(image.get("file_name") or id), str(error))
    if images and not found:
        reasons = [*pictures.sentences(), *left_out.sentences()]
        raise InputError(" ".join([f"No picture of {path} can be read.", *reasons]))
    counted = [f"{path.name}: {file.read} of {len(annotations)} annotations were read."]
    notes = [*named.notes, *(counted if left_out.count else []), *left_out.sentences(), *pictures.sentences()]
    return with_notes(found, [*notes, *file.notes])


def _entries(said: Any) -> list[Any] | None:
    """The entries of a list; some tools write it as an object."""
    return said if isinstance(said, list) else list(said.values()) if isinstance(said, dict) else None


def _by_id(images: list[Any], skipped: Skipped) -> dict[int | str, dict[str, Any]]:
    found: dict[int | str, dict[str, Any]] = {}
    for place, image in enumerate(images, 1):
        id = key_of(image.get("id")) if isinstance(image, dict) else None
        if id is None:
            skipped.add(f"number {place}", "it has no id")
        elif id in found:
            skipped.add(repr(image.get("file_name") or place), f"another picture has its id {id!r:.40}")
        else:
            found[id] = image
    return found


def _things(
    annotations: list[Any], images: set[int | str], categories: Categories, skipped: Skipped
) -> dict[int | str, list[tuple[str, int, dict[str, Any]]]]:
    """The annotations of each picture, with what they are called and the id that they get."""
    things: dict[int | str, list[tuple[str, int, dict[str, Any]]]] = {id: [] for id in images}
    for place, annotation in enumerate(annotations, 1):
        if not isinstance(annotation, dict):
            skipped.add(f"number {place} of the list", "it is no object")
            continue
        id = key_of(annotation.get("id"))
        which = f"number {place} of the list" if id is None else f"annotation {id!r:.40}"
        image, category = key_of(annotation.get("image_id")), key_of(annotation.get("category_id"))
        if image not in things:
            skipped.add(which, "the file lists no picture with its image_id")
        elif category is None:
            skipped.add(which, "it has no category")
        elif category not in categories.numbers:
            skipped.add(which, "the file lists no category with its category_id")
        else:
            things[image].append((which, categories.numbers[category], annotation))
    return things


def _picture(
    file: _File, id: int | str, image: dict[str, Any], things: list[tuple[str, int, dict[str, Any]]]
) -> LabelledPicture:
    picture = file.folders.find(image.get("path"), image.get("file_name"), image.get("coco_url"))
    shape, note = believed_size(image.get("height"), image.get("width"), picture, file.path.name)
    if note:
        file.notes.append(note)
    labels = file.categories.labels
    canvas = Canvas(shape, labels_dtype(max((label.id for label in labels), default=0)).type)
    before = file.read
    for which, number, annotation in things:
        try:
            canvas.draw(number, *drawn(annotation, shape))
            file.read += 1
        except Unusable as error:
            file.annotations.add(which, str(error))
    if id in file.annotated and file.read == before:
        # Pure background would be taken for a label of the whole picture.
        raise Unusable("it has no annotation that can be read")
    notes = []
    if canvas.shared:
        notes.append(f"Pixels of several categories went to the smallest thing: {canvas.shared}.")
    name = picture_name(image.get("file_name")) or "picture"
    return LabelledPicture(
        name=name if file.names[name] == 1 else f"{name} {id}",
        labels=canvas.labels,
        categories=labels,
        picture_path=picture,
        pixel_size=size_of_pixel(image.get("pixel_size")),
        unit=text_or_none(image.get("unit")),
        record={"read_from": as_text(file.path), **({"notes": notes} if notes else {})},
    )
