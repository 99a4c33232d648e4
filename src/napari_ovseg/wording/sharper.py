"""Sharper names for ambiguous ones: proposed, never applied by themselves."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable
from pathlib import Path

from napari_ovseg.categories import Category, parse_categories, singular
from napari_ovseg.errors import InputError
from napari_ovseg.models.card import unknown_words

_TABLE: dict[str, list[str]] = tomllib.loads(
    (Path(__file__).parent / "sharper_names.toml").read_text(encoding="utf-8")
)


def sharper_names(
    categories: str | Category | Iterable[str | Category], known: Collection[str] | None = None
) -> dict[str, Category]:
    """Propose synonyms that say which sense of an ambiguous name is meant.

    Parameters
    ----------
    categories : str, Category or iterable of them
        The typed list, as `categories.parse_categories` reads it.
    known : collection of str, optional
        The words that the model knows, ``ModelCard.known_words``; an offer with any other word is left
        out. By default it knows all.

    Returns
    -------
    dict of str to Category
        By typed name, the category under its own name with synonyms added. A name that has synonyms
        already, or isn't ambiguous, is left out, and so is a synonym that is typed elsewhere.

    Raises
    ------
    InputError
        When the list can't be read.

    Examples
    --------
    >>> sharper_names("person, grass")["person"].synonyms
    ('person with clothes', 'people', 'human')
    """
    named = parse_categories(categories)
    offers: dict[str, Category] = {}
    for category in named:
        words = () if category.synonyms else _TABLE.get(singular(category.name), ())
        others = [one for one in named if one is not category]
        fitting = tuple(word for word in words if _free(word, category, others))
        if fitting and not unknown_words([category.name, *fitting], known):
            offers[category.name] = Category(category.name, fitting)
    return offers


def _free(word: str, category: Category, others: list[Category]) -> bool:
    try:
        parse_categories([Category(category.name, (word,)), *others])
    except InputError:
        return False
    return True
