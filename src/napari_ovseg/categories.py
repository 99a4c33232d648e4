"""The typed list of names: text in, categories out, with errors that teach the grammar."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.errors import InputError
from napari_ovseg.separators import hidden_character, plain_separators, separates, tidy, without_joiners

BACKGROUND = "background"
MAX_WORDS = 20
MAX_CHARACTERS = 200
MAX_CATEGORIES = 65534

# "grass", "bus" and "axis" are no plurals
_SINGULARS = ("ss", "us", "is")
# the first ending that fits decides
_PLURALS = (
    ("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"),
    ("s", ""), ("clei", "cleus"), ("cilli", "cillus"),
)  # fmt: skip

# ids in pixels: uint8, or uint16 past 254 categories
Labels = NDArray[np.unsignedinteger[Any]]


def _shown(phrase: str) -> str:
    """Quote a phrase for a message: one line, and short even if the phrase isn't."""
    short = phrase if len(phrase) <= 40 else f"{phrase[:40]}..."
    return f"'{short}'"


def _clean(phrase: object) -> str:
    """Give a phrase one spelling, or say why it can't be used."""
    if not isinstance(phrase, str):
        raise InputError(f"A name must be text, and this is {type(phrase).__name__}: write it in quotes.")
    text = tidy(phrase)
    hidden = hidden_character(text)
    if hidden is not None:
        raise InputError(
            f"A name holds the hidden character U+{ord(hidden):04X}: type the name again by hand."
        )
    if not text:
        raise InputError('A name is empty: type what is in the picture, for example "nuclei".')
    if len(text.split()) > MAX_WORDS or len(text) > MAX_CHARACTERS:
        raise InputError(
            f"The name {_shown(text)} has {len(text.split())} words and {len(text)} characters, the most is "
            f"{MAX_WORDS} words and {MAX_CHARACTERS} characters: shorten it, or separate names by commas."
        )
    if separates(text):
        raise InputError(
            f"The name {_shown(text)} holds a comma, semicolon, colon or full stop, which separate names: "
            "leave it out."
        )
    return text


def name_key(phrase: str) -> str:
    """Return the form under which two spellings count as the same name."""
    return unicodedata.normalize("NFC", without_joiners(phrase).casefold())


def same_name(first: str, second: str) -> bool:
    """Whether two spellings count as the same name."""
    return name_key(first) == name_key(second)


def singular(phrase: str) -> str:
    """Return the key of a phrase with its last word in the singular, as far as plain English endings tell.

    Examples
    --------
    >>> singular("Tall trees"), singular("berries"), singular("boxes"), singular("grass"), singular("nuclei")
    ('tall tree', 'berry', 'box', 'grass', 'nucleus')
    """
    key = name_key(phrase)
    for ending, instead in _PLURALS:
        if key.endswith(ending) and not key.endswith(_SINGULARS) and len(key.split()[-1]) > len(ending) + 1:
            return key[: len(key) - len(ending)] + instead
    return key


def overlap(first: str, second: str) -> bool:
    """Whether one phrase holds all words of the other, side by side, so that both may mean the same thing.

    Plurals don't matter.

    Examples
    --------
    >>> overlap("tree", "tall trees"), overlap("red blood cells", "cell"), overlap("car", "carpet")
    (True, True, False)
    """
    padded = [f" {' '.join(singular(word) for word in phrase.split())} " for phrase in (first, second)]
    return padded[0] in padded[1] or padded[1] in padded[0]


@dataclass(frozen=True)
class Category:
    """One named thing to find, or everything the user named as not wanted.

    Parameters
    ----------
    name : str
        The name as typed (spaces and Unicode form are tidied up).
    synonyms : tuple of str
        Other words for the same thing; for the background, the words for what is not wanted.
    background : bool
        Whether this is the background, which has id 0 and must be called "background".

    Raises
    ------
    InputError
        When a name is empty, too long, holds a separator or a hidden character, or is given twice.
    """

    name: str
    synonyms: tuple[str, ...] = ()
    background: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.synonyms, str):
            raise InputError(f'Give synonyms as a list: synonyms=("{self.synonyms[:40]}",).')
        object.__setattr__(self, "name", _clean(self.name))
        object.__setattr__(self, "synonyms", tuple(_clean(word) for word in self.synonyms))
        if self.background:
            object.__setattr__(self, "name", BACKGROUND)
        if (self.background or name_key(self.name) == BACKGROUND) and not self.synonyms:
            raise InputError(
                '"background" needs words for what is not wanted, as in "background: grass, sky".'
            )
        if not self.background and name_key(self.name) == BACKGROUND:
            raise InputError('"background" can\'t be a category to find: set background=True, or rename it.')
        _refuse_repeats((self,))

    @property
    def phrases(self) -> tuple[str, ...]:
        """What the model is asked about: the name and its synonyms; for the background, its words."""
        return self.synonyms if self.background else (self.name, *self.synonyms)

    @property
    def text(self) -> str:
        """The entry as it is typed, such as "dog: puppy, hound"."""
        return f"{self.name}: {', '.join(self.synonyms)}" if self.synonyms else self.name


def parse_categories(typed: str | Category | Iterable[str | Category]) -> tuple[Category, ...]:
    """Read a typed list of names.

    Entries stand one per line or are separated by commas or semicolons. ``dog: puppy, hound`` gives
    synonyms, up to the end of the line or the next semicolon. ``background: grass, sky`` names what is not
    wanted. Separators of other scripts and full stops that end a name count as commas, semicolons and
    colons, see `separators.plain_separators`. Spaces and case don't matter when names are compared; the
    typed spelling is kept.

    Parameters
    ----------
    typed : str, Category or iterable of them
        The list, as text or already in pieces (each text piece follows the same grammar).

    Returns
    -------
    tuple of Category
        The foreground in typed order (ids 1, 2, ...), then the background if one was typed.

    Raises
    ------
    InputError
        When there is no name to find, or a name is given twice, clashes, or can't be used.

    Examples
    --------
    >>> [category.phrases for category in parse_categories("cat, dog: puppy, hound; background: grass")]
    [('cat',), ('dog', 'puppy', 'hound'), ('grass',)]
    """
    pieces: Iterable[str | Category] = [typed] if isinstance(typed, (str, Category)) else typed
    if isinstance(pieces, (bytes, dict)) or not isinstance(pieces, Iterable):
        raise InputError(
            f'Names must be text or a list of text, not {type(typed).__name__}: for example "cat, dog".'
        )
    found: list[Category] = []
    for piece in pieces:
        found.extend([piece] if isinstance(piece, Category) else _parse_text(piece))
    foreground = [category for category in found if not category.background]
    background = [category for category in found if category.background]
    if not foreground:
        only = " besides the background" if background else ""
        raise InputError(
            f'There is no name to find{only}: type what is in the picture, for example "nuclei".'
        )
    if len(background) > 1:
        raise InputError('"background" is typed twice: put all its words into one entry.')
    if len(foreground) > MAX_CATEGORIES:
        raise InputError(
            f"{len(foreground)} names are more than a labels picture can hold ({MAX_CATEGORIES}): type fewer."
        )
    categories = (*foreground, *background)
    _refuse_repeats(categories)
    return categories


def _parse_text(text: object) -> list[Category]:
    if not isinstance(text, str):
        raise InputError(f'A name must be text, and this is {type(text).__name__}: for example "cat, dog".')
    found: list[Category] = []
    for entry in re.split(r"[\n\r;]", plain_separators(text)):
        head, colon, tail = entry.partition(":")
        names = [name for name in head.split(",") if name.strip()]
        if not colon:
            found.extend(_plain_category(name) for name in names)
            continue
        if not names:
            raise InputError(
                f'Synonyms {_shown(tail.strip())} have no name: write them as "dog: puppy, hound".'
            )
        found.extend(_plain_category(name) for name in names[:-1])
        found.append(_category_with_words(names[-1], tail))
    return found


def _plain_category(name: str) -> Category:
    return Category(name, background=name_key(_clean(name)) == BACKGROUND)


def _category_with_words(name: str, tail: str) -> Category:
    name = _clean(name)
    if ":" in tail:
        raise InputError(
            f"The entry of {_shown(name)} has two colons: end its synonyms by a new line or a semicolon."
        )
    words = tuple(word for word in tail.split(",") if word.strip())
    background = name_key(name) == BACKGROUND
    if not words and not background:
        raise InputError(
            f'{_shown(name)} has a colon but no synonyms: write "dog: puppy, hound" or no colon.'
        )
    return Category(name, words, background)


def _refuse_repeats(categories: Iterable[Category]) -> None:
    owners: dict[str, Category] = {}
    for category in categories:
        for phrase in category.phrases:
            owner = owners.get(name_key(phrase))
            if owner is None:
                owners[name_key(phrase)] = category
                continue
            if owner is category or (phrase == category.name and name_key(owner.name) == name_key(phrase)):
                raise InputError(f"{_shown(phrase)} is typed twice: remove one of the two.")
            raise InputError(
                f"{_shown(phrase)} stands for both {_shown(owner.name)} and {_shown(category.name)}: "
                "keep it in one of them."
            )


def format_categories(categories: Iterable[Category]) -> str:
    """Write categories as the text that `parse_categories` reads back.

    Parameters
    ----------
    categories : iterable of Category

    Returns
    -------
    str
        One category a line.
    """
    return "\n".join(category.text for category in categories)


def void_id(count: int) -> int:
    """Return the id of "not sure" pixels for `count` foreground categories: 255, or 65535 past 254."""
    return int(np.iinfo(labels_dtype(count)).max)


def labels_dtype(count: int) -> np.dtype[np.unsignedinteger]:
    """Return the dtype of labels with `count` foreground categories: uint8, or uint16 past 254."""
    if not 0 <= count <= MAX_CATEGORIES:
        raise InputError(f"{count} categories can't be stored: the most is {MAX_CATEGORIES}.")
    return np.dtype(np.uint8 if count <= 254 else np.uint16)


def void_of(labels: Labels) -> int:
    """Return the void id of labels: 255, or 65535 in 16 bit."""
    return int(np.iinfo(labels.dtype).max)


def count_ids(labels: Labels) -> NDArray[np.intp]:
    """Return how many pixels each id has, from 0 to void, in labels ``(H, W)``."""
    if labels.dtype == np.uint8:
        # numpy makes wide integers of them first, which takes four times as long
        from PIL import Image

        return np.array(Image.fromarray(labels).histogram(), np.intp)
    return np.bincount(labels.ravel(), minlength=void_of(labels) + 1)


def ids_in(labels: Labels) -> set[int]:
    """Return the ids that labels ``(H, W)`` hold, void among them."""
    return set(np.flatnonzero(count_ids(labels)).tolist())
