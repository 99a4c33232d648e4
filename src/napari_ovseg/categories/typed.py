"""The typed list of names: text in, categories out, with errors that teach the grammar."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from napari_ovseg.categories.ids import MAX_CATEGORIES
from napari_ovseg.categories.phrases import clean, name_key, quoted
from napari_ovseg.errors import InputError
from napari_ovseg.separators import plain_separators

BACKGROUND = "background"


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
        object.__setattr__(self, "name", clean(self.name))
        object.__setattr__(self, "synonyms", tuple(clean(word) for word in self.synonyms))
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
        The list, as text or already in parts (each text part follows the same grammar).

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
    parts: Iterable[str | Category] = [typed] if isinstance(typed, (str, Category)) else typed
    if isinstance(parts, (bytes, dict)) or not isinstance(parts, Iterable):
        raise InputError(
            f'Names must be text or a list of text, not {type(typed).__name__}: for example "cat, dog".'
        )
    found: list[Category] = []
    for part in parts:
        found.extend([part] if isinstance(part, Category) else _parse_text(part))
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
                f'Synonyms {quoted(tail.strip())} have no name: write them as "dog: puppy, hound".'
            )
        found.extend(_plain_category(name) for name in names[:-1])
        found.append(_category_with_words(names[-1], tail))
    return found


def _plain_category(name: str) -> Category:
    return Category(name, background=name_key(clean(name)) == BACKGROUND)


def _category_with_words(name: str, tail: str) -> Category:
    name = clean(name)
    if ":" in tail:
        raise InputError(
            f"The entry of {quoted(name)} has two colons: end its synonyms by a new line or a semicolon."
        )
    words = tuple(word for word in tail.split(",") if word.strip())
    background = name_key(name) == BACKGROUND
    if not words and not background:
        raise InputError(
            f'{quoted(name)} has a colon but no synonyms: write "dog: puppy, hound" or no colon.'
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
                raise InputError(f"{quoted(phrase)} is typed twice: remove one of the two.")
            raise InputError(
                f"{quoted(phrase)} stands for both {quoted(owner.name)} and {quoted(category.name)}: "
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
