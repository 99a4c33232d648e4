"""Write a file whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from napari_ovseg.errors import LossError, OutputError

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
    part = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")
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
            raise _explained(path, error) from error
        raise


def write_folder_atomically(path: str | Path, write: Callable[[Path], object]) -> None:
    """Write a folder beside its place and move it there when it is complete.

    Parameters
    ----------
    path : str or Path
        Where the folder ends up; what is there of this name is replaced at the last moment.
    write : callable
        Gets the path of a folder to make.

    Raises
    ------
    OutputError
        When there is no room or no permission; what was at `path` is still there.
    """
    path = Path(path)
    part = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")
    old = part.with_suffix(".old")
    try:
        write(part)
        if path.exists():
            path.replace(old)
        try:
            part.replace(path)
        except BaseException:
            if old.exists():
                old.replace(path)
            raise
    except BaseException as error:
        shutil.rmtree(part, ignore_errors=True)
        if isinstance(error, OSError):
            raise _explained(path, error) from error
        raise
    shutil.rmtree(old, ignore_errors=True)


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
    originals = {picture.resolve() for picture in pictures}
    for target in targets:
        if target.resolve() in originals:
            raise LossError(f"{target} is one of the pictures", replaceable=False)
    there = [target for target in targets if target.exists()]
    if there and not overwrite:
        more = f" and {len(there) - 1} more files of an earlier run are" if len(there) > 1 else " is"
        raise LossError(f"{there[0]}{more} there already", replaceable=True)


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
        raise _explained(folder, error) from error
    return folder


def _explained(path: Path, error: OSError) -> OutputError:
    if error.errno in _NO_ROOM:
        return OutputError(f"There is no room on the disk for {path}: free some, or choose another folder.")
    reason = (error.strerror or str(error)).lower()
    return OutputError(
        f"{path} can't be written ({reason}): choose another folder or change its permissions."
    )
