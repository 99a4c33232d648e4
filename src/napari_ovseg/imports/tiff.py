"""Labels as TIFF and OME-TIFF that we wrote: ids in the pixels, names and colours in or beside the file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from napari_ovseg.errors import InputError
from napari_ovseg.export.about import ABOUT
from napari_ovseg.file_names import as_text
from napari_ovseg.imports.files import Places, read_files, things_files
from napari_ovseg.imports.palette_png import ids_in
from napari_ovseg.imports.things_tiff import ENDING as THINGS
from napari_ovseg.imports.told import listed_by, told_of
from napari_ovseg.labelled import LabelledPicture

ENDINGS = (".tif", ".tiff")


def peek(path: Path) -> bool:
    """Whether a TIFF has our names in it or beside it, or a folder has such files."""
    if path.is_dir():
        return bool(_files(path))
    return (
        path.suffix.lower() in ENDINGS
        and not path.name.endswith(THINGS)
        and told_of(_text_in(path), path) is not None
    )


def read(path: Path, places: Places | None = None) -> list[LabelledPicture]:
    """Read one file, or those of a folder.

    Parameters
    ----------
    path : Path
    places : Places, optional
        Where the pictures may be.
    """
    files = _files(path) if path.is_dir() else [path]
    places = places or Places()
    return read_files(files, places, lambda file: [_picture(file, places)], lambda found, _: found)


def _files(folder: Path) -> list[Path]:
    listed = listed_by(folder, ENDINGS) or things_files(folder, ENDINGS)
    return [file for file in listed if "_masks" in file.name and peek(file)]


def _picture(path: Path, places: Places) -> LabelledPicture:
    told = told_of(_text_in(path), path)
    if told is None:
        raise InputError(f"{path} has no names for its ids: say them with --labels, or choose another file.")
    record = told.record | {"read_from": as_text(path)}
    return LabelledPicture(
        name=told.name or path.name.removesuffix(path.suffix),
        labels=ids_in(path),
        categories=told.labels,
        picture_path=places.find(told.by or path, told.picture, path),
        pixel_size=told.pixel_size,
        unit=told.unit,
        record=record | ({"notes": list(told.notes)} if told.notes else {}),
        done=told.done,
    )


def _text_in(path: Path) -> str | None:
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            said: dict[str, Any] = file.imagej_metadata or {}
            found = re.search(f"^{ABOUT}: (.*)$", str(said.get("Info", "")), re.MULTILINE)
            if found:
                return found[1]
            xml = file.ome_metadata
    # Whatever is wrong with it, it is none of ours.
    except Exception:
        return None
    return _annotation(xml) if xml and ABOUT in xml else None


def _annotation(xml: str) -> str | None:
    try:
        root = ElementTree.fromstring(xml)
    except (ElementTree.ParseError, ValueError, RecursionError):
        return None
    for one in root.iter():
        if one.tag.endswith("CommentAnnotation") and one.get("Namespace") == ABOUT:
            value = next((part for part in one if part.tag.endswith("Value")), None)
            return None if value is None else value.text
    return None
