import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_ovseg.annotation.neighbours import hinted, nearest

VOID = 255
FLAT = np.full((4, 4, 3), 0.5, np.float32)


def painted(*pixels):
    human = np.full((4, 4), VOID, np.uint8)
    for row, column, id in pixels:
        human[row, column] = id
    return human


def test_hints_are_taken_only_where_both_slices_look_alike():
    other = FLAT.copy()
    other[0, 0] = 0.9
    found = hinted(painted(), FLAT, [(other, painted((0, 0, 1), (1, 1, 2), (2, 2, 0)))])
    assert np.array_equal(found, painted((1, 1, 2), (2, 2, 0)))


def test_own_pixels_come_first_then_the_nearest_slice():
    own = painted((0, 0, 3))
    found = hinted(own, FLAT, [(FLAT, painted((0, 0, 1), (1, 1, 1))), (FLAT, painted((1, 1, 2), (2, 2, 2)))])
    assert np.array_equal(found, painted((0, 0, 3), (1, 1, 1), (2, 2, 2)))
    assert np.array_equal(own, painted((0, 0, 3)))


@given(st.sets(st.integers(0, 30)), st.integers(0, 30))
def test_the_nearest_of_a_stack_are_one_on_each_side(corrected, here):
    found = nearest((here,), [(at,) for at in corrected if at != here])
    before, after = ([at for at in corrected if (at < here if side else at > here)] for side in (True, False))
    wanted = {(max(before),)} if before else set()
    wanted |= {(min(after),)} if after else set()
    assert set(found) == wanted
    distances = [abs(at - here) for (at,) in found]
    assert distances == sorted(distances)


def test_a_film_of_stacks_has_neighbours_in_time_and_depth():
    corrected = [(0, 5), (2, 5), (9, 5), (2, 1), (2, 9), (3, 6)]
    assert set(nearest((2, 4), corrected)) == {(2, 5), (2, 1)}
    assert set(nearest((5, 5), corrected)) == {(2, 5), (9, 5)}
