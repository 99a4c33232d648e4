"""Reading what the formats have in common: JSON, numbers, names and colours, none of them trusted."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from PIL import ImageColor

from napari_ovseg.categories import MAX_CATEGORIES
from napari_ovseg.colours import category_colours
from napari_ovseg.errors import InputError
from napari_ovseg.file_names import as_text
from napari_ovseg.imports.skipped import Skipped
from napari_ovseg.labelled import NamedLabel

RGB = tuple[int, int, int]
# What a category says: id, name, colour and synonyms.
Row = tuple[Any, Any, Any, Any]
_PACKED = {b"\x1f\x8b": "gzip", b"PK": "zip", b"BZ": "bzip2"}


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; raises `InputError` when it is none."""
    content = read_any_json(path)
    if not isinstance(content, dict):
        raise InputError(f"{path} is a JSON list, not the object that was expected: choose another file.")
    return content


def read_any_json(path: Path) -> Any:
    """Read JSON in UTF-8, or in UTF-16 with its mark; raises `InputError` when it is none."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path} can't be read ({error.strerror}): check the name and permissions."
        ) from error
    for start, packed in _PACKED.items():
        if content.startswith(start):
            raise InputError(f"{path} is packed by {packed}: unpack it first.")
    try:
        return json.loads(content)
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no text in UTF-8: write it again in this encoding.") from error
    except RecursionError as error:
        raise InputError(
            f"{path} is nested too deeply to be read: it may be damaged; write it again."
        ) from error
    except ValueError as error:
        raise InputError(f"{path} is no JSON ({error}): it may be damaged; write it again.") from error


def whole(said: Any) -> int | None:
    """Return a whole number that a file has as a number or as text, else None.

    Examples
    --------
    >>> whole(3), whole("3"), whole(3.0), whole(3.5), whole("03"), whole(True), whole(None)
    (3, 3, 3, None, None, None, None)
    """
    if isinstance(said, str):
        return int(said) if re.fullmatch(r"0|-?[1-9][0-9]{0,17}", said) else None
    if isinstance(said, bool) or not isinstance(said, int | float):
        return None
    return int(said) if math.isfinite(said) and said == math.floor(said) else None


def key_of(said: Any) -> int | str | None:
    """Return an id as what it is looked up by: a whole number, written as text or not, or other text."""
    number = whole(said)
    return number if number is not None else said if isinstance(said, str) and said else None


def text_or_none(said: Any) -> str | None:
    """Return a line of text as `tidy_name` does, None where there is none."""
    return (tidy_name(said) or None) if isinstance(said, str) else None


def record_of(said: Any, path: Path) -> dict[str, Any]:
    """Return how labels were made, as a file tells it; what it was read from is now this file."""
    record = dict(said) if isinstance(said, dict) else {}
    return record | {"read_from": as_text(path)} if "read_from" in record else record


def tidy_name(said: Any) -> str:
    """Return a name as it is written, but for what no file can hold, and without spaces around it.

    Control characters become spaces, and halves of characters (surrogates) the replacement character.
    """
    if isinstance(said, bool) or not isinstance(said, str | int | float):
        return ""
    kept = []
    for character in str(said):
        kind = unicodedata.category(character)
        broken = kind == "Cs" or character in "\ufffe\uffff"
        kept.append("\ufffd" if broken else " " if kind in ("Cc", "Zl", "Zp") else character)
    return "".join(kept).strip()


def rgb(said: Any) -> RGB | None:
    """Return a colour that a file gives, None where it is none.

    Text is as in CSS, the ``#`` may be missing: ``#f80``, ``ff8800``, ``rgb(255, 136, 0)``, a name. A list
    holds 0 to 255, or shares from 0.0 to 1.0; a fourth number, how opaque it is, is left out.
    """
    if isinstance(said, str):
        text = said.strip()
        text = f"#{text}" if re.fullmatch("[0-9a-fA-F]{3,8}", text) else text
        try:
            red, green, blue = ImageColor.getrgb(text)[:3]
        except ValueError:
            return None
        return (red, green, blue) if max(red, green, blue) <= 255 else None
    if not isinstance(said, Sequence) or isinstance(said, bytes) or len(said) not in (3, 4):
        return None
    parts = said[:3]
    if not all(type(part) in (int, float) and 0 <= part <= 255 for part in parts):
        return None
    shares = all(isinstance(part, float) and part <= 1 for part in parts)
    red, green, blue = (round(part * 255) if shares else round(part) for part in parts)
    return red, green, blue


def named_label(number: Any, name: Any, colour: Any, synonyms: Any, path: Path) -> NamedLabel:
    """Make a category from what a file says.

    Raises
    ------
    InputError
        When its id is none that pixels can have.
    """
    id = whole(number)
    if id is None or not 1 <= id <= MAX_CATEGORIES:
        raise InputError(
            f"{path} has a category with the id {number!r:.40}: ids go from 1 to {MAX_CATEGORIES}; mend it."
        )
    tidy = tidy_name(name) or f"category {id}"
    shown = rgb(colour) or tuple(category_colours(id)[id].tolist())
    said = [synonyms] if isinstance(synonyms, str) else synonyms if isinstance(synonyms, list | tuple) else []
    words = dict.fromkeys(tidy_name(word) for word in said)
    return NamedLabel(id, tidy, shown, tuple(word for word in words if word not in ("", tidy)))


def named_labels_of(rows: Iterable[Row], path: Path, skipped: Skipped) -> tuple[NamedLabel, ...]:
    """Make the categories of a file: each has an id and a name of its own.

    Parameters
    ----------
    rows : iterable of (id, name, colour, synonyms)
    path : Path
    skipped : Skipped
        Gets the categories whose ids can't be used or were there before.

    Returns
    -------
    tuple of NamedLabel
        In the order of their ids. Of a name that occurs several times, each has its id added.
    """
    found: dict[int, NamedLabel] = {}
    for row in rows:
        try:
            label = named_label(*row, path)
        except InputError:
            skipped.add(f"{row[0]!r:.40}", f"ids go from 1 to {MAX_CATEGORIES}")
            continue
        if label.id in found:
            skipped.add(f"{row[0]!r:.40} {label.name!r:.60}", "another category has its id")
        else:
            found[label.id] = label
            if tidy_name(row[1]):
                skipped.rename(row[1], label.name)
    return tuple(found[id] for id in sorted(found)) if _all_differ(found) else _told_apart(found, skipped)


def _all_differ(found: dict[int, NamedLabel]) -> bool:
    return len({label.name for label in found.values()}) == len(found)


def _told_apart(found: dict[int, NamedLabel], skipped: Skipped) -> tuple[NamedLabel, ...]:
    names = Counter(label.name for label in found.values())
    taken = {name for name, number in names.items() if number == 1}
    apart = []
    for id in sorted(found):
        name = found[id].name
        if names[name] > 1:
            name = f"{name} ({id})"
            while name in taken:
                name += "'"
            taken.add(name)
            skipped.tell_apart(found[id].name, name)
        apart.append(NamedLabel(id, name, found[id].colour, found[id].synonyms))
    return tuple(apart)


def size_of_pixel(said: Any) -> tuple[float, float] | None:
    """Height and width of a pixel from a list of two numbers, else None."""
    try:
        height, width = map(float, said)
    except (TypeError, ValueError, OverflowError):
        return None
    return (height, width) if 0 < height < math.inf and 0 < width < math.inf else None
