"""How large labels are: what a file says is held against the picture before memory is taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_ovseg.errors import InputError
from napari_ovseg.imports.drawing import MOST_PIXELS, refuse_unseen
from napari_ovseg.imports.named import whole
from napari_ovseg.imports.skipped import Unusable
from napari_ovseg.pictures import picture_size

# Labels of another size than their picture may be of a larger version of it, but not of one that much larger.
_MOST_TIMES = 256


def believed_size(height: Any, width: Any, picture: Path | None, file: str) -> tuple[tuple[int, int], str]:
    """Return the size of the labels of a picture, and a sentence where a file or a picture says otherwise.

    Parameters
    ----------
    height, width : object
        As the file has them; None where it says nothing.
    picture : Path or None
        Where the picture may be.
    file : str
        The name of the file of labels, for the sentence.

    Raises
    ------
    Unusable
        When there is no picture to ask, and the file says no size that can be used, or one that the memory
        can't take.
    """
    said = _sides(height, width)
    shown = f"{height!r:.20} x {width!r:.20}"
    seen = _size_of(picture)
    if seen is None or picture is None:
        if height is None or width is None:
            raise Unusable("nothing says how large it is: add height and width, or put the picture beside")
        if said is None:
            raise Unusable(f"its size {shown} can't be used")
        if said[0] * said[1] > MOST_PIXELS:
            raise Unusable(f"its size {shown} is more than {MOST_PIXELS} pixels")
        refuse_unseen(said)
        return said, ""
    if said == seen or (height is None and width is None):
        return seen, ""
    has = f"'{picture.name}' has {seen[0]} x {seen[1]} pixels, and {file} says {shown}"
    if said is None:
        return seen, f"{has}: the picture was believed."
    if said[0] * said[1] > min(MOST_PIXELS, _MOST_TIMES * seen[0] * seen[1]):
        return seen, f"{has}, which is too large to be true: the picture was believed."
    return said, f"{has}: the labels have the size that the file says, and do not fit the picture."


def _sides(height: Any, width: Any) -> tuple[int, int] | None:
    rows, columns = whole(height), whole(width)
    return None if rows is None or columns is None or min(rows, columns) < 1 else (rows, columns)


def _size_of(picture: Path | None) -> tuple[int, int] | None:
    try:
        return None if picture is None else picture_size(picture)
    except InputError:
        return None
