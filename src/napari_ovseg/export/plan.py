"""What an export is about to write, as plain data: every clash is found before the first file is touched."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from napari_ovseg.file_names import as_text, seen_from
from napari_ovseg.labelled import LabelledPicture, NamedLabel

_OF_ONE = {
    "have": "has",
    "were": "was",
    "are": "is",
    "belong": "belongs",
    "their": "its",
    "they": "it",
    "them": "it",
}


@dataclass(frozen=True)
class Options:
    """What a format may be asked for.

    Attributes
    ----------
    smallest_area : int
        Regions of fewer pixels are left out, and said so.
    connectivity : 4 or 8
        Whether pixels that touch only at a corner are one thing.
    split_touching : bool
        Whether round things of one category that touch are cut apart.
    polygons : bool
        COCO: polygons in place of run lengths.
    things : bool
        Formats of categories that have a place for both: one id per thing, too.
    """

    smallest_area: int = 1
    connectivity: Literal[4, 8] = 8
    split_touching: bool = False
    polygons: bool = False
    things: bool = False


@dataclass(frozen=True)
class Item:
    """One picture of an export; `split` is "train", "val", or "" where nothing is set apart."""

    picture: LabelledPicture
    stem: str
    split: str = ""

    def path(self, ending: str, folder: str = "") -> str:
        """Where a file of this picture goes, relative to the export's folder."""
        return str(PurePosixPath(folder, self.split, self.stem + ending))


@dataclass(frozen=True)
class Planned:
    """A file to write, or a folder that appears whole.

    Attributes
    ----------
    path : str
        Relative to the export's folder.
    write : callable
        Gets the open file, or the path of the folder.
    of : str
        The name of the picture, "" for a file of the whole data set.
    key : str
        How the map of names calls it, for readers.
    is_folder : bool
    """

    path: str
    write: Callable[[Any], object]
    of: str = ""
    key: str = ""
    is_folder: bool = False


def _of_one(sentence: str) -> str:
    """Put a sentence about many into the singular: its noun, and what follows up to a colon or a quote."""
    end = re.search("[:\"']|$", sentence)
    said, rest = sentence[: end.start() if end else None], sentence[end.start() if end else len(sentence) :]
    said = re.sub(r"\b(picture|region|hole|slice|pixel)s\b", r"\1", said, count=1)
    return re.sub(r"\b(have|were|are|belong|their|they|them)\b", lambda word: _OF_ONE[word[0]], said) + rest


class Notes:
    """What could not be written as it is, added up over the pictures, for people to read."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))

    def count(self, sentence: str, number: int, picture: str) -> None:
        """Add to a sentence that begins with its number; none is said of zero."""
        if number:
            self._counts[sentence][picture] += int(number)

    def say(self, sentence: str) -> None:
        """Add a sentence without a number, once."""
        self._counts[sentence]

    def sentences(self) -> tuple[str, ...]:
        """Each sentence once, with its number and the first few pictures that it is about."""
        found = []
        for sentence, by_picture in self._counts.items():
            if not by_picture:
                found.append(sentence)
                continue
            names = [f"'{name}'" for name in by_picture]
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            where = f" ({', '.join(names[:3])}{more})"
            number = sum(by_picture.values())
            said = _of_one(sentence) if number == 1 else sentence
            found.append(f"{number} {said.removesuffix('.')}{where}.")
        return tuple(found)


@dataclass(frozen=True)
class Dataset:
    """All pictures of an export under one table of categories, and where it goes."""

    folder: Path
    categories: tuple[NamedLabel, ...]
    items: tuple[Item, ...]
    options: Options
    notes: Notes = field(default_factory=Notes)

    def note_taken(self, names: Iterable[str], program: str) -> None:
        """Say which categories have a name that another program takes for something else."""
        for category in self.categories:
            if category.name in names:
                self.notes.say(
                    f"{program} takes '{category.name}' for pixels of no category, here too when read again: "
                    "rename it."
                )

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that have pictures, in the order train, val."""
        return tuple(sorted({item.split for item in self.items}))

    def of_split(self, split: str) -> Iterable[Item]:
        """The pictures of one split."""
        return (item for item in self.items if item.split == split)

    @cached_property
    def picture_folder(self) -> Path | None:
        """The folder that all pictures lie in or below; None where they share none."""
        parents = [item.picture.picture_path.parent for item in self.items if item.picture.picture_path]
        try:
            return Path(os.path.commonpath(parents))
        except ValueError:
            return None

    def seen(self, item: Item, folder: Path) -> str | None:
        """How a file in this folder names the file of a picture, None where that is not known."""
        path = item.picture.picture_path
        if path is None:
            return None
        if as_text(path) != str(path):
            self.notes.count(
                "pictures have a name that is not UTF-8, which other programs don't find by what is written: "
                "rename each",
                1,
                item.picture.name,
            )
        return seen_from(folder, path)
