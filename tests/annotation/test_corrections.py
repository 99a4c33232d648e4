import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_ovseg.annotation.corrections import Baseline
from napari_ovseg.categories import void_of

PIXELS = hnp.arrays(bool, (5, 6))
LABELS = hnp.arrays(np.uint8, (5, 6), elements=st.sampled_from([0, 1, 2, 3, 255]))


@given(LABELS, LABELS, LABELS)
def test_human_pixels_are_those_that_differ_and_those_that_were(written, human, now):
    """Independent oracle: pixel by pixel."""
    found = Baseline.of(written, human).human_pixels(now)
    for at in np.ndindex(now.shape):
        assert found[at] == (now[at] if now[at] != written[at] else human[at])


@given(LABELS, LABELS)
def test_undoing_a_stroke_takes_it_back(written, human):
    assert np.array_equal(Baseline.of(written, human).human_pixels(written), human)


@given(LABELS, LABELS, PIXELS)
def test_a_packed_baseline_comes_back_as_it_was(written, human, agreed):
    back = Baseline(written, human, agreed).packed().unpacked()
    assert np.array_equal(back.written, written)
    assert np.array_equal(back.human, human)
    assert np.array_equal(back.agreed, agreed)
    assert back.human.dtype == np.uint8
    back.written[0, 0] = 7


def test_untouched_labels_are_nobodys():
    for dtype, void in ((np.uint8, 255), (np.uint16, 65535)):
        labels = np.arange(12, dtype=dtype).reshape(3, 4)
        assert void_of(labels) == void
        assert (Baseline.of(labels).human_pixels(labels) == void).all()
