import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt
from skimage.morphology import reconstruction

from napari_ovseg.single_image.reach import standing

VOID = 255
SIZE = (30, 40)


def blank(value=0):
    return np.full(SIZE, value, np.uint8)


def sure(value=1.0):
    return np.full(SIZE, value, np.float32)


def patches(seed, share=0.5):
    """Patches of two ids."""
    coarse = np.random.default_rng(seed).random((6, 8)) < share
    return np.kron(coarse, np.ones((5, 5), np.uint8)).astype(np.uint8)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(0, 1))
def test_strokes_of_one_kind_change_nothing_sure_that_they_do_not_touch(seed, kind):
    draw = np.random.default_rng(seed)
    start, found, human = patches(seed), patches(seed + 1), blank(VOID)
    for row, column in draw.integers(0, (28, 38), (3, 2)):
        human[row : row + 2, column : column + 2] = kind
    found[human == kind] = kind
    stands = standing(found, start, sure(), human, VOID, ())
    after = np.where(stands, found, start)
    changed, strokes = after != start, human == kind
    # what hangs together, by another library's flooding from the strokes, with four neighbours
    flooded = reconstruction(
        strokes.astype(float),
        (((found != start) & (found == kind)) | strokes).astype(float),
        footprint=np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]]),
    )
    assert (flooded[changed] == 1).all()
    assert (after[changed] == kind).all()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6))
def test_all_stands_once_two_categories_are_painted(seed):
    human = blank(VOID)
    human[0, 0], human[0, 1] = 1, 2
    assert standing(patches(seed), patches(seed + 1), sure(), human, VOID, ()).all()


def test_a_name_that_no_map_is_of_may_appear_anywhere():
    found, human = blank(), blank(VOID)
    found[:4], human[20, 20] = 3, 3
    assert standing(found, blank(), sure(), human, VOID, [3]).all()
    assert not standing(found, blank(), sure(), human, VOID, ())[:4].any()


def test_what_hangs_together_with_a_stroke_stands_while_most_of_the_other_category_is_left():
    found, human = blank(), blank(VOID)
    found[10:12], human[10:12, :4] = 1, 1
    assert standing(found, blank(), sure(), human, VOID, ()).all()


def test_background_takes_a_square_of_a_category_that_would_be_lost_the_nearest_pixels_first():
    found, human, length = blank(1), blank(VOID), 6
    found[5:25], human[14:16, 10 : 10 + length] = 0, 0
    changed = standing(found, blank(1), sure(), human, VOID, ()) & (found == 0)
    away = distance_transform_edt(human == VOID)
    assert length**2 <= changed.sum() <= 2 * length**2
    assert away[changed].max() <= away[~changed & (found == 0)].min()


def test_a_name_takes_all_that_hangs_together_with_its_stroke():
    found, human = blank(), blank(VOID)
    found[5:25], human[14:16, 10:16] = 1, 1
    assert standing(found, blank(), sure(), human, VOID, ()).all()


@pytest.mark.parametrize(("of_it", "stands"), [(0.1, True), (0.9, False)])
def test_unsure_sprinkles_change_unless_most_of_the_category_goes(of_it, stands):
    """Id 2 lies in ground of id 1, one part of it unsure and found to be 1; a stroke says 1 elsewhere."""
    start, lead, human = blank(1), sure(), blank(VOID)
    start[:10], human[25, 5:15] = 2, 1
    found = start.copy()
    columns = round(of_it * 40)
    found[:10, :columns], lead[:10, :columns] = 1, 0.2
    assert (standing(found, start, lead, human, VOID, ())[:10, :columns] == stands).all()


def test_a_category_does_not_grow_far_from_its_strokes_by_more_than_a_part():
    start, human, lead = blank(), blank(VOID), sure(0.2)
    start[:4], human[2, 2] = 1, 1
    for rows, stands in ((1, True), (3, False)):
        found = start.copy()
        found[20 : 20 + rows] = 1
        assert (standing(found, start, lead, human, VOID, ())[20 : 20 + rows] == stands).all()
