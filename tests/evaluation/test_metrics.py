"""Against a slow reading of the definitions, pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ovseg.evaluation.metrics import Counts, count, count_boundaries, near_outline, pooled

VOID = -1


def eroded(mask: np.ndarray, times: int) -> np.ndarray:
    """Erosion with 3 x 3 pixels, by loops; outside is not the mask (Cheng et al. pad with 0)."""
    for _ in range(times):
        before = np.pad(mask, 1)
        mask = np.array(
            [[before[i : i + 3, j : j + 3].all() for j in range(mask.shape[1])] for i in range(mask.shape[0])]
        )
    return mask


def slow_boundary_iou(truth: np.ndarray, found: np.ndarray, width: int) -> dict[int, float]:
    """Cheng et al. 2021, equation 4, class by class; what doesn't count is of no class, in both."""
    found = np.where(truth == VOID, VOID, found)
    scores = {}
    for number in sorted({*truth.ravel().tolist(), *found.ravel().tolist()} - {VOID}):
        there, painted = truth == number, found == number
        edge_there, edge_painted = there & ~eroded(there, width), painted & ~eroded(painted, width)
        scores[number] = (edge_there & edge_painted).sum() / (edge_there | edge_painted).sum()
    return scores


def slow_iou(truth: np.ndarray, found: np.ndarray) -> dict[int, float]:
    pairs = [(t, f) for t, f in zip(truth.ravel().tolist(), found.ravel().tolist(), strict=True) if t != VOID]
    return {
        k: sum(t == k == f for t, f in pairs) / sum(k in (t, f) for t, f in pairs)
        for k in {number for pair in pairs for number in pair}
    }


@st.composite
def labelled(draw, least=2, most=14):
    """Blocks of classes with void, and masks that agree here and there."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    size = draw(st.tuples(st.integers(least, most), st.integers(least, most)))
    block = draw(st.integers(1, 5))
    coarse = rng.integers(VOID, 4, (-(-size[0] // block), -(-size[1] // block)))
    truth = np.kron(coarse, np.ones((block, block), int))[: size[0], : size[1]].astype(np.int32)
    wrong = rng.random(size) < draw(st.floats(0, 1))
    found = np.where(wrong, rng.integers(0, 5, size), np.maximum(truth, 0)).astype(np.int32)
    return truth, found


@given(labelled())
def test_iou_is_that_of_the_definition(pair):
    assert count(*pair).iou() == pytest.approx(slow_iou(*pair))


@settings(max_examples=25)
@given(labelled())
def test_boundary_iou_is_that_of_the_definition(pair):
    truth, found = pair
    width = max(1, round(0.02 * np.hypot(*truth.shape)))
    assert width == 1
    assert count_boundaries(truth, found).iou() == pytest.approx(slow_boundary_iou(truth, found, width))


@settings(max_examples=25)
@given(labelled(), st.integers(1, 5))
def test_near_an_outline_is_what_erosion_takes_away(pair, width):
    truth, _ = pair
    slow = np.zeros(truth.shape, bool)
    for number in np.unique(truth):
        slow |= (truth == number) & ~eroded(truth == number, width)
    assert (near_outline(truth, width) == slow).all()


def test_a_boundary_is_two_per_cent_of_the_diagonal_wide():
    truth = np.zeros((300, 400), np.int32)
    truth[:, 200:] = 1
    counted = count_boundaries(truth, truth).of
    # 10 pixels on each side of the line and along the border
    assert counted[0][2] == 300 * 200 - 280 * 180
    shifted = np.roll(truth, 10, 1)
    shifted[:, :10] = 0
    assert count_boundaries(truth, shifted).mean_iou() < count(truth, shifted).mean_iou()


@given(labelled())
def test_what_is_found_in_void_never_counts_and_perfect_masks_score_one(pair):
    truth, found = pair
    other = np.where(truth == VOID, 3 - found, found)
    for score in (count, count_boundaries):
        assert score(truth, found) == score(truth, other)
        perfect = score(truth, np.where(truth == VOID, found, truth))
        assert set(perfect.iou().values()) <= {1.0}


@given(st.lists(labelled(), min_size=1, max_size=4))
def test_pooling_adds_up_pixels_before_dividing(pairs):
    truth = np.concatenate([t.ravel() for t, _ in pairs])[None]
    found = np.concatenate([f.ravel() for _, f in pairs])[None]
    total = pooled(count(*pair) for pair in pairs)
    assert total.iou() == pytest.approx(slow_iou(truth, found))
    counts = truth != VOID
    right = (truth == found)[counts].mean() if counts.any() else None
    assert total.accuracy() == (pytest.approx(right) if counts.any() else None)


def test_nothing_that_counts_has_no_score():
    nothing = count(np.full((2, 2), VOID, np.int32), np.zeros((2, 2), np.int32))
    assert nothing == Counts()
    assert nothing.mean_iou() is None
