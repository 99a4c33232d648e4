"""One run in the background: load the model, read the slice, segment it, and report what happened.

The worker thread sees plain data only (a :class:`Request`); what it has to tell it yields or emits as events.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from napari_ovseg._napari.jobs.engine import READING, Engine, load, throttled
from napari_ovseg._napari.jobs.events import Finished, Progressed, PseudoLabelled, Segmented, failure
from napari_ovseg._napari.jobs.runner import Emit, ShouldStop
from napari_ovseg._napari.layers.source import part_of
from napari_ovseg.annotation.annotation import Position
from napari_ovseg.annotation.found import found_by, ids_in, renumbered
from napari_ovseg.annotation.news import learnt_from

if TYPE_CHECKING:
    from napari_ovseg._napari.layers.source import LayerSource
    from napari_ovseg.annotation import SliceAnnotation
    from napari_ovseg.annotation.label_table import LabelTable
    from napari_ovseg.annotation.pasted import Part
    from napari_ovseg.settings import Settings


@dataclass(frozen=True)
class Request:
    """Everything a run needs, gathered on the main thread.

    Attributes
    ----------
    number : int
    sources : tuple of LayerSource
        The slices to segment, in order.
    settings : Settings
        What to look for, and how.
    table : LabelTable
        The ids of the names, and of others that a person has painted.
    size : str
        The sizes of `settings`, in pixels of what is read.
    earlier : dict of tuple of int to SliceAnnotation
        Slices that hold corrections or locked categories, in the ids of `table`.
    part : tuple of slice, optional
        Rows and columns to segment, where not all of the slice is.
    """

    number: int
    sources: tuple[LayerSource, ...]
    settings: Settings
    table: LabelTable
    size: str = ""
    earlier: Mapping[Position, SliceAnnotation] = field(default_factory=dict)
    part: Part | None = None


def run_steps(
    request: Request, engine: Engine | None, emit: Emit, should_stop: ShouldStop
) -> Generator[Any, None, None]:
    """Carry out a request in the worker thread; yields and emits events, and never raises."""
    number = request.number
    try:
        engine, model, _ = yield from load(number, request.settings, engine, emit, should_stop)
        for done_before, source in enumerate(request.sources):
            yield Progressed(number, READING, 0, 0, done_before)
            one = _segment if request.part is None else _segment_part
            yield one(request, source, engine, model, done_before, emit, should_stop)
        yield Finished(number)
    except Exception as error:
        yield failure(number, error)


def _segment(
    request: Request,
    source: LayerSource,
    engine: Engine,
    model: Any,
    done_before: int,
    emit: Emit,
    should_stop: ShouldStop,
) -> Segmented:
    """One slice, with what a person has painted in it learnt and held."""
    number, table = request.number, request.table
    ids = ids_in(table, request.settings.names)
    picture = source.picture()
    result = engine.segment(
        picture,
        replace(request.settings, size=request.size),
        model=model,
        progress=throttled(
            lambda stage, done, total: emit(Progressed(number, stage, done, total, done_before)), should_stop
        ),
        should_stop=should_stop,
        on_pseudo_labels=lambda labels, confidence: emit(
            PseudoLabelled(number, source, renumbered(labels, ids, table))
        ),
    )
    piece = found_by(result, table)
    piece = replace(piece, record=piece.record | {"read": source.reading})
    earlier = request.earlier.get(source.placement.position)
    # of a stack, only the slices that hold something are likely to be updated soon
    if piece.state is None or (earlier is None and len(request.sources) > 1):
        return Segmented(number, source, piece, tried=result.tried)
    last = next(reversed(result.stages.values()), None)
    from napari_ovseg.views.rendering import saved_rendering

    guide = saved_rendering(piece.record.get("guide"))
    learner = engine.single_image(picture, piece.state, edges=last, guide=guide, should_stop=should_stop)
    if earlier is not None:
        piece = _with_corrections(piece, earlier, table, learner, should_stop)
    return Segmented(number, source, piece, learner, result.tried)


def _segment_part(
    request: Request,
    source: LayerSource,
    engine: Engine,
    model: Any,
    done_before: int,
    emit: Emit,
    should_stop: ShouldStop,
) -> Segmented:
    """A part of a slice, shown as the whole is; what a person has painted there is held where it goes."""
    number, table = request.number, request.table
    assert request.part is not None, "all of a slice is segmented otherwise"
    result = engine.segment(
        part_of(source, request.part),
        replace(request.settings, size=request.size),
        model=model,
        progress=throttled(
            lambda stage, done, total: emit(Progressed(number, stage, done, total, done_before)), should_stop
        ),
        should_stop=should_stop,
        on_pseudo_labels=_show_nothing,
    )
    piece = found_by(result, table)
    piece = replace(piece, record=piece.record | {"read": source.reading})
    return Segmented(number, source, piece, whole=False)


def _show_nothing(_labels: Any, _confidence: Any) -> None:
    """The first guess at a part would cover what is there."""


def _with_corrections(
    piece: SliceAnnotation,
    earlier: SliceAnnotation,
    table: LabelTable,
    learner: Any,
    should_stop: ShouldStop,
) -> SliceAnnotation:
    """A slice found anew, after an update from what a person had painted or locked in it."""
    locked = table.locked if earlier.filled else ()
    updated = learner.update(earlier.masks, earlier.human, locked=locked, should_stop=should_stop)
    return replace(
        piece,
        masks=updated.masks,
        human=earlier.human,
        confidence=updated.confidence,
        record=piece.record | learnt_from(earlier.human),
    )
