"""The files of a source and the pictures they belong to; one that can't be read never ends the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from napari_ovseg.errors import InputError
from napari_ovseg.imports.found_pictures import PICTURES, PictureFolders
from napari_ovseg.imports.named import read_any_json
from napari_ovseg.imports.skipped import with_refusals
from napari_ovseg.imports.told import is_map
from napari_ovseg.labelled import LabelledPicture

T = TypeVar("T")

# What our exports and File > Save add to the name of the picture.
_OUR_ENDINGS = (".labelme", ".ovseg.ome", "_masks.ome", "_masks")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Places:
    """Where the pictures of a source may be, and what of it could not be read.

    Attributes
    ----------
    folder : Path or None
        A folder that a person named, where pictures are looked for before the places that labels say.
    refused : list of str or None
        Gets why files of the source could not be read, in sentences; None for the notes of the first picture.
    """

    folder: Path | None = None
    refused: list[str] | None = None

    def find(self, by: Path, said: Any, labels: Path) -> Path | None:
        """Return the picture of a file of labels.

        Parameters
        ----------
        by : Path
            The file that says where it is.
        said : object
            What it says; anything but text is nothing.
        labels : Path
            The file of labels: a picture of its name may be beside it, or where tools usually put pictures.

        Returns
        -------
        Path or None
            A path that is said but leads nowhere is returned if there is no other.
        """
        stem = labels.name.removesuffix(labels.suffix)
        for ending in _OUR_ENDINGS:
            stem = stem.removesuffix(ending)
        likely = [stem + ending for ending in ("", *sorted(PICTURES), *map(str.upper, sorted(PICTURES)))]
        found = self.beside(by).find(said)
        if found is None or not found.is_file():
            near = self.beside(labels).find(*likely)
            if near is not None and near.is_file() and near.absolute() != labels.absolute():
                return near
        return found

    def beside(self, file: Path) -> PictureFolders:
        """Return the folders in which the pictures of a file may be."""
        return PictureFolders(file, self.folder)


def things_files(folder: Path, endings: tuple[str, ...]) -> list[Path]:
    """Return the files with these endings in a folder and in the folders in it, ordered by name.

    Nothing that is hidden: what a run has noted of its pictures are no labels.
    """
    found = [
        file
        for pattern in ("[!.]*", "[!.]*/[!.]*")
        for file in sorted(folder.glob(pattern))
        if file.name.lower().endswith(endings) and not is_map(file)
    ]
    return [file for file in found if file.is_file()]


def mentions(file: Path, *texts: str) -> bool:
    """Whether a file of text, read once, has all of these in it; False where it can't be read."""
    try:
        content = file.read_bytes()
    except OSError:
        return False
    if content.startswith(_UTF16):
        content = content.decode("utf-16", "ignore").encode()
    return all(text.encode() in content for text in texts)


def is_damaged(file: Path) -> bool:
    """Whether a file that should hold JSON holds none, or nothing: that of another tool holds something."""
    try:
        return not read_any_json(file)
    except InputError:
        return True


def read_files(
    files: Iterable[Path],
    places: Places,
    take: Callable[[Path], list[T]],
    finish: Callable[[list[T], list[InputError]], list[LabelledPicture]],
) -> list[LabelledPicture]:
    """Take what each file says, then make pictures of all together.

    Files that can't be read are named where `places` says; `finish` may add to them.

    Raises
    ------
    InputError
        The first problem, when no file can be read.
    """
    taken: list[T] = []
    refused: list[InputError] = []
    for file in files:
        try:
            taken += take(file)
        except InputError as error:
            refused.append(error)
    found = finish(taken, refused)
    if refused and not found:
        raise refused[0]
    return with_refusals(found, refused, places.refused)
