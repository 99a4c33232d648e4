"""Labelled pictures from files, our own and other tools', so that work goes on whichever they come from."""

from __future__ import annotations

from pathlib import Path

from napari_ovseg.errors import InputError
from napari_ovseg.imports import coco, npz, palette_png
from napari_ovseg.imports.coco_kinds import other_kind
from napari_ovseg.imports.named import read_any_json
from napari_ovseg.labelled import LabelledPicture

__all__ = ["is_labelled", "read_labelled"]

_READERS = (palette_png, npz, coco)


def is_labelled(path: str | Path) -> bool:
    """Whether `read_labelled` would try to read a file or folder: others are left to other readers.

    Parameters
    ----------
    path : str or Path
        A folder with ``categories.json``, that file, a PNG that it lists, one of our NPZ, or COCO JSON.
    """
    return any(reader.peek(Path(path)) for reader in _READERS)


def read_labelled(path: str | Path) -> list[LabelledPicture]:
    """Read labels with their names and colours.

    Parameters
    ----------
    path : str or Path
        As for `is_labelled`; a folder gives all of its pictures.

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
    if not path.exists():
        raise InputError(f"There is no file {path}: check the name.")
    for reader in _READERS:
        if reader.peek(path):
            pictures = reader.read(path)
            if not pictures:
                raise InputError(f"{path} lists no picture with labels: choose another file or folder.")
            return pictures
    if path.suffix.lower() == ".json":
        other = other_kind(read_any_json(path))
        if other is not None:
            raise InputError(f"{path} is {other}.")
    raise InputError(
        f"{path} holds no labels with names that can be read: name a folder with categories.json (as segment "
        "and export write it), one of its PNG or NPZ files, or COCO JSON."
    )
