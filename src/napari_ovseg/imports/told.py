"""What a file that we wrote tells of its labels: in itself, or in the map of names beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from napari_ovseg.errors import InputError
from napari_ovseg.export import CATEGORIES_BESIDE_JSON, CATEGORIES_FILE
from napari_ovseg.export.about import LABELS
from napari_ovseg.export.categories_json import names_beside
from napari_ovseg.imports.named import (
    named_labels_of,
    read_json,
    size_of_pixel,
    text_or_none,
    whole,
)
from napari_ovseg.imports.skipped import Skipped
from napari_ovseg.labelled import NamedLabel

MAPS = (CATEGORIES_FILE, CATEGORIES_BESIDE_JSON)


@dataclass(frozen=True)
class Told:
    """All that is told of a picture's labels but their pixels; empty where nothing is.

    Attributes
    ----------
    labels : tuple of NamedLabel
    name : str or None
    picture : object
        What stands for the file of the picture.
    by : Path or None
        The file that tells it, from where paths are seen.
    size : tuple of (object, object)
        Height and width.
    pixel_size : tuple of float or None
    unit : str or None
    record : dict
    done : bool or None
    notes : list of str
        What of it could not be used.
    """

    labels: tuple[NamedLabel, ...] = ()
    name: str | None = None
    picture: Any = None
    by: Path | None = None
    size: tuple[Any, Any] = (None, None)
    pixel_size: tuple[float, float] | None = None
    unit: str | None = None
    record: dict[str, Any] = field(default_factory=dict)
    done: bool | None = None
    notes: tuple[str, ...] = ()


def told_in(content: Any, file: Path) -> Told | None:
    """Return what our own entry of a file tells; None where it has none.

    Parameters
    ----------
    content : object
        The entry, or its text.
    file : Path
        Which has it.
    """
    if isinstance(content, str):
        try:
            content = json.loads(content)
        except (ValueError, RecursionError):
            return None
    if not isinstance(content, dict) or content.get("format") != LABELS:
        return None
    return _told(content, _list(content.get("categories")), file, content.get("picture"))


def told_of(content: Any, path: Path) -> Told | None:
    """Return what a file tells itself, and the map of names beside it; None where neither does."""
    inside, beside = told_in(content, path), told_beside(path)
    if inside is None or beside is None:
        return inside or beside
    # How the labels were made is in the map alone.
    return replace(inside, record=beside.record)


def told_beside(path: Path) -> Told | None:
    """Return what the map of names that lists a file tells of it; None where none does."""
    for map_file, listed in _maps_for(path):
        try:
            content = read_json(map_file)
        except InputError:
            continue
        entries = [entry for entry in _list(content.get("images")) if isinstance(entry, dict)]
        for entry in entries:
            if listed in _list(entry.get("files")) or listed == entry.get("masks"):
                return _told(entry, _list(content.get("categories")), map_file, entry.get("image"))
    return None


def is_map(path: Path) -> bool:
    """Whether a file is a map of names, of a folder or of one file."""
    return path.name.endswith(MAPS)


def written_for(path: Path) -> Path | None:
    """Return the one file that a map of names was written for; None for a map of a folder."""
    try:
        settings = read_json(path).get("settings")
    except InputError:
        return None
    name = settings.get("file") if isinstance(settings, dict) else None
    return path.with_name(Path(name).name) if isinstance(name, str) and Path(name).name else None


def listed_by(path: Path, endings: tuple[str, ...]) -> list[Path]:
    """Return the files with these endings that a map of names lists, or that of a folder."""
    maps = [path] if is_map(path) else [path / name for name in MAPS] if path.is_dir() else []
    for map_file in maps:
        if not map_file.is_file():
            continue
        try:
            content = read_json(map_file)
        except InputError:
            continue
        entries = [entry for entry in _list(content.get("images")) if isinstance(entry, dict)]
        names = dict.fromkeys(
            name
            for entry in entries
            for name in _list(entry.get("files"))
            if isinstance(name, str) and name.lower().endswith(endings)
        )
        if names:
            return [map_file.parent / name for name in names]
    return []


def _maps_for(path: Path) -> list[tuple[Path, str]]:
    """The maps of names that may list a file, and how each calls it."""
    found = [(names_beside(path, name), path.name) for name in MAPS]
    # A file of a split is one or two folders below the map.
    whole_path = path.absolute()
    for folder in list(whole_path.parents)[:3]:
        found += [(folder / name, whole_path.relative_to(folder).as_posix()) for name in MAPS]
    return [(map_file, listed) for map_file, listed in found if map_file.is_file()]


def _told(entry: dict[str, Any], categories: list[Any], file: Path, picture: Any) -> Told:
    skipped = Skipped(file, "category")
    rows = [
        (one.get("id"), one.get("name"), one.get("colour"), one.get("synonyms"))
        for one in categories
        if isinstance(one, dict) and whole(one.get("id")) != 0
    ]
    size = entry.get("size")
    done, record = entry.get("done"), entry.get("record")
    return Told(
        labels=named_labels_of(rows, file, skipped),
        name=text_or_none(entry.get("name")),
        picture=picture,
        by=file,
        size=(size[0], size[1]) if isinstance(size, list) and len(size) == 2 else (None, None),
        pixel_size=size_of_pixel(entry.get("pixel_size")),
        unit=text_or_none(entry.get("unit")),
        record=record if isinstance(record, dict) else {},
        done=done if isinstance(done, bool) else None,
        notes=tuple(skipped.sentences()),
    )


def _list(said: Any) -> list[Any]:
    return said if isinstance(said, list) else []
