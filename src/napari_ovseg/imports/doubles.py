"""Labels of one picture that are there twice, as in two formats of one export: they count once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from napari_ovseg.export.naming import origin_of
from napari_ovseg.file_names import as_text
from napari_ovseg.imports.skipped import with_notes
from napari_ovseg.labelled import LabelledPicture


def without_doubles(pictures: Sequence[LabelledPicture], problems: list[str]) -> list[LabelledPicture]:
    """Leave out what is there before under the same name and of the same picture.

    Parameters
    ----------
    pictures : sequence of LabelledPicture
    problems : list of str
        Gets a sentence for each whose labels are others than those before. The same labels are noted on the
        first picture.

    Returns
    -------
    list of LabelledPicture
    """
    first: dict[tuple[str, Path | None], LabelledPicture] = {}
    same = []
    for picture in pictures:
        key = (as_text(picture.name), origin_of(picture))
        before = first.setdefault(key, picture)
        if before is picture:
            continue
        if _are_the_same(before, picture):
            same.append(f"{_file(picture)} holds the same labels as {_file(before)}: they count once.")
        else:
            problems.append(
                f"{_file(picture)} holds other labels of '{picture.name}' than {_file(before)}, which was "
                "taken: leave one out."
            )
    return with_notes(list(first.values()), same)


def _file(picture: LabelledPicture) -> str:
    return as_text(str(picture.record.get("read_from", picture.name)))


def _are_the_same(one: LabelledPicture, other: LabelledPicture) -> bool:
    return [(kind.id, kind.name) for kind in one.categories] == [
        (kind.id, kind.name) for kind in other.categories
    ] and np.array_equal(one.labels, other.labels)
