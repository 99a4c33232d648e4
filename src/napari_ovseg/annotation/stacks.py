"""Work on a stack that was made of files, and work on one of these files: neither is taken for the other."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path

from napari_ovseg.annotation.annotation import PictureIdentity
from napari_ovseg.file_names import as_text


def stack_part(files: Sequence[Path]) -> str:
    """Return what tells a stack of files from its first file, and from other stacks that begin with it.

    Parameters
    ----------
    files : sequence of Path
        In order; none for a picture of one file.

    Returns
    -------
    str
        Such as ``stack of 12-1a2b3c4d``: the letters stand for the list. The stack can be moved with its
        folder.
    """
    if not files:
        return ""
    names = [file.name if file.parent == files[0].parent else file for file in files]
    letters = hashlib.blake2b("\0".join(map(as_text, names)).encode(), digest_size=4).hexdigest()
    return f"stack of {len(files)}-{letters}"


def is_work_on(saved: PictureIdentity | None, now: PictureIdentity, files: Sequence[Path]) -> bool:
    """Whether saved work may be on this picture, and is not on a stack that its file is in, or the reverse.

    Before stacks were known by their files, a stack was saved as if it were its first file: only its shape
    tells.

    Parameters
    ----------
    saved : PictureIdentity or None
        Of the picture that was annotated.
    now : PictureIdentity
        Of the picture that is open; its shape counts, and its file.
    files : sequence of Path
        Of the stack that is open; none for a picture of one file.
    """
    if saved is None:
        return True
    of_files = saved.checksum.partition(":")[0] in ("files", "files-sample")
    if files:
        return of_files or saved.shape == now.shape
    if of_files:
        return False
    return not (_is_stack_of(saved.shape, now.shape) or _is_stack_of(now.shape, saved.shape))


def _is_stack_of(shape: tuple[int, ...], plane: tuple[int, ...]) -> bool:
    more = len(shape) - len(plane)
    return len(plane) >= 2 and more > 0 and shape[more:] == plane and math.prod(shape[:more]) > 1
