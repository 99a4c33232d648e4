import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ovseg.errors import Cancelled
from napari_ovseg.single_image import teaching
from napari_ovseg.single_image.teaching import Strokes, Teaching, trust

SIZE = (40, 50)


def painted(*boxes):
    """Pixels and rows of some boxes ``(row of the scores, top, left, bottom, right)``."""
    human = np.full(SIZE, -1)
    for row, *box in boxes:
        human[box[0] : box[2], box[1] : box[3]] = row
    pixels = np.flatnonzero(human >= 0)
    return pixels, human.ravel()[pixels]


def order(seed=0):
    return np.random.default_rng(seed).permutation(SIZE[0] * SIZE[1])


def stripes():
    """Three kinds of ground side by side, told apart by one feature each and some noise."""
    kind = np.repeat(np.arange(3), [20, 15, 15])[None, :] * np.ones((40, 1), int)
    noise = np.random.default_rng(0).normal(0, 0.3, (*SIZE, 3))
    return kind, (np.eye(3)[kind] + noise).astype(np.float32)


def shares(labels, count=3, sure=0.9):
    """Scores that say these labels."""
    others = (1 - sure) / (count - 1)
    return np.where(np.arange(count)[:, None] == labels.ravel(), sure, others).astype(np.float32)


def asked(scores, pixels, rows, known=None):
    _, features = stripes()
    known = np.ones(len(scores), bool) if known is None else known
    return Teaching(features)(scores, scores.argmax(0), known, pixels, rows)


def test_a_stroke_is_what_hangs_together_and_is_of_one_category():
    strokes = Strokes.of(
        *painted((1, 2, 2, 6, 6), (0, 2, 6, 6, 10), (1, 20, 2, 22, 9), (1, 22, 9, 24, 11)), SIZE, order()
    )
    assert strokes.count == 3
    assert {tuple(np.unique(strokes.rows[strokes.strokes == n])) for n in range(3)} == {(0,), (1,)}


def test_each_category_weighs_the_same_and_one_alone_as_much_as_it_would_beside_another():
    both = Strokes.of(*painted((1, 2, 2, 6, 6), (0, 20, 2, 38, 40)), SIZE, order())
    sums = [both.weights()[both.rows == row].sum() for row in (0, 1)]
    np.testing.assert_allclose(sums, teaching.STROKES_WEIGH / 2)
    alone = Strokes.of(*painted((1, 2, 2, 6, 6)), SIZE, order())
    np.testing.assert_allclose(alone.weights().sum(), teaching.STROKES_WEIGH / 2)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6))
def test_large_strokes_are_thinned_the_same_whatever_is_painted_elsewhere(seed):
    one = painted((1, 0, 0, 30, 40))
    more = painted((1, 0, 0, 30, 40), (0, 33, 0, 38, 40))
    first, then = (Strokes.of(*some, SIZE, order(seed)) for some in (one, more))
    assert (first.rows == 1).sum() == teaching.MOST_OF_STROKE
    np.testing.assert_array_equal(first.pixels, then.pixels[then.rows == 1])


def plain_trust(scores, strokes, known):
    """As it is described, stroke by stroke."""
    found = [1.0] * len(scores)
    of = {
        n: (strokes.rows[strokes.strokes == n][0], strokes.pixels[strokes.strokes == n])
        for n in range(strokes.count)
    }
    for row in range(1, len(scores)):
        wrong = sorted(
            (scores[row, where].mean() for other, where in of.values() if other != row), reverse=True
        )
        own = sum(painted_with == row for painted_with, _ in of.values())
        found[row] = max(0.05, (1 - min(1, 0.95 * sum(wrong[: min(3, own)]) / 3)) ** 2)
    if not all(known[row] for row, _ in of.values()):
        found[0] = 0.05
    return found


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.lists(st.integers(0, 2), min_size=1, max_size=6), st.booleans())
def test_trust_is_lost_as_it_is_described(seed, rows, knows_all):
    draw = np.random.default_rng(seed)
    scores = draw.dirichlet(np.ones(3), SIZE[0] * SIZE[1]).T.astype(np.float32)
    strokes = Strokes.of(
        *painted(*((row, 6 * n, 3, 6 * n + 4, 20) for n, row in enumerate(rows))), SIZE, order()
    )
    known = np.array([True, True, knows_all])
    found = trust(scores[:, strokes.pixels], strokes, known)
    np.testing.assert_allclose(found, plain_trust(scores, strokes, known), rtol=1e-4)


def test_a_mistake_in_one_place_costs_the_category_little():
    """One stroke of background over a spot that was called the first name, one over the name itself."""
    kind, _ = stripes()
    said = kind.copy()
    said[10:16, 4:10] = 1
    found = asked(shares(said), *painted((0, 11, 5, 15, 9), (1, 5, 25, 9, 30)))
    best = found.logits.argmax(0).reshape(SIZE)
    assert (best == kind).mean() > 0.95


def test_a_mistake_everywhere_is_mended_everywhere():
    """All of the third ground is called the first name; three strokes of each say which is which."""
    kind, _ = stripes()
    said = np.minimum(kind, 1)
    boxes = [(2, top, 38, top + 4, 46) for top in (2, 14, 26)]
    boxes += [(1, top, 24, top + 4, 30) for top in (2, 14, 26)]
    found = asked(shares(said), *painted(*boxes))
    best = found.logits.argmax(0).reshape(SIZE)
    assert (best[kind == 2] == 2).mean() > 0.8
    assert (best[kind == 1] == 1).mean() > 0.9
    assert found.belief.reshape(SIZE)[kind == 2].mean() < found.belief.reshape(SIZE)[kind == 1].mean() - 0.3


def test_a_name_that_no_map_is_of_is_learnt_from_two_strokes():
    kind, _ = stripes()
    scores = np.stack([np.ones(2000), np.zeros(2000)]).astype(np.float32)
    found = asked(scores, *painted((1, 5, 22, 9, 30), (0, 5, 3, 9, 15)), known=np.array([True, False]))
    best = found.logits.argmax(0).reshape(SIZE)
    assert (best[kind == 1] == 1).mean() > 0.9
    assert (best[kind == 0] == 0).mean() > 0.9


def test_an_unknown_name_leaves_the_known_ones_where_they_are():
    kind, _ = stripes()
    scores = np.concatenate([shares(np.minimum(kind, 2) * (kind < 2), 2), np.zeros((1, 2000), np.float32)])
    found = asked(scores, *painted((2, 5, 38, 9, 46), (0, 5, 3, 9, 15)), known=np.array([True, True, False]))
    best = found.logits.argmax(0).reshape(SIZE)
    assert (best == kind).mean() > 0.9


def test_few_strokes_count_less():
    kind, _ = stripes()
    few = asked(shares(kind), *painted((1, 5, 25, 9, 30)))
    many = asked(shares(kind), *painted(*((1, top, 25, top + 3, 30) for top in range(0, 40, 5))))
    assert abs(few.logits).max() < abs(many.logits).max()


def test_one_category_teaches_nothing():
    assert asked(np.ones((1, 2000), np.float32), *painted((0, 5, 3, 9, 15))) is None


def test_stops_when_asked():
    _, features = stripes()

    def stop():
        raise Cancelled("stopped")

    scores = shares(stripes()[0])
    with pytest.raises(Cancelled):
        Teaching(features)(scores, scores.argmax(0), np.ones(3, bool), *painted((1, 2, 2, 6, 6)), stop)


def test_thinning_keeps_the_first_of_each_group():
    groups, places = np.array([3, 1, 3, 3, 1]), np.array([5, 4, 1, 2, 9])
    np.testing.assert_array_equal(teaching._first(groups, places, 2), [1, 2, 3, 4])
