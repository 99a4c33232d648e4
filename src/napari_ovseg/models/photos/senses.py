"""What a word means by the definitions of WordNet, and whether any class of ImageNet is near that.

A name alone misleads: "cell" is one name of the cellular telephone, and "yeast" sounds a little like dough.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.categories import singular
from napari_ovseg.models.photos.choice import LIMITS, Limits
from napari_ovseg.models.photos.classes import Classes
from napari_ovseg.models.photos.words import thing_in

# "person" and "human being"; and, as WordNet numbers nouns by subject, the first and the last of the people
PERSON, HUMAN = "n00007846", "n02472293"
FIRST_OF_PEOPLE, LAST_OF_PEOPLE = "n09605110", "n10806113"


class Senses:
    """The meanings of words, as synsets.

    Parameters
    ----------
    classes : Classes
    """

    def __init__(self, classes: Classes) -> None:
        self._classes, self._kinds = classes, classes.kinds
        self._vectors = classes.vectors

    def of(self, word: str) -> list[str]:
        """Return the synsets that have a word for a name, or have its singular."""
        return self._kinds.named(word) or self._kinds.named(singular(word))

    def texts(self, synsets: Iterable[str]) -> list[str]:
        """Return of each synset its names and its definition."""
        return [f"{', '.join(self._kinds.lemmas[one])}: {self._kinds.definitions[one]}" for one in synsets]

    def is_known(self, word: str, limits: Limits = LIMITS) -> bool:
        """Return whether a class is near what a word means.

        - A word that names a class, or what one is a kind of, is known. But where it is only a further name
          of that, the first name of something else, and nearer to that ("cell"), the nearest of its meanings
          must be near a class.
        - Of another word that is defined, both it and one of its definitions must be near.
        - A word without a definition must be much nearer: all that speaks for it is how it sounds.
        """
        near, senses = float(self._near(word).max()), self.of(word)
        if not senses:
            return near >= limits.undefined
        covered = [one for one in senses if one in self._classes.covered]
        if not covered:
            return near >= limits.word and self._near_by_meaning(word, senses) >= limits.definition
        others = [one for one in senses if one not in self._classes.covered]
        nearest = self.nearest(word)
        if nearest in covered or self._first_of(word, covered) or not self._first_of(word, others):
            return True
        return self._near_by_meaning(word, [nearest]) >= limits.word

    def nearest(self, word: str) -> str:
        """Return which of the synsets of a word has the nearest definition; there must be one."""
        senses = self.of(word)
        asked = self._classes.sentences.encode([word])[0]
        return senses[int((self._classes.sentences.encode(self.texts(senses)) @ asked).argmax())]

    def is_class(self, word: str) -> bool:
        """Return whether a word is a name of a class itself."""
        return any(one in self._classes.synsets for one in self.of(word))

    def is_person(self, phrase: str) -> bool:
        """Return whether the thing that a phrase names can only be a person: a cow can be a cow."""
        senses = self.of(thing_in(phrase))
        return bool(senses) and all(
            one in (PERSON, HUMAN) or FIRST_OF_PEOPLE <= one <= LAST_OF_PEOPLE for one in senses
        )

    def _near(self, text: str) -> NDArray[np.float32]:
        return self._vectors @ self._classes.sentences.encode([text])[0]

    def _near_by_meaning(self, word: str, senses: Sequence[str]) -> float:
        """Return how near the best class is to a word and to one of its definitions at once."""
        both = [(self._near(word) + self._near(text)) / 2 for text in self.texts(senses)]
        return float(np.max(both))

    def _first_of(self, word: str, synsets: Iterable[str]) -> bool:
        """Return whether a word is the first name of any of them."""
        return any(self._kinds.lemmas[one][0] in (word, singular(word)) for one in synsets)
