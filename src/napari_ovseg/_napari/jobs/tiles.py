"""A run of a large picture in the background, tile by tile onto the disk, and what it has to tell."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg._napari.jobs.engine import Engine, load
from napari_ovseg._napari.jobs.events import Finished, failure
from napari_ovseg._napari.jobs.runner import Emit, ShouldStop

if TYPE_CHECKING:
    from napari_ovseg.settings import Settings
    from napari_ovseg.views.source import Box


@dataclass(frozen=True)
class TilesRequest:
    """Everything that a run in tiles needs, gathered on the main thread.

    Attributes
    ----------
    number : int
    levels : tuple of arrays
        Of the picture, the finest first: ``(H, W)`` or ``(H, W, 3 or 4)``.
    limits : tuple of float, optional
        The values that are shown as black and as white.
    settings : Settings
        What to look for, and how.
    size : str
        The sizes of `settings`, in pixels of the finest level.
    first : tuple of float
        The part of the picture that is in view, which comes first: ``(top, left, bottom, right)`` in [0, 1].
    output : Path, optional
        The OME-Zarr to write.
    overwrite : bool
        Whether what is there may be replaced.
    """

    number: int
    levels: tuple[Any, ...]
    limits: tuple[float, float] | None
    settings: Settings
    size: str
    first: Box
    output: Path = Path()
    overwrite: bool = False


@dataclass(frozen=True)
class TileDone:
    """A tile that is on the disk: its rows and columns, and their masks."""

    number: int
    core: tuple[slice, slice]
    masks: NDArray[np.unsignedinteger[Any]]


@dataclass(frozen=True)
class AllWritten:
    """All tiles are at their place; which part of the picture each name has, and which names are absent."""

    number: int
    share: dict[str, float]
    absent: tuple[str, ...]


def tiles_steps(
    request: TilesRequest, engine: Engine | None, emit: Emit, should_stop: ShouldStop
) -> Generator[Any, None, None]:
    """Carry out a request in the worker thread; yields and emits events, and never raises."""
    number = request.number
    try:
        engine, model, progress = yield from load(number, request.settings, engine, emit, should_stop)
        from napari_ovseg.views.lazy_picture import LazyPicture

        found = engine.segment_large(
            LazyPicture(request.levels, request.limits),
            replace(request.settings, size=request.size),
            request.output,
            model=model,
            resume=True,
            overwrite=request.overwrite,
            progress=progress,
            should_stop=should_stop,
            on_tile=lambda core, masks: emit(TileDone(number, core, masks)),
            first=request.first,
        )
        yield AllWritten(number, found.share, tuple(found.record["absent"]))
        yield Finished(number)
    except Exception as error:
        yield failure(number, error)
