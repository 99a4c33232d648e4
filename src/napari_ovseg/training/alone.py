"""One training into a folder at a time; the system frees the lock when a program dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from napari_ovseg.atomic import explained, prepare_folder
from napari_ovseg.errors import OutputError
from napari_ovseg.file_names import as_text

# hidden, so that it counts as no file of somebody else's
_LOCK = ".lock"


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other trainings out of a folder, which is made if it isn't there.

    Raises
    ------
    OutputError
        When another training writes there, or the folder can't be written to.
    """
    lock = FileLock(prepare_folder(folder) / _LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise OutputError(
            f"Another training is writing to {as_text(folder)}: wait until it has ended or stop it, or name "
            "another folder."
        ) from error
    except OSError as error:
        raise explained(folder / _LOCK, error) from error
    try:
        yield
    finally:
        lock.release()
