"""What a text model is asked for each label: names from files are kept, and not all of them can be typed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from napari_ovseg.categories import Category, name_key
from napari_ovseg.errors import InputError
from napari_ovseg.labelled import NamedLabel
from napari_ovseg.separators import hidden_character, plain_separators


def asked(labels: Iterable[NamedLabel]) -> dict[int, Category]:
    """Return what is typed to find each label: its name and synonyms, as far as they can be.

    A name with commas is a list of words for one thing, as data sets write it. A label without any word of
    its own that can be typed, such as one called "background", is left out: it has to be renamed to be found.

    Parameters
    ----------
    labels : iterable of NamedLabel

    Returns
    -------
    dict of int to Category
        By id, in the order of `labels`. No word belongs to two.

    Examples
    --------
    >>> labels = [NamedLabel(1, "door, double door", (1, 2, 3)), NamedLabel(2, "background", (4, 5, 6))]
    >>> [category.text for category in asked(labels).values()]
    ['door: double door']
    """
    labels = list(labels)
    words = {label.id: [*_words(label.name)] for label in labels}
    # A name that can be typed as it is belongs to its label, whatever else is made of another.
    ordered = sorted(labels, key=lambda label: words[label.id] != [label.name])
    taken: set[str] = set()
    found: dict[int, Category] = {}
    for label in ordered:
        own: dict[str, str] = {}
        for word in [*words[label.id], *(word for one in label.synonyms for word in _words(one))]:
            if name_key(word) not in taken:
                own.setdefault(name_key(word), word)
        if own:
            taken |= set(own)
            name, *synonyms = own.values()
            found[label.id] = Category(name, tuple(synonyms))
    return {label.id: found[label.id] for label in labels if label.id in found}


def _words(name: str) -> Iterator[str]:
    """What of a name can be typed: it has none of what separates names, and nothing hidden."""
    for part in re.split("[,;]", plain_separators(name).replace(":", " ")):
        while (hidden := hidden_character(part)) is not None:
            part = part.replace(hidden, "")
        try:
            yield Category(part).name
        except InputError:
            continue
