"""Baselines of a stack: whatever is packed meanwhile, each is what was last made of it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_ovseg._napari.layers.baselines import _MOST_OPEN, Baselines
from napari_ovseg.annotation.corrections import Baseline

SLICES = _MOST_OPEN + 3
actions = st.lists(
    st.tuples(st.sampled_from(["of", "change", "set", "set packed"]), st.integers(0, SLICES - 1)), max_size=60
)


def plane(value):
    return np.full((3, 4), value, np.uint8)


@given(actions)
def test_each_is_what_was_last_made_of_it(actions):
    baselines, expected = Baselines(), {}
    for number, (what, z) in enumerate(actions, 1):
        at, empty = (z,), lambda: plane(0)
        if what.startswith("set"):
            new = Baseline.of(plane(number))
            baselines.set(at, new.packed() if what == "set packed" else new)
            expected[at] = (number, 255)
        elif what == "change":
            baselines.to_change(at, empty).human[0, 0] = number
            expected[at] = (expected.get(at, (0, 255))[0], number)
        else:
            baselines.of(at, empty)
            expected.setdefault(at, (0, 255))
        assert (at in baselines) is (at in expected)
    assert baselines.positions == set(expected)
    for at, (written, human) in expected.items():
        found = baselines.packed(at).unpacked()
        assert (found.written == written).all()
        assert (found.human[0, 0], found.human[1, 1]) == (human, 255)
        assert (baselines.of(at, lambda: plane(0)).human == found.human).all()


def test_of_slices_that_were_gone_through_most_are_packed():
    baselines = Baselines()
    for z in range(100):
        baselines.of((z,), lambda: plane(0))
    assert len(baselines._open) == _MOST_OPEN
    assert baselines.positions == {(z,) for z in range(100)}
