"""What the last save of a sidecar says of it, without reading any array: whether, when, and which state."""

from __future__ import annotations

import os
from pathlib import Path

from napari_ovseg.annotation.document import DOCUMENT, Document, decode
from napari_ovseg.errors import InputError


def is_sidecar(folder: str | Path) -> bool:
    """Whether a folder holds a saved annotation, readable or not."""
    return os.path.isfile(Path(folder) / DOCUMENT)


def last_document(folder: Path) -> Document | None:
    """Read what `annotation.json` says, None where there is none.

    Raises
    ------
    InputError
        When it can't be read, is damaged or is of a newer version.
    """
    path = folder / DOCUMENT
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"{path} can't be read ({reason}): check its permissions.") from error
    return decode(content, path)


def peek(folder: str | Path) -> Document:
    """Read what `annotation.json` says, which has to be there.

    Raises
    ------
    InputError
        When there is none, or it is damaged or of a newer version.
    """
    document = last_document(Path(folder))
    if document is None:
        raise InputError(f"{folder} holds no annotation: choose a folder that ends in .ovseg.")
    return document


def last_saved(folder: str | Path) -> tuple[float, float]:
    """Return when a sidecar was saved, in seconds since 1970, to sort by.

    What it says itself counts, as copying does not change that; in the same second, the time of its file.
    """
    modified = (Path(folder) / DOCUMENT).stat().st_mtime
    try:
        return peek(folder).saved.at.timestamp(), modified
    except InputError:
        # what can't be read may still be the latest, and is then said to be damaged
        return modified, modified


def state_of(folder: str | Path) -> str | None:
    """Return what tells this state of a sidecar from others; "" where it can't be read, None for none."""
    try:
        document = last_document(Path(folder))
    except InputError:
        return ""
    return None if document is None else document.generation
