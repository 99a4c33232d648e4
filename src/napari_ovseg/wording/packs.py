"""Background packs: what usually surrounds the named things in one sort of picture. One data file each."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from napari_ovseg.categories import Category, overlap
from napari_ovseg.errors import InputError

NONE = "none"
# the one that fits the picture
GUESS = "guess"
_FOLDER = Path(__file__).parent / "packs"
_ORDER = ("natural scene", "microscopy", "histology", "electron microscopy", "aerial", "driving")


@dataclass(frozen=True)
class Pack:
    """What one sort of picture shows besides the things that are sought.

    Attributes
    ----------
    name : str
        What a user chooses it by.
    description : str
        Which pictures it is for.
    words : tuple of str
        Background words; they compete with the typed names.
    templates : tuple of str
        One to seven prompts around a name, with ``{}`` where it goes.
    looks : tuple of str
        Sentences that are true of such a picture, by which it is guessed.
    """

    name: str
    description: str
    words: tuple[str, ...]
    templates: tuple[str, ...]
    looks: tuple[str, ...]

    def rivals(self, categories: Iterable[Category]) -> tuple[str, ...]:
        """Return the words that compete with what was typed.

        Parameters
        ----------
        categories : iterable of Category
            The typed list, with its background words.

        Returns
        -------
        tuple of str
            Those of `words` that no typed name, synonym or background word says, wholly or in part.
        """
        typed = [phrase for category in categories for phrase in category.phrases]
        return tuple(word for word in self.words if not any(overlap(word, phrase) for phrase in typed))


def _read(name: str) -> Pack:
    entry = tomllib.loads((_FOLDER / f"{name.replace(' ', '_')}.toml").read_text(encoding="utf-8"))
    lists = {key: tuple(entry[key]) for key in ("words", "templates", "looks")}
    return Pack(name, entry["description"], **lists)


PACKS: dict[str, Pack] = {name: _read(name) for name in _ORDER}
"""The packs by name, in the order in which they are offered."""


def find_pack(name: str) -> Pack | None:
    """Return a pack by its name.

    Parameters
    ----------
    name : str
        One of `PACKS`, or "none"; case, hyphens and underscores don't matter.

    Returns
    -------
    Pack or None
        None for "none".

    Raises
    ------
    InputError
        When there is no such pack; it lists them.
    """
    tidy = " ".join(str(name).replace("-", " ").replace("_", " ").casefold().split())
    if tidy == NONE:
        return None
    if tidy not in PACKS:
        raise InputError(f"There is no background pack {name!r}: use guess, none, {', '.join(PACKS)}.")
    return PACKS[tidy]


def pack_called(typed: str) -> str:
    """Return what was typed as packs are called: a name of `PACKS`, "none" or "guess".

    Raises
    ------
    InputError
        When there is no such pack.
    """
    if typed.strip().casefold() == GUESS:
        return GUESS
    found = find_pack(typed)
    return found.name if found else NONE
