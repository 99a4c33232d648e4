"""Where the picture is that a file of labels names: as it is named, or where tools usually put it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from napari_ovseg.file_names import path_of, resolved

PICTURES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
_FOLDERS = ("images", "Images", "img", "imgs", "JPEGImages", "data", "obj_train_data")
_SPLITS = ("train", "val", "valid", "validation", "test", "default")
_YEARS = ("", "2017", "2014")
# How many of the last parts of a path are looked for in each folder.
_DEEPEST = 4
_MOST_LETTERS = 4096


class PictureFolders:
    """The folders beside a file of labels in which its pictures may be, looked through once.

    Parameters
    ----------
    file : Path
        The file of labels. Its name tells which split is tried first, as in ``instances_val2017.json``.
    named : Path, optional
        A folder that a person named, where they are looked for first.
    """

    def __init__(self, file: Path, named: Path | None = None) -> None:
        self._file, self._named = file, named

    @cached_property
    def _folders(self) -> list[Path]:
        beside = Path(os.path.abspath(self._file.parent))
        own = [word for word in re.split(r"[_\-. ]", self._file.stem) if word.startswith(_SPLITS)]
        splits = dict.fromkeys([*own, *(split + year for year in _YEARS for split in _SPLITS)])
        named = [] if self._named is None else [Path(os.path.abspath(self._named))]
        roots = dict.fromkeys([*named, beside, beside.parent])
        whole = [place for root in roots for place in (root, *(root / folder for folder in _FOLDERS))]
        whole = [place for place in whole if _is_there(place, folder=True)]
        parts = [place / split for split in splits for place in whole]
        parts = [place for place in parts if _is_there(place, folder=True)]
        # A file of its own split comes before one of another.
        first = [place for place in parts if place.name in own]
        return list(dict.fromkeys([*named, beside, *first, *whole, *parts]))

    def find(self, *said: Any) -> Path | None:
        """Return the picture's file.

        Parameters
        ----------
        *said : object
            What the file says about it, the best first: paths of any system, or addresses.

        Returns
        -------
        Path or None
            Absolute; a link keeps its own name. A path that leads nowhere is returned all the same when it
            has the ending of a picture, as the picture may come later.
        """
        named = [text for text in said if isinstance(text, str) and 0 < len(text) <= _MOST_LETTERS]
        for text in named:
            for place in self._places(text):
                if _is_there(place):
                    return resolved(place)
        lost = (PurePosixPath(*_parts(text)) for text in named)
        beside = self._file.parent
        return next((resolved(beside / path) for path in lost if path.suffix.lower() in PICTURES), None)

    def _places(self, text: str) -> Iterator[Path]:
        readings = list(dict.fromkeys([text, unquote(text)]))
        beside = self._file.parent
        for one in readings:
            yield beside / one
        yield path_of(text, beside)
        for one in readings:
            yield beside / PurePosixPath(*_parts(one))
        for one in readings:
            parts = [part for part in _parts(one) if part not in ("/", "..")]
            for length in range(min(len(parts), _DEEPEST), 0, -1):
                for folder in self._folders:
                    yield path_of("/".join(parts[-length:]), folder)
        # Last, as the working folder may hold another picture of that name.
        yield from map(Path, readings)


def picture_name(said: Any) -> str:
    """Return the last part of a path of any system without its ending; "" where there is none."""
    return (
        PurePosixPath(*_parts(said)).stem if isinstance(said, str) and 0 < len(said) <= _MOST_LETTERS else ""
    )


def _parts(text: str) -> tuple[str, ...]:
    """The parts of a path of any system, or of an address without its host and query."""
    address = re.match(r"[a-zA-Z][a-zA-Z0-9+.\-]+://[^/]*(/[^?#]*)?", text)
    path = (address[1] or "") if address else re.sub("^[a-zA-Z]:", "", text.replace("\\", "/"))
    parts = PurePosixPath(path).parts
    return parts if path == text else tuple(part for part in parts if part.strip("/"))


def _is_there(place: Path, *, folder: bool = False) -> bool:
    try:
        return place.is_dir() if folder else place.is_file()
    except (OSError, ValueError):
        # A name that is too long, or holds what no name can.
        return False
