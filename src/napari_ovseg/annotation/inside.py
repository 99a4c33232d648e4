"""What lies inside a sidecar besides the present work: earlier states of it, and work that ran beside it.

``cells.tif.ovseg`` holds the work on one picture. Work that is begun afresh is not written over what is
there: that is set aside into ``cells.tif.ovseg/earlier/1`` first. Where two people, or two windows, work at
the same time, the one who saves second writes to ``cells.tif.ovseg/beside/1``. Each is a sidecar of its own.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import secrets
import shutil
from pathlib import Path
from typing import Final

from napari_ovseg.atomic import explained, flush_names

EARLIER: Final = "earlier"
BESIDE: Final = "beside"
# not yet whole, or left by a program that was killed
_PART = re.compile(r"\.[0-9a-f]{8}\.part")


def outermost(sidecar: Path) -> Path:
    """Return the sidecar that one lies inside of, or itself."""
    return sidecar.parents[1] if sidecar.parent.name in (EARLIER, BESIDE) else sidecar


def is_earlier(sidecar: Path) -> bool:
    """Whether this was set aside: what is done to it goes to the sidecar that it lies inside of."""
    return sidecar.parent.name == EARLIER


def folders_inside(sidecar: Path) -> list[Path]:
    """Return the folders of earlier states and of work beside, by number."""
    found = []
    for kind in (EARLIER, BESIDE):
        with contextlib.suppress(OSError):
            found += [path for path in (sidecar / kind).iterdir() if path.name.isdecimal()]
    return sorted(found, key=lambda path: (path.parent.name, int(path.name)))


def free_beside(sidecar: Path) -> Path:
    """Return the first number beside the present work that is not there yet."""
    return _free_number(sidecar / BESIDE)


def set_aside(sidecar: Path, document: str) -> Path:
    """Keep what is saved in a sidecar as an earlier state, so that it may be replaced.

    The files are linked, or copied where the disk can't link: each of them is replaced and none is changed.
    Killed at any moment, the sidecar is as it was, with or without the earlier state.

    Parameters
    ----------
    sidecar : Path
        Locked by the caller.
    document : str
        The name of the file that says what the others are; a state of which this is set aside already is
        not set aside again.

    Returns
    -------
    Path
        The folder of the earlier state.

    Raises
    ------
    OutputError
        When there is no room or no permission; all is as it was then.
    """
    folder = outermost(sidecar) / EARLIER
    _remove_parts(folder)
    present = (sidecar / document).read_bytes()
    for path in folders_inside(outermost(sidecar)):
        if is_earlier(path) and _content(path / document) == present:
            return path
    part = folder / f".{secrets.token_hex(4)}.part"
    try:
        part.mkdir(parents=True)
        for path in sidecar.iterdir():
            if path.is_file() and not path.name.startswith("."):
                _link_or_copy(path, part / path.name)
        flush_names(part)
        return _move_to_number(part, folder)
    except OSError as error:
        raise explained(folder, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _link_or_copy(path: Path, to: Path) -> None:
    try:
        os.link(path, to)
    except OSError:
        shutil.copy2(path, to)
        with to.open("rb+") as file:
            os.fsync(file.fileno())


def _move_to_number(part: Path, folder: Path) -> Path:
    path = _free_number(folder)
    part.rename(path)
    flush_names(folder)
    flush_names(folder.parent)
    return path


def _free_number(folder: Path) -> Path:
    return next(path for n in itertools.count(1) if not (path := folder / str(n)).exists())


def _remove_parts(folder: Path) -> None:
    if folder.is_dir():
        for path in folder.iterdir():
            if _PART.fullmatch(path.name):
                shutil.rmtree(path, ignore_errors=True)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
