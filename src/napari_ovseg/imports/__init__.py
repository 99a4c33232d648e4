"""Labelled pictures from files, our own and other tools', so that work goes on whichever they come from."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from napari_ovseg.errors import InputError
from napari_ovseg.imports import coco, geojson, labelme, npz, ome_zarr, palette_png, things_tiff, tiff, yolo
from napari_ovseg.imports.coco_kinds import other_kind
from napari_ovseg.imports.files import Places, things_files
from napari_ovseg.imports.named import read_any_json
from napari_ovseg.imports.told import is_map, written_for
from napari_ovseg.labelled import LabelledPicture

__all__ = ["is_labelled", "read_labelled"]

_READERS = (palette_png, npz, tiff, things_tiff, ome_zarr, yolo, geojson, labelme, coco)
_FORMATS = (
    "a folder with categories.json (as segment and export write it), a PNG, TIFF or NPZ of one, COCO or "
    "LabelMe JSON, GeoJSON, or the data.yaml of YOLO"
)


def is_labelled(path: str | Path) -> bool:
    """Whether `read_labelled` would try to read a file or folder: others are left to other readers.

    Parameters
    ----------
    path : str or Path
        A folder that `segment` or `export` wrote, the map of names in it, or a file of one; COCO and LabelMe
        JSON, GeoJSON and the ``data.yaml`` of YOLO of any tool, or a folder of them.

    Returns
    -------
    bool
    """
    return os.path.exists(path) and any(
        reader.peek(place) for place in _meant(Path(path)) for reader in _READERS
    )


def read_labelled(
    path: str | Path,
    *,
    pictures: str | Path | None = None,
    on_refused: Callable[[str], None] | None = None,
) -> list[LabelledPicture]:
    """Read labels with their names and colours.

    Parameters
    ----------
    path : str or Path
        As for `is_labelled`; a folder gives all of its pictures.
    pictures : str or Path, optional
        A folder to look for the pictures in, before the places that the files say.
    on_refused : callable, optional
        Gets a sentence for each file of a folder that can't be read, when others can; by default the notes of
        the first picture do.

    Returns
    -------
    list of LabelledPicture
        What could not be read as it is stands in ``record["notes"]``, a list of sentences.

    Raises
    ------
    InputError
        When there is nothing to read, or it is damaged.
    """
    path = Path(path)
    if not os.path.exists(path):
        raise InputError(f"There is no file {path}: check the name.")
    refused: list[str] | None = None if on_refused is None else []
    places = Places(None if pictures is None else Path(pictures), refused)
    for place in _meant(path):
        for reader in _READERS:
            if reader.peek(place):
                found = reader.read(place, places)
                if on_refused is not None:
                    for problem in refused or ():
                        on_refused(problem)
                if not found:
                    raise InputError(f"{path} lists no picture with labels: choose another file or folder.")
                return found
    yolo.refuse(path)
    if path.is_dir():
        for file in things_files(path, (".json",)):
            # Says what is wrong with it, where that is all there is.
            read_any_json(file)
    if path.suffix.lower() == ".json":
        other = other_kind(read_any_json(path))
        if other is not None:
            raise InputError(f"{path} is {other}.")
    raise InputError(f"{path} holds no labels with names that can be read: name {_FORMATS}.")


def _meant(path: Path) -> list[Path]:
    """What to look at: a map of names stands for the file that it was written for, or for its folder."""
    if not is_map(path):
        return [path]
    file = written_for(path)
    return [path, path.parent if file is None else file]
