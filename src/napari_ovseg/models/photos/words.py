"""Which classes of ImageNet stand for a word: a table that `make_words` worked out; no torch."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.categories import singular

FILE = Path(__file__).parent / "words.npz"
CLASSES = 1000

_BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]")
# not "of": in "slice of pizza" the pizza is what is meant
_WHERE = re.compile(r"(?<=\w)\s+(?:on|in|with|at|under|near|for|by)\s+(?=\w)")
_NUMBER = re.compile(r"[\W_]+\d+\W*$")
_POSSESSIVE = re.compile(r"['\u2019]s\W*$")


def word_key(phrase: str) -> str:
    """Return the form under which a phrase is looked up: its words in lower case, without a possessive's end.

    Examples
    --------
    >>> word_key("Shih-Tzu"), word_key("hot-air balloon"), word_key("the dog's")
    ('shih tzu', 'hot air balloon', 'the dog')
    """
    return " ".join(re.findall(r"[^\W_]+", _POSSESSIVE.sub("", phrase.casefold())))


def thing_in(phrase: str) -> str:
    """Return the thing that a phrase names: without where it is, what it has, or its number.

    Examples
    --------
    >>> thing_in("brown dog on grass"), thing_in("dog_1"), thing_in("dogs (small)")
    ('brown dog', 'dog', 'dogs')
    >>> thing_in("slice of pizza")
    'slice of pizza'
    """
    bare = _BRACKETS.sub(" ", phrase.casefold().replace("_", " ")).strip()
    return _NUMBER.sub("", _WHERE.split(bare, maxsplit=1)[0])


@dataclass(frozen=True)
class Entry:
    """What the table says of a word.

    Attributes
    ----------
    word : str
        As the table has it.
    classes : np.ndarray
        ``(K,)``, uint16: numbers of classes, the nearest first.
    weights : np.ndarray
        ``(K,)``, float32 in (0, 1]: how well each stands for the word, the best 1.
    class_names : tuple of str
        Their names, in the same order.
    known : bool
        Whether any of them is near enough to what the word means.
    """

    word: str
    classes: NDArray[np.uint16]
    weights: NDArray[np.float32]
    class_names: tuple[str, ...]
    known: bool


class WordTable:
    """Words, and the classes that stand for each.

    Parameters
    ----------
    arrays : mapping of str to np.ndarray
        ``words`` and ``names``, uint8: texts in UTF-8, joined by line ends; ``counts (N,)``, how many classes
        each word has; ``classes`` and ``weights``, theirs one after the other, the weights as n / 255;
        ``known (N,)``, whether a class is near. For `outside`: ``vectors (1000, D)`` of the classes, and
        ``rivals (1000,)``, how near the nearest everyday word is to each.
    """

    def __init__(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        self.words, self.names = (bytes(arrays[key]).decode().split("\n") for key in ("words", "names"))
        self.rows: dict[str, int] = {}
        # words of one key mean the same: "bird's nest", "bird's-nest"
        for row, word in enumerate(self.words):
            self.rows.setdefault(word_key(word), row)
        self._added: dict[str, Entry] = {}
        self._ends = np.cumsum(arrays["counts"], dtype=np.int64)
        self._classes = arrays["classes"].astype(np.uint16)
        self._weights: NDArray[np.float32] = arrays["weights"].astype(np.float32) / np.float32(255)
        self._known = arrays["known"].astype(np.bool_)
        self.vectors: NDArray[np.float32] = arrays["vectors"].astype(np.float32)
        self.rivals: NDArray[np.float32] = arrays["rivals"].astype(np.float32)

    def find(self, phrase: str) -> Entry | None:
        """Return what stands for a phrase, None where no class is near.

        A phrase that the table lacks is read by the thing it names (`thing_in`), and of that by the longest
        part at its end that the table has: "brown dog on grass" as "dog".
        """
        added = self._added.get(phrase.strip().casefold())
        entry = self._read(phrase) if added is None else added
        return entry if entry is not None and entry.known else None

    def lacks(self, phrase: str) -> bool:
        """Return whether the table says nothing of a phrase, not even that no class is near."""
        return phrase.strip().casefold() not in self._added and self._read(phrase) is None

    def add(self, word: str, classes: NDArray[np.intp], weights: NDArray[np.float32], known: bool) -> None:
        """Add what stands for a word, until the program ends."""
        names = tuple(self.names[number] for number in classes)
        self._added[word] = Entry(word, classes.astype(np.uint16), weights, names, known)

    def _read(self, phrase: str) -> Entry | None:
        # an x-ray is no ray
        spoken = re.findall(r"[\w'\u2019-]+", thing_in(phrase))
        for said in (phrase, *(" ".join(spoken[start:]) for start in range(len(spoken)))):
            part = word_key(said)
            row = self.rows.get(part, self.rows.get(singular(part)))
            if row is not None:
                return self._entry(row)
        return None

    def spelled_like(self, word: str, most: int = 3) -> tuple[str, ...]:
        """Return known words that are spelled nearly like a word that the table lacks."""
        if word_key(word) in self.rows:
            return ()
        alike = difflib.get_close_matches(word_key(word), self.rows, n=2 * most, cutoff=0.8)
        return tuple(self.words[self.rows[one]] for one in alike if self.find(one) is not None)[:most]

    def _entry(self, row: int) -> Entry:
        part = slice(int(self._ends[row - 1]) if row else 0, int(self._ends[row]))
        classes = self._classes[part]
        names = tuple(self.names[number] for number in classes)
        return Entry(self.words[row], classes, self._weights[part], names, bool(self._known[row]))


@cache
def table() -> WordTable:
    """Return the table of this package."""
    with np.load(FILE, allow_pickle=False) as arrays:
        return WordTable(dict(arrays))
