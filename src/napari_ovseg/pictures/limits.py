"""A size that a file claims is believed only where its bytes can hold it and the memory can take it."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from pathlib import Path

import psutil

from napari_ovseg.errors import InputError

# Pixels that one byte of a JPEG file can stand for: a block of 64 takes a bit at least.
JPEG_PIXELS = 512
# The most that deflate makes of one byte.
DEFLATE = 1032
# Of LZW, and more than runs can be.
LZW = 4096
# For what has no bound, such as empty pages of a fax: still little memory for a small file.
ANY = 1_000_000


def refuse_claim(path: Path, shape: Sequence[int], needed: float, held: float) -> None:
    """Raise `InputError` where a picture of this shape takes more bytes than the file can hold.

    Parameters
    ----------
    path : Path
    shape : sequence of int
        What the file claims.
    needed, held : float
        Bytes that the pixels take before compression, and the most that the file's bytes can stand for.
    """
    if needed > held:
        raise InputError(
            f"{path} can't be read as a picture: it claims {_sides(shape)}, and is too short to hold them; "
            "it is damaged, so copy it again."
        )


def refuse_memory(path: Path | str, shape: Sequence[int], size: int) -> None:
    """Raise `InputError` where the memory can't take the pixels, of so many bytes in all."""
    free = psutil.virtual_memory().available
    if size > free:
        raise InputError(
            f"{path} holds {_sides(shape)}, which take {size / 2**30:.1f} GB of memory, and "
            f"{free / 2**30:.1f} GB are free: close other programs, or crop it."
        )


def has_room(size: int) -> bool:
    """Whether so many bytes of memory are free."""
    return size <= int(psutil.virtual_memory().available)


def _sides(shape: Sequence[int]) -> str:
    return f"{' x '.join(map(str, shape))} values ({prod(shape):,})"
