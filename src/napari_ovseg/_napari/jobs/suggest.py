"""Suggestions of names in the background: load the model, read the slice, rank the vocabulary."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_ovseg._napari.jobs.engine import READING, Engine, load
from napari_ovseg._napari.jobs.events import Finished, Progressed, failure
from napari_ovseg._napari.jobs.runner import Emit, ShouldStop
from napari_ovseg.categories import Category, same_name
from napari_ovseg.separators import plain_separators, tidy

if TYPE_CHECKING:
    from napari_ovseg._napari.layers.source import LayerSource
    from napari_ovseg.suggestions import Suggestions


@dataclass(frozen=True)
class SuggestRequest:
    """Everything that suggesting needs, gathered on the main thread.

    Attributes
    ----------
    number : int
    source : LayerSource
        The slice to look at.
    vocabulary : str
        A name of `vocabularies.VOCABULARIES`, the path of a file, or "" for what the model knows.
    model, preset, device, checkpoint
        As in `load_model` and `suggest`.
    """

    number: int
    source: LayerSource
    vocabulary: str
    model: str
    preset: str
    device: str
    checkpoint: Path | None = None


@dataclass(frozen=True)
class Suggested:
    """The ranked vocabulary."""

    number: int
    found: Suggestions


def suggest_steps(
    request: SuggestRequest, engine: Engine | None, emit: Emit, should_stop: ShouldStop
) -> Generator[Any, None, None]:
    """Carry out a request in the worker thread; yields and emits events, and never raises."""
    number = request.number
    try:
        engine, model, progress = yield from load(number, request, engine, emit, should_stop)
        yield Progressed(number, READING, 0, 0)
        found = engine.suggest(
            request.source.picture(),
            request.vocabulary or None,
            model=model,
            preset=request.preset,
            progress=progress,
            should_stop=should_stop,
        )
        yield Suggested(number, found)
        yield Finished(number)
    except Exception as error:
        yield failure(number, error)


def not_typed(typed: str, categories: Sequence[Category]) -> list[Category]:
    """Leave out what is typed already: names altogether, and of others the synonyms.

    Parameters
    ----------
    typed : str
        The text of the names box, which may be unfinished.
    categories : sequence of Category
    """
    there = [tidy(phrase) for phrase in re.split("[,;:\n]", plain_separators(typed))]

    def is_there(phrase: str) -> bool:
        return any(same_name(phrase, other) for other in there)

    return [
        replace(category, synonyms=tuple(word for word in category.synonyms if not is_there(word)))
        for category in categories
        if not is_there(category.name)
    ]
