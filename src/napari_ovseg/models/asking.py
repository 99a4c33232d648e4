"""Ask a model for words before it is said which of them it doesn't know: it may learn of a word by that."""

from __future__ import annotations

from collections.abc import Iterable

from napari_ovseg.categories import Category
from napari_ovseg.models.map_model import MapModel
from napari_ovseg.models.model import Model


def ask_for(model: Model, categories: Iterable[Category | str]) -> None:
    """Encode the words that a model doesn't know yet, as a run does.

    A model that has a list of its words learns none, and one of masks reads none beforehand.
    """
    if not isinstance(model, MapModel) or model.card.known_words is not None:
        return
    unknown = model.card.unknown_words(categories)
    if unknown:
        model.encode(unknown)
