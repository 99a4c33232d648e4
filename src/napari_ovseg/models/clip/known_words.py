"""Which words a model never saw in training: known of the bundled model only, and without loading it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from napari_ovseg.categories import Category
from napari_ovseg.models.clip import registry


def known_words(model: str) -> frozenset[str] | None:
    """Return the words, in lower case, that a model saw in training; None, for any, of all but "demo".

    Parameters
    ----------
    model : str
        As `registry.find_model` takes it.
    """
    if model.strip() != "demo":
        return None
    words = (registry.DEMO_FOLDER / "vocabulary.txt").read_text(encoding="utf-8").split("\n")
    return frozenset(word.strip().lower() for word in words if word.strip())


def unknown_words(categories: Iterable[Category | str], known: Collection[str] | None) -> tuple[str, ...]:
    """Return the words that are not among those known, in typed order, each once.

    Parameters
    ----------
    categories : iterable of Category or str
        Of a category, its name and synonyms count.
    known : collection of str or None
        From `known_words`; None knows all.
    """
    if known is None:
        return ()
    phrases: list[str] = []
    for category in categories:
        phrases += [category] if isinstance(category, str) else [category.name, *category.synonyms]
    words = [word for phrase in phrases for word in re.findall(r"[^\W\d_]+", phrase.lower())]
    return tuple(dict.fromkeys(word for word in words if word not in known))
