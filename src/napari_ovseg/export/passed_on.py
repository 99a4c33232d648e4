"""How labels were made, as it is passed on: without saying where a person's folders lie."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from napari_ovseg.file_names import path_of, seen_from

# Folders before a file's name in a sentence; a name after a comma, a colon or quotes begins anew.
_FOLDERS = re.compile(
    r"""(?<![^\s'"(\[])(?:[A-Za-z]:)?[/\\](?=\S)(?:(?:(?!, |: |\. | and | or )[^/\\'"\n])*[/\\])+"""
)


def passed_on(record: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return a record for a file in this folder, with paths as seen from there.

    Parameters
    ----------
    record : mapping
        ``read_from`` becomes relative; of a model in a folder, of weights in a file, and of files in
        sentences, the name is left.
    folder : Path
    """
    found = dict(record)
    if isinstance(found.get("read_from"), str):
        found["read_from"] = seen_from(folder, path_of(found["read_from"]))
    for key in ("model", "checkpoint", "taken_from"):
        if isinstance(found.get(key), str):
            found[key] = name_alone(found[key])
    for key in ("notes", "warnings"):
        if isinstance(found.get(key), list | tuple):
            found[key] = [without_folders(one) if isinstance(one, str) else one for one in found[key]]
    return found


def name_alone(name: str) -> str:
    """Return of a whole path the name of the file or folder, and any other name as it is."""
    path = PurePath(name)
    return path.name if path.is_absolute() else name


def without_folders(sentence: str) -> str:
    """Leave of each whole path in a sentence the name of the file."""
    return _FOLDERS.sub("", sentence)
