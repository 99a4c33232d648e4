"""Updates after corrections, in the background: the single-image segmentation, human pixels held."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_ovseg._napari.jobs.engine import Engine, default_engine
from napari_ovseg._napari.jobs.events import Finished, Progressed, failure
from napari_ovseg._napari.jobs.loading import loaded, result_of
from napari_ovseg._napari.jobs.runner import Emit, ShouldStop
from napari_ovseg.annotation.taken_in import TAKEN_FROM
from napari_ovseg.categories import void_of

if TYPE_CHECKING:
    from napari_ovseg._napari.layers.source import LayerSource
    from napari_ovseg.annotation import SliceAnnotation

LEARNING = "Learning this picture"
UPDATING = "Updating the masks"


@dataclass(frozen=True)
class SliceUpdate:
    """One slice to update.

    Attributes
    ----------
    source : LayerSource
    piece : SliceAnnotation
        With its human pixels.
    known : tuple of int
        Ids that have a name; others stay where they were painted, and nothing is learnt from them.
    learner : SingleImage or None
        Of an earlier update of this slice.
    preparing : Future or None
        Of a learner that is on its way.
    """

    source: LayerSource
    piece: SliceAnnotation
    known: tuple[int, ...]
    learner: Any = None
    preparing: Future[Any] | None = None


@dataclass(frozen=True)
class UpdateRequest:
    """Everything an update needs, gathered on the main thread.

    Attributes
    ----------
    number : int
    slices : tuple of SliceUpdate
        In the order in which they are updated.
    locked : frozenset of int
        Ids that no pixel loses or gains.
    """

    number: int
    slices: tuple[SliceUpdate, ...]
    locked: frozenset[int]


@dataclass(frozen=True)
class Updated:
    """A slice as it should look; strokes that came after the request are not in it."""

    number: int
    source: LayerSource
    piece: SliceAnnotation
    learner: Any


def update_steps(
    request: UpdateRequest, engine: Engine | None, emit: Emit, should_stop: ShouldStop
) -> Generator[Any, None, None]:
    """Carry out a request in the worker thread; yields events, and never raises."""
    number = request.number
    try:
        for done_before, wanted in enumerate(request.slices):
            learner = wanted.learner
            if learner is None:
                yield Progressed(number, LEARNING, 0, 0, done_before)
                # PyTorch may be imported here, which takes seconds: the panel has said by now that it works
                learner = _prepared(wanted, should_stop) or learnt(wanted, engine, should_stop)
            yield Progressed(number, UPDATING, 0, 0, done_before)
            yield Updated(
                number, wanted.source, _update(wanted, learner, request.locked, should_stop), learner
            )
        yield Finished(number)
    except Exception as error:
        yield failure(number, error)


def learnt(wanted: SliceUpdate, engine: Engine | None, should_stop: ShouldStop) -> Any:
    """Learn one picture: all that an update needs and that does not depend on corrections.

    Raises
    ------
    Cancelled
        When ``should_stop()`` turns true.
    """
    engine = engine or loaded(default_engine, should_stop)
    piece, picture = wanted.piece, wanted.source.picture()
    from napari_ovseg.views.rendering import saved_rendering

    guide = saved_rendering(piece.record.get("guide"))
    return engine.single_image(
        picture, piece.state, edges=_settled(piece), guide=guide, should_stop=should_stop
    )


def _prepared(wanted: SliceUpdate, should_stop: ShouldStop) -> Any:
    """What is being learnt already, once that is done; None where it is not, or came to nothing."""
    try:
        return None if wanted.preparing is None else result_of(wanted.preparing, should_stop)
    except Exception:
        if should_stop():
            raise
        # learnt anew, which tells what is wrong
        return None


def _settled(piece: SliceAnnotation) -> Any:
    """The scores of labels that came from elsewhere, which are masks already and not to be learnt anew."""
    if piece.state is None or TAKEN_FROM not in piece.record:
        return None
    import torch

    return torch.from_numpy(piece.state.scores)


def _update(
    wanted: SliceUpdate, learner: Any, locked: frozenset[int], should_stop: ShouldStop
) -> SliceAnnotation:
    piece = wanted.piece
    void = void_of(piece.human)
    named = [0, *wanted.known]
    teaching = np.where(np.isin(piece.human, named), piece.human, void)
    found = learner.update(piece.masks, teaching, locked=locked, should_stop=should_stop)
    masks = np.where(piece.human != void, piece.human, found.masks)
    return replace(piece, masks=masks, confidence=found.confidence)
