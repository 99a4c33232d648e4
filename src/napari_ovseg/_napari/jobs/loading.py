"""One thread that imports and loads what jobs need, one by one; a job that waits for it can be stopped."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

from napari_ovseg.errors import Cancelled

T = TypeVar("T")

_LOOK_EVERY_S = 0.02
# Modules must not be imported by two threads at once, and no model is loaded twice.
LOADER = ThreadPoolExecutor(1, "napari-ovseg-loading")


def loaded(work: Callable[[], T], should_stop: Callable[[], bool]) -> T:
    """Have work done in the loading thread and return its result.

    Raises
    ------
    Cancelled
        As soon as ``should_stop()`` turns true; what has begun by then is still loaded, for the next time.
    """
    return result_of(LOADER.submit(work), should_stop)


def result_of(future: Future[T], should_stop: Callable[[], bool]) -> T:
    """Wait for a result, and raise `Cancelled` as soon as ``should_stop()`` turns true."""
    while not future.done():
        if should_stop():
            future.cancel()
            raise Cancelled("Stopped.")
        wait([future], _LOOK_EVERY_S)
    return future.result()
