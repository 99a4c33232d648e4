"""The words of the generated scenes: what a thing is called, and which phrases are true of it.

A phrase is a triple (colour, pattern, kind) of which any part may be left open: "circle", "red circle" and
"striped circle" are all true of a red striped circle. Some (colour, kind) pairs are never shown in training,
so that finding them later proves that the vocabulary is open.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

COLOURS: dict[str, tuple[float, float, float]] = {
    "red": (0.85, 0.13, 0.12),
    "green": (0.15, 0.62, 0.18),
    "blue": (0.15, 0.25, 0.85),
    "yellow": (0.95, 0.85, 0.12),
    "purple": (0.55, 0.15, 0.65),
    "cyan": (0.10, 0.78, 0.85),
    "white": (0.96, 0.96, 0.96),
    "black": (0.06, 0.06, 0.06),
}
PATTERNS = ("striped", "dotted", "checkered")
SHAPES = ("circle", "square", "triangle", "star", "cross", "ring", "crescent")
PARTICLES = ("round cells", "rods", "fibres", "rings", "crystals", "debris")
TEXTURES = ("brick", "grass", "gravel")

HELD_OUT = frozenset(
    {
        ("red", "star"),
        ("green", "cross"),
        ("blue", "ring"),
        ("yellow", "triangle"),
        ("purple", "square"),
        ("cyan", "crescent"),
        ("white", "circle"),
        ("green", "rods"),
        ("purple", "round cells"),
        ("red", "fibres"),
        ("yellow", "crystals"),
        ("cyan", "rings"),
    }
)
"""(colour, kind) pairs that no training picture or training text contains."""

SYNONYMS: dict[str, tuple[str, ...]] = {
    "circle": ("disc", "disk", "circles"),
    "square": ("box", "squares"),
    "triangle": ("triangles",),
    "star": ("stars",),
    "cross": ("plus sign", "crosses"),
    "ring": ("annulus",),
    "crescent": ("moon", "crescents"),
    "striped": ("stripy",),
    "dotted": ("spotted",),
    "checkered": ("chequered",),
    "purple": ("violet",),
    "cyan": ("turquoise",),
    "round cells": ("cells", "round cell"),
    "rods": ("rod", "bacilli"),
    "fibres": ("fibers", "filaments", "fibre"),
    "rings": ("hollow rings",),
    "crystals": ("crystal",),
    "debris": ("small debris", "dirt"),
    "brick": ("bricks", "brick wall"),
    "grass": ("grass texture", "lawn"),
    "gravel": ("stones", "pebbles"),
    "nuclei": ("cell nuclei", "nucleus"),
    "background": ("ground",),
    "empty background": ("nothing",),
}

# around a phrase, as somebody might write it; the bare phrase twice as often
TEMPLATES = (
    "{}",
    "{}",
    "a {}",
    "a photo of a {}",
    "a picture of {}",
    "an image of {}",
    "a microscope image of {}",
)


@dataclass(frozen=True)
class Phrase:
    """What can be said of a thing; an empty part is left open.

    Attributes
    ----------
    colour, pattern, kind : str
        Words of `COLOURS`, `PATTERNS` and of the kinds, or "".
    """

    colour: str = ""
    pattern: str = ""
    kind: str = ""

    @property
    def text(self) -> str:
        """The phrase in words, such as "red striped circle"."""
        return " ".join(part for part in (self.colour, self.pattern, self.kind) if part)

    @property
    def held_out(self) -> bool:
        """Whether training must never show or say this."""
        return (self.colour, self.kind) in HELD_OUT

    def says(self, other: Phrase) -> bool:
        """Whether ``other`` is true of whatever this phrase describes in full."""
        return all(
            not asked or asked == is_
            for asked, is_ in zip(
                (other.colour, other.pattern, other.kind), (self.colour, self.pattern, self.kind), strict=True
            )
        )


def _vocabulary() -> tuple[Phrase, ...]:
    colours, patterns = ("", *COLOURS), ("", *PATTERNS)
    shapes = [Phrase(*parts) for parts in product(colours, patterns, ("", *SHAPES)) if any(parts)]
    particles = [Phrase(colour, "", kind) for colour, kind in product(colours, PARTICLES)]
    named = [Phrase(kind=kind) for kind in (*TEXTURES, "nuclei", "background", "empty background")]
    stained = [Phrase(kind=kind) for kind in ("stained nuclei", "fluorescent nuclei", "stained tissue")]
    return tuple(shapes + particles + named + stained)


VOCABULARY: tuple[Phrase, ...] = _vocabulary()
"""Every phrase that can be said in training or asked in a test, held-out ones included."""

INDEX = {phrase: number for number, phrase in enumerate(VOCABULARY)}


def wording(phrase: Phrase, rng: np.random.Generator) -> str:
    """The phrase as somebody might write it: a synonym now and then, and a template around it."""
    words = []
    for word in (phrase.colour, phrase.pattern, phrase.kind):
        others = SYNONYMS.get(word, ())
        words.append(str(rng.choice(others)) if others and rng.random() < 0.3 else word)
    return str(rng.choice(TEMPLATES)).format(" ".join(filter(None, words)))


def all_wordings() -> list[str]:
    """Every wording training may use, which fixes the words the model knows."""
    words = {w for phrase in VOCABULARY for w in (phrase.colour, phrase.pattern, phrase.kind) if w}
    forms = words | {other for word in words for other in SYNONYMS.get(word, ())}
    return sorted(template.format(form) for template in set(TEMPLATES) for form in forms)
