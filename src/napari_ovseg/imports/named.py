"""Reading what the formats have in common, and saying what is wrong with it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from napari_ovseg.errors import InputError
from napari_ovseg.file_names import path_of, resolved
from napari_ovseg.labelled import NamedLabel

_PICTURES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; raises `InputError` when it is none."""
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(
            f"{path} can't be read ({error.strerror}): check the name and permissions."
        ) from error
    except ValueError as error:
        raise InputError(f"{path} is no JSON ({error}): it may be damaged; write it again.") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} is a JSON list, not the object that was expected: choose another file.")
    return content


def named_label(
    number: Any, name: Any, colour: Sequence[int], synonyms: Sequence[str], path: Path
) -> NamedLabel:
    """Make a category from what a file says; raises `InputError` when it says nothing that can be used."""
    try:
        red, green, blue = (min(max(int(part), 0), 255) for part in colour)
        return NamedLabel(int(number), str(name), (red, green, blue), tuple(map(str, synonyms)))
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{path} has a category that can't be read ({error}): mend or write it again."
        ) from error


def found_picture(said: Any, beside: Path) -> Path | None:
    """Find the file of a picture as its path is seen from a folder, then beside, then from here."""
    if not isinstance(said, str) or not said:
        return None
    named = Path(said)
    for text, folder in (
        (said, beside),
        (named.name, beside),
        (named.name, beside / "images"),
        (said, Path()),
    ):
        place = path_of(text, folder)
        if os.path.isfile(place):
            return resolved(place)
    return resolved(beside / named) if named.suffix.lower() in _PICTURES else None


def size_of_pixel(said: Any) -> tuple[float, float] | None:
    """Height and width of a pixel from a list of two numbers, else None."""
    try:
        height, width = map(float, said)
    except (TypeError, ValueError):
        return None
    return (height, width) if height > 0 and width > 0 else None
