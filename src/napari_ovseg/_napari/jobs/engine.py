"""What jobs in the background call, and how each begins: what it asks for is imported and loaded."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from napari_ovseg._napari.jobs.events import Progressed
from napari_ovseg._napari.jobs.loading import loaded
from napari_ovseg._napari.jobs.runner import Emit, ShouldStop
from napari_ovseg._napari.jobs.torch_loading import load_torch, window_alive
from napari_ovseg.errors import Cancelled

if TYPE_CHECKING:
    from napari_ovseg.large import LargeSegmentation
    from napari_ovseg.segmentation import Progress, Segmentation
    from napari_ovseg.suggestions import Suggestions

LOADING = "Loading the model"
READING = "Reading the picture"

# More events than this only make the window slower; the last event of a stage is always sent.
_SECONDS_BETWEEN_EVENTS = 0.05


class Wanted(Protocol):
    """The settings of a job, as far as they say what is to be loaded for it."""

    @property
    def model(self) -> str: ...
    @property
    def device(self) -> str: ...
    @property
    def checkpoint(self) -> Path | None: ...


@dataclass(frozen=True)
class Engine:
    """What jobs in the background call; by default the package's own, imported when they are first needed."""

    load_model: Callable[..., Any]
    segment: Callable[..., Segmentation]
    single_image: Callable[..., Any]
    suggest: Callable[..., Suggestions]
    segment_large: Callable[..., LargeSegmentation]


def default_engine() -> Engine:
    """Import PyTorch and the method; only the loading thread has the time for it."""
    # only the first time is there anything to import
    with nullcontext() if "napari_ovseg.suggestions" in sys.modules else window_alive():
        load_torch()
        # nearly every model is one of these; their libraries take long to import too
        import napari_ovseg.models.clip.loading  # noqa: F401
        from napari_ovseg.large import segment_large
        from napari_ovseg.models.loading import load_model
        from napari_ovseg.pipeline import segment
        from napari_ovseg.single_image import SingleImage
        from napari_ovseg.suggestions import suggest

    return Engine(load_model, segment, SingleImage, suggest, segment_large)


def load(
    number: int, wanted: Wanted, engine: Engine | None, emit: Emit, should_stop: ShouldStop
) -> Generator[Any, None, tuple[Engine, Any, Progress]]:
    """Load what a job needs; the engine, the model, and a progress that tells of the job."""
    yield Progressed(number, LOADING, 0, 0)
    if engine is None:
        engine = loaded(default_engine, should_stop)
    progress = throttled(lambda *step: emit(Progressed(number, *step)), should_stop)
    how = {"checkpoint": wanted.checkpoint, "device": wanted.device, "progress": progress}
    model = loaded(partial(engine.load_model, wanted.model, **how), should_stop)
    return engine, model, progress


def throttled(report: Progress, should_stop: ShouldStop) -> Progress:
    """Thin out progress reports; a stop asked for while weights are being fetched takes effect here."""
    last: dict[str, float] = {}

    def progress(stage: str, done: int, total: int) -> None:
        if should_stop():
            raise Cancelled("Stopped.")
        now = time.monotonic()
        if done >= total or now - last.get(stage, -1.0) >= _SECONDS_BETWEEN_EVENTS:
            last[stage] = now
            report(stage, done, total)

    return progress
