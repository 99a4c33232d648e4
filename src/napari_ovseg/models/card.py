"""What is asked of a model before and besides looking at a picture: a card of plain values, without torch."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import KW_ONLY, dataclass

from napari_ovseg.categories import Category
from napari_ovseg.errors import InputError
from napari_ovseg.views.looks import AS_IT_IS, Look

UNKNOWN_LICENCE = "unknown: see where the weights come from"


@dataclass(frozen=True)
class MapMethod:
    """One way to read maps off a model.

    Attributes
    ----------
    name : str
        What a user chooses it by; "" for a model that has one way only.
    own_zero : bool
        Whether 0 in its maps means "not here", as in gradients and activations. Otherwise they are cosines of
        each cell with the word, which have no zero of their own: the background is weaker then, and names can
        be suggested by them.
    words_compete : bool
        Whether words of a background pack take part in the method itself, and get no map. It needs some.
    guesses_pack : bool
        Whether a pack may be guessed for it.
    cost : str
        What it costs of the time of looking, in a few words.
    """

    name: str = ""
    own_zero: bool = False
    words_compete: bool = False
    guesses_pack: bool = True
    cost: str = "no extra time"


@dataclass(frozen=True)
class ModelCard:
    """One model, as lists, choosers and records show it, and what the steps around it must know of it.

    Attributes
    ----------
    name : str
        What a user types.
    checkpoint : str
        Which weights, for the record of a run; "" where there is only one kind.
    megabytes : int
        Size of the download, rounded; 0 when not known.
    licence : str
        Of the weights.
    commercial : bool
        Whether that licence allows commercial use; the licence is shown before first use where it does not.
    bundled : bool
        Whether it comes with napari-ovseg itself.
    methods : tuple of MapMethod
        The ways to read maps off it, at least one.
    method : str
        The name of the one that suits it.
    known_words : frozenset of str or None
        The words, in lower case, that it saw in training; None where any may be typed.
    vocabulary : str
        Of which names are suggested by default: one of `vocabularies.VOCABULARIES`, or a text file. "" stands
        for the words that it knows, or for everyday names where these are any.
    looks : tuple of Look
        The ways in which a grey picture may be shown to it: measured, not guessed. Most models know pictures
        as they are.
    windows : bool
        Whether a large picture in colour is looked at in windows too, not only as a whole: measured.
    note : str
        What it is good at, for the chooser.
    """

    name: str
    _: KW_ONLY
    checkpoint: str = ""
    megabytes: int = 0
    licence: str = UNKNOWN_LICENCE
    commercial: bool = True
    bundled: bool = False
    methods: tuple[MapMethod, ...] = (MapMethod(),)
    method: str = ""
    known_words: frozenset[str] | None = None
    vocabulary: str = ""
    looks: tuple[Look, ...] = (AS_IT_IS,)
    windows: bool = False
    note: str = ""

    @property
    def suggested(self) -> str | tuple[str, ...]:
        """From what names are suggested by default: a vocabulary, or the words that it knows."""
        return self.vocabulary or tuple(sorted(self.known_words or ())) or "everyday"

    def find_method(self, name: str | None = None) -> MapMethod:
        """Return the method of a name.

        Parameters
        ----------
        name : str, optional
            By default the one that suits the model.

        Returns
        -------
        MapMethod

        Raises
        ------
        InputError
            When the model has no such method; the message lists those that it has.
        """
        wanted = self.method if name is None else name
        found = next((one for one in self.methods if one.name == wanted), None)
        if found is not None:
            return found
        names = [one.name for one in self.methods if one.name]
        instead = f"use one of {', '.join(names)}" if names else "leave it out"
        raise InputError(f'The model "{self.name}" has no method {wanted!r}: {instead}.')

    def unknown_words(self, categories: Iterable[Category | str]) -> tuple[str, ...]:
        """Return the words that the model never saw in training: `unknown_words`."""
        return unknown_words(categories, self.known_words)

    def near_words(self, _word: str) -> tuple[str, ...]:
        """Return words that the model knows and that may be meant by one that it doesn't know."""
        return ()

    def stands_for(self, _category: Category) -> str:
        """Say in a few words what the model takes a category for, where that isn't what its name says."""
        return ""

    def meant_by(self, categories: Iterable[Category]) -> dict[str, dict[str, str]]:
        """For the record of a run: by name what `stands_for` says, and nothing where it says nothing."""
        meant = {one.name: words for one in categories if (words := self.stands_for(one))}
        return {"stands_for": meant} if meant else {}


def unknown_words(categories: Iterable[Category | str], known: Collection[str] | None) -> tuple[str, ...]:
    """Return the words that are not among those known, in typed order, each once.

    Parameters
    ----------
    categories : iterable of Category or str
        Of a category, its name and synonyms count; of the background, its words.
    known : collection of str or None
        In lower case; None knows all.
    """
    if known is None:
        return ()
    phrases: list[str] = []
    for category in categories:
        phrases += [category] if isinstance(category, str) else category.phrases
    words = [word for phrase in phrases for word in re.findall(r"[^\W\d_]+", phrase.lower())]
    return tuple(dict.fromkeys(word for word in words if word not in known))
