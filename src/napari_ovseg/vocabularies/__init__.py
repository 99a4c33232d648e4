"""Lists of names to choose from: those that come with the package, and a person's own files."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import NoReturn

from napari_ovseg.categories import BACKGROUND, MAX_CATEGORIES, Category, parse_categories, same_name
from napari_ovseg.errors import InputError
from napari_ovseg.separators import plain_separators, tidy

VOCABULARIES = {
    "everyday": "people, animals, vehicles, places, food and things of the house",
    "microscopy": "cells and what is in them, tissues, small organisms, materials",
    "driving": "what is on and beside a road",
    "demo": "what the bundled model knows: coloured shapes and particles, some textures, nuclei",
}
"""The vocabularies of this package, and what each is for."""

_MEND = 'write one name per line, as in "dog" or "dog: puppy, hound"'


def read_vocabulary(name_or_path: str | Path) -> tuple[Category, ...]:
    """Read a vocabulary: a text file with one name per line, in the grammar of typed names.

    Parameters
    ----------
    name_or_path : str or path
        A name of `VOCABULARIES`, or a UTF-8 text file. Empty lines don't count.

    Returns
    -------
    tuple of Category
        In the order of the file; none is a background.

    Raises
    ------
    InputError
        When the file is missing, empty or no UTF-8 text, or a line can't be used: then with its number.
    """
    if str(name_or_path) in VOCABULARIES:
        text = files(__name__).joinpath(f"{name_or_path}.txt").read_text(encoding="utf-8")
        return parse_categories(text)
    path = Path(name_or_path).expanduser()
    found: list[Category] = []
    lines_of: dict[str, int] = {}
    for number, line in enumerate(_text(path).split("\n"), 1):
        if not line.strip():
            continue
        for category in _read_line(line, number, path):
            for phrase in category.phrases:
                earlier = lines_of.setdefault(phrase.casefold(), number)
                if earlier != number:
                    _refuse(path, number, f"'{phrase}' is in line {earlier} already: remove one of the two.")
            found.append(category)
    if not found:
        raise InputError(f'The vocabulary "{path}" is empty: {_MEND}.')
    if len(found) > MAX_CATEGORIES:
        raise InputError(f'The vocabulary "{path}" has {len(found)} names: {MAX_CATEGORIES} are the most.')
    return tuple(found)


def _read_line(line: str, number: int, path: Path) -> tuple[Category, ...]:
    entries = plain_separators(line).split(";")
    names = [tidy(name) for entry in entries for name in entry.partition(":")[0].split(",")]
    if any(same_name(name, BACKGROUND) for name in names):
        _refuse(path, number, "a vocabulary lists what may be in a picture; take the background out.")
    try:
        categories = parse_categories(line)
    except InputError as error:
        _refuse(path, number, str(error))
    return categories


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputError(
            f'There is no vocabulary "{path}": give a text file, or one of {", ".join(VOCABULARIES)}.'
        ) from None
    except OSError as error:
        raise InputError(f'The vocabulary "{path}" can\'t be read: {error.strerror or error}.') from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(
            f'The vocabulary "{path}" is no UTF-8 text, from line {line} on: save it as a plain text file '
            "with the encoding UTF-8."
        ) from None
    return text


def _refuse(path: Path, number: int, why: str) -> NoReturn:
    raise InputError(f'Line {number} of the vocabulary "{path}": {why}')
