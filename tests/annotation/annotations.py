"""Annotations to be saved: drawn by hypothesis, and small ones; and whether what was loaded is the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_ovseg.annotation import Annotation, PictureIdentity, SliceAnnotation
from napari_ovseg.categories import Category
from napari_ovseg.labelled import NamedLabel
from napari_ovseg.segmentation import State

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cs"]), min_size=1, max_size=12)
UNIT = st.floats(0, 1, width=32)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
RECORDS = st.dictionaries(NAMES, JSON, max_size=4)


@st.composite
def states(draw):
    ids = tuple(draw(st.lists(st.integers(1, 65534), max_size=3, unique=True)))
    grid = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    scores = draw(hnp.arrays(np.float32, (len(ids) + 1, *grid), elements=UNIT))
    deep = hnp.arrays(np.float32, (2, 3, 2), elements=st.floats(-9, 9, width=32))
    return State(ids, scores, draw(st.none() | deep), draw(st.floats(0, 99)))


@st.composite
def slice_annotations(draw):
    shape = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    labels = hnp.arrays(draw(st.sampled_from([np.uint8, np.uint16])), shape)
    masks = draw(labels)
    return SliceAnnotation(
        masks=masks,
        human=draw(hnp.arrays(masks.dtype, shape)),
        pseudo_labels=draw(st.none() | labels),
        confidence=draw(st.none() | hnp.arrays(np.float32, shape, elements=UNIT)),
        presence=draw(st.dictionaries(NAMES, UNIT, max_size=2)),
        state=draw(st.none() | states()),
        record=draw(RECORDS),
        done=draw(st.booleans()),
    )


@st.composite
def annotations(draw):
    ids = draw(st.lists(st.integers(1, 65534), max_size=4, unique=True))
    colours = st.tuples(*[st.integers(0, 255)] * 3)
    words = st.lists(NAMES, max_size=2).map(tuple)
    size = draw(st.integers(0, 2))
    positions = st.tuples(*[st.integers(0, 2000)] * size)
    identity = PictureIdentity(Path("/data/cells.tif").absolute(), "file:00", (3, 4), "uint8", 12, 10**18)
    return Annotation(
        labels=tuple(NamedLabel(i, draw(NAMES), draw(colours), draw(words)) for i in ids),
        background=draw(st.none() | st.just(Category("background", ("grass", "sky"), background=True))),
        locked=frozenset(draw(st.sets(st.integers(0, 65534), max_size=3))),
        slices=draw(st.dictionaries(positions, slice_annotations(), max_size=3)),
        settings=draw(RECORDS),
        picture=draw(st.none() | st.just(identity)),
    )


def assert_same(found: Annotation, expected: Annotation) -> None:
    assert replace(found, slices={}) == replace(expected, slices={})
    assert list(found.slices) == sorted(expected.slices)
    for position, content in expected.slices.items():
        again = found.slices[position]
        for name in ("masks", "human", "pseudo_labels"):
            saved = getattr(content, name)
            if saved is None:
                assert getattr(again, name) is None
            else:
                np.testing.assert_array_equal(getattr(again, name), saved, strict=True)
        assert_near(again.confidence, content.confidence, 0.5 / 255 + 1e-6)
        assert (again.state is None) == (content.state is None)
        if content.state is not None:
            assert again.state.ids == content.state.ids
            assert_near(again.state.scores, content.state.scores, 3e-4)
            assert_near(again.state.features, content.state.features, 5e-3)
        assert (again.presence, again.record, again.done) == (content.presence, content.record, content.done)


def assert_near(found, expected, most):
    assert (found is None) == (expected is None)
    if expected is not None:
        assert found.dtype == np.float32
        assert found.shape == expected.shape
        assert np.abs(found - expected).max(initial=0) <= most


def small(number: int = 0, slices: int = 1) -> Annotation:
    masks = np.full((5, 7), number % 200, np.uint8)
    labels = (NamedLabel(1, f"state {number}", (1, 2, 3)),)
    return Annotation(labels, slices={(i,): SliceAnnotation(masks + i, masks.copy()) for i in range(slices)})


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}
