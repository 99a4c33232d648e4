"""What a job in the background has to tell; each event carries the number of its job.

So what is left of a stopped job can be dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_ovseg._napari.jobs.torch_loading import TORCH_ADVICE
from napari_ovseg.annotation.labelled_pictures import slice_called
from napari_ovseg.errors import Cancelled, OvsegError

if TYPE_CHECKING:
    from napari_ovseg._napari.layers.source import LayerSource
    from napari_ovseg.annotation import SliceAnnotation
    from napari_ovseg.annotation.annotation import Position
    from napari_ovseg.categories import Labels
    from napari_ovseg.segmentation import TriedLook

CANCELLED = "Cancelled; the layers are as they were."


@dataclass(frozen=True)
class Progressed:
    """How far a stage is, after so many slices that are finished."""

    number: int
    stage: str
    done: int
    total: int
    done_before: int = 0

    def told(self, positions: Sequence[Position]) -> str:
        """Return the stage and, of several slices, which it is, numbered as napari's sliders are."""
        if len(positions) < 2:
            return self.stage
        return f"{slice_called(positions[self.done_before])} {_among(positions)}: {self.stage}"


@dataclass(frozen=True)
class PseudoLabelled:
    """The first guess at one slice, ``(H, W)`` in the ids of the request's table."""

    number: int
    source: LayerSource
    labels: Labels


@dataclass(frozen=True)
class Segmented:
    """One slice is finished; with what updates of it start from, where that was learnt already.

    ``tried`` are the ways in which it was shown to the model; not `whole`, it is a part of the slice.
    """

    number: int
    source: LayerSource
    piece: SliceAnnotation
    learner: Any = None
    tried: tuple[TriedLook, ...] = ()
    whole: bool = True


@dataclass(frozen=True)
class Finished:
    """All that was asked for is done."""

    number: int


@dataclass(frozen=True)
class Failed:
    """A run that ended early: why, in one sentence; `error` is set when it is our own mistake."""

    number: int
    message: str
    error: Exception | None = None


def _among(positions: Sequence[Position]) -> str:
    """Say which slices a job is about: "(of 0 to 19)", "(of 2, 5, 9)" or "(of 12)"."""
    numbers = [position[0] for position in positions]
    if len(set(numbers)) < len(numbers):
        return f"(of {len(numbers)})"
    if numbers == list(range(numbers[0], numbers[-1] + 1)):
        return f"(of {numbers[0]} to {numbers[-1]})"
    return f"(of {', '.join(map(str, numbers))})" if len(numbers) <= 4 else f"(of {len(numbers)})"


def with_what_is_kept(message: str, kept: int, slices: int) -> str:
    """Say of a job that ended early which of its slices stay, where there are any."""
    if not kept:
        return message
    reason = "Cancelled." if message == CANCELLED else message
    return f"{reason} {kept} of {slices} slices are finished and kept."


def failure(number: int, error: Exception) -> Failed:
    """Say in one sentence why a run or an update ended early."""
    if isinstance(error, Cancelled):
        return Failed(number, CANCELLED)
    if isinstance(error, OvsegError):
        return Failed(number, str(error))
    if isinstance(error, ImportError | OSError):
        advice = TORCH_ADVICE if "torch" in str(error).lower() else "{error}"
        return Failed(number, advice.format(error=error), error)
    # Anything else is our mistake; a RuntimeError in particular would be swallowed by the worker class.
    return Failed(number, f"Something went wrong that should not ({type(error).__name__}: {error}).", error)
