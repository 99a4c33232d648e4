"""What the files of each picture are called: never the same for two, and said where it is not its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from napari_ovseg.errors import InputError
from napari_ovseg.export.plan import Notes
from napari_ovseg.file_names import as_text, distinct_stems, resolved, same_file
from napari_ovseg.labelled import LabelledPicture

_SHOWN = 20


def told_apart(pictures: Sequence[LabelledPicture], notes: Notes) -> tuple[list[LabelledPicture], list[str]]:
    """Give pictures names and stems of files of their own, and make their paths absolute.

    Parameters
    ----------
    pictures : sequence of LabelledPicture
    notes : Notes
        Gets which stems are whose, where they are not the names.

    Returns
    -------
    pictures : list of LabelledPicture
        A name that others have too is replaced by the stem.
    stems : list of str

    Raises
    ------
    InputError
        When a picture is there twice.
    """
    named = [
        replace(
            picture,
            name=as_text(picture.name),
            picture_path=None if picture.picture_path is None else resolved(picture.picture_path),
        )
        for picture in pictures
    ]
    origins = [origin_of(picture) for picture in named]
    seen = set()
    for picture, origin in zip(named, origins, strict=True):
        if (picture.name, origin) in seen:
            where = "" if origin is None else f", from {origin}"
            raise InputError(f"'{picture.name}' is there twice{where}: leave one out, or rename one.")
        seen.add((picture.name, origin))
    stems = distinct_stems([(picture.name, origin) for picture, origin in zip(named, origins, strict=True)])
    keys = [same_file(picture.name) for picture in named]
    others = []
    for number, (picture, stem, origin) in enumerate(zip(named, stems, origins, strict=True)):
        if stem != picture.name:
            others.append(f"'{stem}' is {as_text(origin) if origin else repr(picture.name)}")
        if keys.count(keys[number]) > 1:
            named[number] = replace(picture, name=stem)
    if others:
        more = f" and {len(others) - _SHOWN} more, see the map of names" if len(others) > _SHOWN else ""
        notes.say(f"Files are named otherwise than their pictures: {', '.join(others[:_SHOWN])}{more}.")
    return named, stems


def origin_of(picture: LabelledPicture) -> Path | None:
    """The file of a picture; of a slice, which has none, what it was read from."""
    source = picture.picture_path or picture.record.get("read_from")
    return None if source is None else resolved(str(source))
