"""One phrase of a typed list: its one spelling, what can't be used, and which phrases mean the same."""

from __future__ import annotations

import unicodedata

from napari_ovseg.errors import InputError
from napari_ovseg.separators import hidden_character, separates, tidy, without_joiners

MAX_WORDS = 20
MAX_CHARACTERS = 200

# "grass", "bus" and "axis" are no plurals
_SINGULARS = ("ss", "us", "is")
# the first ending that fits decides
_PLURALS = (
    ("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"),
    ("s", ""), ("clei", "cleus"), ("cilli", "cillus"),
)  # fmt: skip
# these end a longer word too: "policewomen", "bookshelves"; the first that fits decides
_IRREGULAR = {
    "women": "woman", "men": "man", "children": "child", "teeth": "tooth", "feet": "foot", "geese": "goose",
    "mice": "mouse", "oxen": "ox", "wolves": "wolf", "knives": "knife", "wives": "wife", "lives": "life",
    "leaves": "leaf", "loaves": "loaf", "shelves": "shelf", "halves": "half", "calves": "calf",
    "thieves": "thief", "scarves": "scarf", "hooves": "hoof", "buses": "bus", "tomatoes": "tomato",
    "potatoes": "potato", "mosquitoes": "mosquito", "mangoes": "mango", "buffaloes": "buffalo",
}  # fmt: skip
# "olives", "pumice" and "lumen" are no plurals of these: the rest of a longer word has this many letters
_LEAST_BEFORE = 3
_NOT_OF_MEN = (
    "abdomen", "acumen", "albumen", "bitumen", "cyclamen", "dolmen", "foramen", "regimen", "specimen",
    "stamen",
)  # fmt: skip


def quoted(phrase: str) -> str:
    """Quote a phrase for a message: one line, and short even if the phrase isn't."""
    short = phrase if len(phrase) <= 40 else f"{phrase[:40]}..."
    return f"'{short}'"


def clean(phrase: object) -> str:
    """Give a phrase one spelling.

    Raises
    ------
    InputError
        When it is no text, empty, too long, or holds a separator or a hidden character.
    """
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
            f"The name {quoted(text)} has {len(text.split())} words and {len(text)} characters, the most is "
            f"{MAX_WORDS} words and {MAX_CHARACTERS} characters: shorten it, or separate names by commas."
        )
    if separates(text):
        raise InputError(
            f"The name {quoted(text)} holds a comma, semicolon, colon or full stop, which separate names: "
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
    """Return the key of a phrase with its last word in the singular, as far as English endings tell.

    Examples
    --------
    >>> singular("wild geese"), singular("firemen"), singular("specimen"), singular("people")
    ('wild goose', 'fireman', 'specimen', 'people')
    >>> singular("Tall trees"), singular("berries"), singular("boxes"), singular("grass"), singular("nuclei")
    ('tall tree', 'berry', 'box', 'grass', 'nucleus')
    """
    key = name_key(phrase)
    last = key.split()[-1] if key.strip() else ""
    for ending, instead in _IRREGULAR.items():
        longer = last.endswith(ending) and len(last) >= len(ending) + _LEAST_BEFORE
        if last == ending or (longer and not last.endswith(_NOT_OF_MEN)):
            return key[: len(key) - len(ending)] + instead
    for ending, instead in _PLURALS:
        if key.endswith(ending) and not key.endswith(_SINGULARS) and len(last) > len(ending) + 1:
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
