"""One run in the background: load the model, read the slice, segment it, and report what happened.

The worker thread sees plain data only (a :class:`Request`); what it has to tell it yields or emits as events.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
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
            one = _OneSlice(request, source, engine, model, done_before, emit, should_stop)
            yield one.segmented() if request.part is None else one.segmented_in_part(request.part)
        yield Finished(number)
    except Exception as error:
        yield failure(number, error)


@dataclass(frozen=True)
class _OneSlice:
    """A slice of a request, and what it takes to segment it."""

    request: Request
    source: LayerSource
    engine: Engine
    model: Any
    done_before: int
    emit: Emit
    should_stop: ShouldStop

    def segmented(self) -> Segmented:
        """All of it, with what a person has painted in it learnt and held."""
        request, source, table = self.request, self.source, self.request.table
        ids = ids_in(table, request.settings.names)

        def show(labels: Any, _confidence: Any) -> None:
            self.emit(PseudoLabelled(request.number, source, renumbered(labels, ids, table)))

        picture = source.picture()
        result, piece = self._found_in(picture, show)
        earlier = request.earlier.get(source.placement.position)
        # of a stack, only the slices that hold something are likely to be updated soon
        if piece.state is None or (earlier is None and len(request.sources) > 1):
            return Segmented(request.number, source, piece, tried=result.tried)
        learner = self._learner(picture, result, piece)
        if earlier is not None:
            piece = _with_corrections(piece, earlier, table, learner, self.should_stop)
        return Segmented(request.number, source, piece, learner, result.tried)

    def segmented_in_part(self, part: Part) -> Segmented:
        """A part of it, shown as the whole is; what a person has painted there is held where it goes."""
        _, piece = self._found_in(part_of(self.source, part), _show_nothing)
        return Segmented(self.request.number, self.source, piece, whole=False)

    def _found_in(self, picture: Any, show: Callable[[Any, Any], None]) -> tuple[Any, SliceAnnotation]:
        """What the engine returns for a picture, and the same in the ids of the table."""
        number, done_before = self.request.number, self.done_before
        result = self.engine.segment(
            picture,
            replace(self.request.settings, size=self.request.size),
            model=self.model,
            progress=throttled(
                lambda stage, done, total: self.emit(Progressed(number, stage, done, total, done_before)),
                self.should_stop,
            ),
            should_stop=self.should_stop,
            on_pseudo_labels=show,
        )
        piece = found_by(result, self.request.table)
        return result, replace(piece, record=piece.record | {"read": self.source.reading})

    def _learner(self, picture: Any, result: Any, piece: SliceAnnotation) -> Any:
        """What updates of this slice begin with."""
        from napari_ovseg.views.rendering import saved_rendering

        return self.engine.single_image(
            picture,
            piece.state,
            edges=next(reversed(result.stages.values()), None),
            guide=saved_rendering(piece.record.get("guide")),
            should_stop=self.should_stop,
        )


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
