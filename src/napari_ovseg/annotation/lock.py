"""One save to a folder at a time, whichever program saves; the system frees the lock when a program dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from napari_ovseg.errors import OutputError

_LOCK = ".lock"
_SECONDS = 10.0


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other saves out of a folder that exists, and wait some seconds for one that is under way.

    Raises
    ------
    OutputError
        When another save does not end, or the folder can't be locked.
    """
    lock = FileLock(folder / _LOCK, timeout=_SECONDS)
    try:
        lock.acquire()
    except Timeout as error:
        raise OutputError(
            f"Another program has been saving to {folder} for {_SECONDS:.0f} seconds: "
            "try again, or close the picture there."
        ) from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OutputError(f"{folder} can't be locked ({reason}): choose another folder.") from error
    try:
        yield
    finally:
        lock.release()
