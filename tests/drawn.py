"""Labelled pictures for property tests: touching things, holes, single pixels, void, ids with gaps."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import strategies as st

from napari_ovseg.categories import labels_dtype, void_id
from napari_ovseg.labelled import LabelledPicture, NamedLabel

NAMES = ["cat", "Köter, groß", 'a "b": c', "猫", "x" * 60, "dog", "- no", "{e}"]


@st.composite
def labelled(draw: st.DrawFn, name: str = "a", void: bool = True, largest: int = 1000) -> LabelledPicture:
    numbers = st.integers(1, 254) if draw(st.booleans()) else st.integers(1, largest)
    ids = draw(st.lists(numbers, unique=True, max_size=4))
    names = draw(st.permutations(NAMES))
    colours = st.tuples(*[st.integers(0, 255)] * 3)
    categories = tuple(
        NamedLabel(number, names[place], draw(colours), ("other",) * (place % 2))
        for place, number in enumerate(sorted(ids))
    )
    top = max(ids, default=0)
    values = [0, *ids, *([void_id(top)] if void else [])]
    shape = draw(st.tuples(st.integers(1, 12), st.integers(1, 12)))
    labels = draw(hnp.arrays(labels_dtype(top), shape, elements=st.sampled_from(values)))
    return LabelledPicture(name, labels, categories)


def many(count: int = 300) -> LabelledPicture:
    """Return `count` categories in blocks that touch, with a hole in some and void at the end."""
    side = int(np.ceil(np.sqrt(count)))
    blocks = np.arange(1, side * side + 1).reshape(side, side)
    blocks[blocks > count] = 0
    labels = np.kron(blocks, np.ones((5, 5), int)).astype(np.uint16)
    labels[2::10, 2::10] = 0
    labels[-1, -1] = void_id(count)
    categories = tuple(
        NamedLabel(number, f"name {number}", (number % 256, number // 256, 7))
        for number in range(1, count + 1)
    )
    return LabelledPicture("many", labels, categories)


def ids_of(picture: LabelledPicture) -> list[int]:
    return [category.id for category in picture.categories]


def void_of(picture: LabelledPicture) -> int:
    return void_id(max(ids_of(picture), default=0))
