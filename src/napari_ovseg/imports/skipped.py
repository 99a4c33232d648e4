"""What a file holds that can't be read: skipped, named and counted, in a few sentences however much it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from napari_ovseg.errors import InputError
from napari_ovseg.labelled import LabelledPicture

T = TypeVar("T")

_SHOWN = 5


class Unusable(Exception):
    """One entry of a file can't be read; the text is the reason, to go on a sentence with."""


class Skipped:
    """Collects entries that were left out of one file, by reason.

    Parameters
    ----------
    file : Path
    what : str
        What an entry is called, in the singular, such as "annotation".
    """

    def __init__(self, file: Path, what: str) -> None:
        self._file, self._what = file.name, what
        self._by_reason: dict[str, list[str]] = defaultdict(list)
        self._counts: dict[str, int] = defaultdict(int)
        self._changed: dict[str, str] = {}
        self._apart: dict[str, list[str]] = defaultdict(list)

    def add(self, which: str, reason: str) -> None:
        """Leave one entry out.

        Parameters
        ----------
        which : str
            Its name in the file, such as its id.
        reason : str
            A clause, such as "its polygon has fewer than three points".
        """
        self._counts[reason] += 1
        if self._counts[reason] <= _SHOWN:
            self._by_reason[reason].append(which)

    def rename(self, said: Any, name: str) -> None:
        """Take another name than the file has; anything but text has none."""
        if isinstance(said, str) and said != name:
            self._changed[said] = name

    def tell_apart(self, said: str, name: str) -> None:
        """Take a name for one of several that are called the same."""
        self._apart[said].append(name)

    @property
    def count(self) -> int:
        """How many were left out."""
        return sum(self._counts.values())

    def sentences(self) -> list[str]:
        """One sentence for each reason: how many, the first few by name, and why; and one on names."""
        changed = [f"{said[:40]!r} is '{name:.40}'" for said, name in self._changed.items()]
        for said, names in self._apart.items():
            shown = _listed([f"'{name:.40}'" for name in names[:_SHOWN]], len(names))
            changed.append(f"{len(names)} categories are called '{said:.40}', and became {shown}")
        renamed = [f"{self._file}: names were changed: {_listed(changed[:_SHOWN], len(changed))}."]
        return [
            f"{self._file}: {number} {self._word(number)} because {reason} "
            f"({_listed(self._by_reason[reason], number)})."
            for reason, number in sorted(self._counts.items(), key=lambda one: -one[1])
        ] + (renamed if changed else [])

    def _word(self, number: int) -> str:
        if number == 1:
            return f"{self._what} was left out,"
        plural = f"{self._what[:-1]}ies" if self._what.endswith("y") else f"{self._what}s"
        return f"{plural} were left out, each"


def _listed(names: list[str], number: int) -> str:
    more = f" and {number - len(names)} more" if number > len(names) else ""
    return ", ".join(names) + more


def with_notes(pictures: list[LabelledPicture], notes: Iterable[str]) -> list[LabelledPicture]:
    """Add sentences to the notes of the first picture."""
    said = list(notes)
    if not said or not pictures:
        return pictures
    first, *others = pictures
    known = first.record.get("notes")
    record = first.record | {"notes": [*said, *(known if isinstance(known, list) else ())]}
    return [replace(first, record=record), *others]


def read_each(
    files: Iterable[T], read: Callable[[T], LabelledPicture], refusals: list[str] | None = None
) -> list[LabelledPicture]:
    """Read one picture after the other; what can't be read is named as `with_refusals` does.

    Raises
    ------
    InputError
        The first problem, when nothing can be read.
    """
    found, refused = [], []
    for file in files:
        try:
            found.append(read(file))
        except InputError as error:
            refused.append(error)
    if refused and not found:
        raise refused[0]
    return with_refusals(found, refused, refusals)


def with_refusals(
    pictures: list[LabelledPicture], refused: Iterable[InputError], refusals: list[str] | None
) -> list[LabelledPicture]:
    """Say why files could not be read: in a list if there is one, else in the notes of the first picture."""
    if refusals is None:
        return with_notes(pictures, map(str, refused))
    refusals.extend(map(str, refused))
    return pictures
