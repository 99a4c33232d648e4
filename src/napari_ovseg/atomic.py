"""Write a file whole or not at all."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import glob
import hashlib
import json
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from napari_ovseg.errors import LossError, NoRoomError, OutputError
from napari_ovseg.file_names import as_text, fitting, resolved

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_atomically(path: str | Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file beside its place and move it there when it is complete.

    Parameters
    ----------
    path : str or Path
        Where the file ends up; a file of this name is replaced at the last moment.
    write : callable
        Gets the open binary file.

    Raises
    ------
    OutputError
        When there is no room or no permission; what was at `path` is still there.
    """
    path = Path(path)
    part = path.with_name(f".{_shortened(path)}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            part.unlink()
        if isinstance(error, OSError):
            raise explained(path, error) from error
        raise


def write_text_atomically(path: str | Path, text: str) -> None:
    """Write text in UTF-8 as `write_atomically` does; bytes of file names that are no text are ``%XX``."""
    content = as_text(text).encode()
    write_atomically(path, lambda file: file.write(content))


def write_json_atomically(path: str | Path, content: Mapping[str, Any]) -> None:
    """Write JSON for people to read as `write_atomically` does."""
    write_text_atomically(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def remove_parts(path: str | Path) -> None:
    """Remove what writes of a file have left that were killed. Nobody may be writing it now."""
    path = Path(path)
    for part in path.parent.glob(f".{glob.escape(_shortened(path))}.????????.part"):
        with contextlib.suppress(OSError):
            part.unlink()


def write_folder_atomically(path: str | Path, write: Callable[[Path], object]) -> None:
    """Write a folder beside its place and move it there when it is complete.

    Parameters
    ----------
    path : str or Path
        Where the folder ends up; what is there of this name is replaced at the last moment, on Linux in one
        step. Elsewhere it is missing for a moment; killed then, it comes back at the next write.
    write : callable
        Gets the path of a folder to make.

    Raises
    ------
    OutputError
        When there is no room or no permission; what was at `path` is still there.
    """
    path = Path(path)
    recover_folder(path)
    part = path.with_name(f".{_shortened(path)}.{secrets.token_hex(4)}.part")
    try:
        write(part)
        move_folder_in(part, path)
    except BaseException as error:
        shutil.rmtree(part, ignore_errors=True)
        if isinstance(error, OSError):
            raise explained(path, error) from error
        raise


def move_folder_in(part: Path, path: Path) -> None:
    """Move a complete folder to its place on the same disk, as `write_folder_atomically` does it."""
    _flush(part)
    if not path.exists() or not _exchange(part, path):
        _move_in(part, path)
    flush_names(path.parent)
    # after an exchange, what was at `path` before
    shutil.rmtree(part, ignore_errors=True)
    shutil.rmtree(_set_aside(path), ignore_errors=True)


def recover_folder(path: str | Path) -> None:
    """Bring back what `write_folder_atomically` had set aside when it was killed at the last moment."""
    path = Path(path)
    old = _set_aside(path)
    if old.exists() and not path.exists():
        with contextlib.suppress(OSError):
            old.replace(path)


def flush_names(folder: Path) -> None:
    """Make the names in a folder survive a power cut; Windows has no way to ask for it."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _flush(folder: Path) -> None:
    """Make the files in a folder survive a power cut."""
    for place, _folders, names in os.walk(folder):
        for name in names:
            with Path(place, name).open("rb+") as file:
                os.fsync(file.fileno())
        flush_names(Path(place))


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names in one step; False where the system can't, as most but Linux can't from Python."""
    if sys.platform != "linux":
        return False
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "renameat2"):
        return False
    at_working_folder, exchange = -100, 2
    names = os.fsencode(one.absolute()), os.fsencode(other.absolute())
    done: int = library.renameat2(at_working_folder, names[0], at_working_folder, names[1], exchange)
    return done == 0


def _move_in(part: Path, path: Path) -> None:
    """Move a folder to its place in two steps; killed in between, `recover_folder` undoes the first."""
    old = _set_aside(path)
    if path.exists():
        shutil.rmtree(old, ignore_errors=True)
        path.replace(old)
    try:
        part.replace(path)
    except BaseException:
        recover_folder(path)
        raise


def _set_aside(path: Path) -> Path:
    letters = hashlib.blake2b(os.fsencode(path.name), digest_size=4).hexdigest()
    return path.with_name(f".{_shortened(path)}.{letters}.old")


def _shortened(path: Path) -> str:
    return fitting(path.name, 100)


def refuse_losses(targets: Iterable[Path], pictures: Iterable[Path], *, overwrite: bool) -> None:
    """Raise before anything is written that would replace a picture, or a file that is there already.

    Parameters
    ----------
    targets : iterable of Path
        What is about to be written.
    pictures : iterable of Path
        Never replaced.
    overwrite : bool
        Whether other files may be replaced.

    Raises
    ------
    LossError
        With the first of them.
    """
    targets = list(targets)
    # both the link and what it points at
    originals = {place for picture in pictures for place in (resolved(picture), _real(picture))}
    for target in targets:
        if originals & {resolved(target), _real(target)}:
            raise LossError(f"{target} is one of the pictures", replaceable=False)
    there = [target for target in targets if os.path.lexists(target)]
    if there and not overwrite:
        others = len(there) - 1
        more = f" and {others} more file{'s' * (others > 1)} of an earlier run are" if others else " is"
        raise LossError(f"{there[0]}{more} there already", replaceable=True)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def prepare_folder(folder: str | Path) -> Path:
    """Make a folder and check that files can be written into it.

    Parameters
    ----------
    folder : str or Path
        May exist.

    Returns
    -------
    Path

    Raises
    ------
    OutputError
        When it is a file, or can't be made or written to.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file, not a folder: name another folder for the results.")
    probe = folder / f".{secrets.token_hex(4)}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise explained(folder, error) from error
    return folder


def explained(path: Path, error: OSError) -> OutputError:
    """Return the error that says why a path can't be written, and what to do."""
    if error.errno in _NO_ROOM:
        return NoRoomError(f"There is no room on the disk for {path}: free some, or choose another folder.")
    reason = (error.strerror or str(error)).lower()
    return OutputError(
        f"{path} can't be written ({reason}): choose another folder or change its permissions."
    )
