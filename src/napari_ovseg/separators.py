"""What separates typed names, on any keyboard; and what hides in them."""

from __future__ import annotations

import re
import unicodedata

# Chinese and Japanese, full and half width; Arabic, Persian and Urdu; Ethiopic; small forms.
_COMMAS = "，、､﹐﹑،፣"
_SEMICOLONS = "；﹔؛፤"
_COLONS = "：﹕፥"
# They end a name wherever they stand; the wide one is also used in numbers.
_FULL_STOPS = "。｡．।۔።"
_FULL_STOP = re.compile(r"[。｡।۔።]|．(?!\d)")
_PLAIN = str.maketrans(
    dict.fromkeys(_COMMAS, ",") | dict.fromkeys(_SEMICOLONS, ";") | dict.fromkeys(_COLONS, ":")
)
_WORD = re.compile(r"[^\s,;:]+(?=(?P<end>[^\S\r\n]*(?:[,;:\r\n]|\Z))?)")
# "E. coli", "U.S. army", "1. nuclei"
_SHORT = re.compile(r"[^\W_]|\d+|(?:[^\W\d_]\.)+[^\W\d_]")
_ABBREVIATIONS = {
    "aff", "approx", "ca", "cf", "dr", "fig", "mr", "mrs", "ms", "mt", "no", "prof", "sp", "spp", "ssp", "st",
    "subsp", "var", "vs",
}  # fmt: skip

# Persian and Indic words and emoji are written with these; elsewhere they join nothing.
_JOINERS = "\u200c\u200d"
_LOOSE_JOINERS = re.compile(rf"(?:^|(?<=\s))[{_JOINERS}]+|[{_JOINERS}]+(?=\s|$)")
# Right-to-left keyboards type the marks, some editors put the last before a text.
_MARKS = dict.fromkeys(map(ord, "\u200e\u200f\u061c\ufeff"))
_BLACK_FLAG = "\U0001f3f4"


def plain_separators(text: str) -> str:
    """Write separators of other scripts, and full stops that end a name, as ``,``, ``;`` and ``:``.

    A full stop ends a name at the end of an entry, between spaces, and after a word. It doesn't after an
    abbreviation with something to follow: one letter ("E. coli"), a number, or one of a few such as "sp.".

    Examples
    --------
    >>> plain_separators("a cat. a remote control."), plain_separators("E. coli；细胞、纤维")
    ('a cat, a remote control,', 'E. coli;细胞,纤维')
    """
    return _WORD.sub(_ended, text.translate(_PLAIN))


def _ended(found: re.Match[str]) -> str:
    """Return a word, with a comma for each full stop that ends a name."""
    word = _FULL_STOP.sub(",", found[0])
    stem = word.rstrip(".")
    goes_on = found["end"] is None and (_SHORT.fullmatch(stem) or stem.casefold() in _ABBREVIATIONS)
    return word if stem == word or goes_on else f"{stem},"


def separates(phrase: str) -> bool:
    """Whether a phrase holds what separates names when it is typed."""
    return re.search("[,;:]", plain_separators(phrase)) is not None


def tidy(phrase: str) -> str:
    """Give a phrase one spelling: NFC, single spaces, no joiners but inside words, no marks of direction.

    Full stops at its end are left out.
    """
    text = _LOOSE_JOINERS.sub("", unicodedata.normalize("NFC", phrase).translate(_MARKS))
    # a joiner may have stood between spaces, or before a full stop
    return " ".join(text.split()).rstrip(f".{_FULL_STOPS} {_JOINERS}")


def hidden_character(phrase: str) -> str | None:
    """Return the first character of a phrase that nobody sees and no script needs, such as a null byte."""
    for place, character in enumerate(phrase):
        if unicodedata.category(character) not in {"Cc", "Cf", "Cs"} or character in _JOINERS:
            continue
        # flags of parts of a country are a black flag and invisible letters
        if "\U000e0020" <= character <= "\U000e007f" and _BLACK_FLAG in phrase[:place]:
            continue
        return character
    return None


def without_joiners(phrase: str) -> str:
    """Leave out the joiners, which few people see: two names that differ in them only are the same."""
    return phrase.translate(dict.fromkeys(map(ord, _JOINERS)))
