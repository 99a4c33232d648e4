"""A run of a large picture in the background, tile by tile onto the disk, and what it has to tell."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_ovseg._napari.jobs.engine import Engine, load
from napari_ovseg._napari.jobs.events import Finished, failure
from napari_ovseg._napari.jobs.runner import Emit, ShouldStop
from napari_ovseg._napari.layers.growing_masks import Ids, coarser, steps_for
from napari_ovseg.errors import LossError

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
    pixel_size : tuple of float, optional
        Height and width of a pixel of the finest level, in `unit`.
    unit : str, optional
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
    pixel_size: tuple[float, float] | None
    unit: str | None
    first: Box
    output: Path = Path()
    overwrite: bool = False


@dataclass(frozen=True)
class TileDone:
    """A tile that is on the disk, as `growing_masks.coarser` has it."""

    number: int
    tile: list[tuple[int, int, Ids]]


@dataclass(frozen=True)
class AllWritten:
    """All tiles are at their place; which part of the picture each name has, and which names are absent."""

    number: int
    share: dict[str, float]
    absent: tuple[str, ...]


@dataclass(frozen=True)
class WouldReplace:
    """Something is there that was made in another way; nothing was written."""

    number: int


def tiles_steps(
    request: TilesRequest, engine: Engine | None, emit: Emit, should_stop: ShouldStop
) -> Generator[Any, None, None]:
    """Carry out a request in the worker thread; yields and emits events, and never raises."""
    number = request.number
    try:
        engine, model, progress = yield from load(number, request.settings, engine, emit, should_stop)
        from napari_ovseg.views.lazy_picture import LazyPicture
        from napari_ovseg.views.opened import Opened

        picture = LazyPicture(request.levels, request.limits)
        steps = steps_for(picture.size)
        found = engine.segment_large(
            Opened(picture, request.pixel_size, request.unit),
            request.settings,
            request.output,
            model=model,
            resume=True,
            overwrite=request.overwrite,
            progress=progress,
            should_stop=should_stop,
            on_tile=lambda core, masks: emit(TileDone(number, coarser(core, masks, steps))),
            first=request.first,
        )
        yield AllWritten(number, found.share, tuple(found.record["absent"]))
        yield Finished(number)
    except LossError as error:
        yield WouldReplace(number) if error.replaceable else failure(number, error)
    except Exception as error:
        yield failure(number, error)
