"""What a class of ImageNet is a kind of, read off the definitions of WordNet, as a dictionary's reader does.

"Sorrel: a horse of a brownish orange to chestnut color" makes a sorrel a kind of horse. WordNet's own tree of
kinds is not in any package that is needed here; its definitions are (``timm.data.ImageNetInfo``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from napari_ovseg.categories import singular

MOST_STEPS = 8
_WORDS_OF_KIND = (
    "breed|type|kind|species|variety|class|genus|family|member|form|pair|piece|strain|sort|group|set"
)
_KIND_OF = re.compile(rf"(?:[\w'-]+ ){{0,5}}?(?:{_WORDS_OF_KIND}|varietie)s? of (.*)")
_START = re.compile(
    r"^(?:(?:any|either|one|some) (?:of )?(?:several|various|numerous|a number of|many|two|the)?\s*"
    r"|(?:a|an|the|several|various|numerous) )*"
)
# where the noun that a definition begins with has ended
_END = re.compile(
    r"\b(?:of|with|that|which|who|whose|where|when|having|used|in|from|for|on|by|to|at|into|up|near|around|over"
    r"|under|without|between|found|made|resembling|formed|consisting|containing|usually|especially|and|or|as"
    r"|native|bred|originally|developed|similar|standing|intended|designed|worn|covered|attached|mounted"
    r"|equipped|carried|held|living|raised|trained|shaped|able|large enough)\b|[,;:(]"
)


def head_of(definition: str) -> list[str]:
    """Return the words up to the noun that a definition begins with.

    Examples
    --------
    >>> head_of("any of several breeds of large working dog used to pull sledges")
    ['large', 'working', 'dog']
    """
    rest = re.sub(r"\([^)]*\)", "", definition.lower()).strip()
    for _ in range(4):
        rest = _START.sub("", rest).strip()
        kind = _KIND_OF.match(rest)
        if kind is None:
            break
        rest = kind[1]
    return _END.split(rest)[0].split()


class Kinds:
    """The synsets of WordNet that are things, and what each is a kind of.

    Parameters
    ----------
    lemmas : mapping of str to sequence of str
        By synset, as "n02389026": its names in lower case.
    definitions : mapping of str to str
    """

    def __init__(self, lemmas: Mapping[str, Sequence[str]], definitions: Mapping[str, str]) -> None:
        self.lemmas, self.definitions = lemmas, definitions
        self._named: dict[str, list[str]] = {}
        for synset, names in lemmas.items():
            for name in names:
                self._named.setdefault(name, []).append(synset)

    def named(self, name: str) -> list[str]:
        """Return the synsets that have a name."""
        return self._named.get(name, [])

    def parent(self, synset: str) -> str | None:
        """Return what a synset is a kind of, None where its definition doesn't tell.

        Of several senses of a noun the one whose number is nearest is meant: WordNet numbers by subject.
        """
        head = head_of(self.definitions[synset])
        for length in (2, 1):
            noun = " ".join(head[-length:])
            for name in (noun, singular(noun)) if len(head) >= length else ():
                senses = [one for one in self.named(name) if one != synset]
                if senses:
                    return min(senses, key=lambda one: abs(int(one[1:]) - int(synset[1:])))
        return None

    def chain(self, synset: str) -> list[str]:
        """Return a synset, what it is a kind of, what that is a kind of, and so on."""
        found: list[str] = []
        step: str | None = synset
        while step is not None and step not in found and len(found) < MOST_STEPS:
            found.append(step)
            step = self.parent(step)
        return found
