import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_ovseg.errors import InputError
from napari_ovseg.single_image.constraints import check, hold, painted_cells

SIZES = st.tuples(st.integers(1, 9), st.integers(1, 9))


@settings(deadline=None)
@given(st.data(), SIZES, SIZES)
def test_a_cell_has_the_id_most_of_its_painted_pixels_have(data, size, grid):
    """Independent oracle: pixel by pixel, in plain Python."""
    human = data.draw(hnp.arrays(np.uint8, size, elements=st.sampled_from([0, 1, 2, 255, 255, 255])))
    counts: dict[int, dict[int, int]] = {}
    for (row, column), value in np.ndenumerate(human):
        if value != 255:
            cell = int(row * grid[0] // size[0]) * grid[1] + int(column * grid[1] // size[1])
            votes = counts.setdefault(cell, {})
            votes[int(value)] = votes.get(int(value), 0) + 1
    expected = {cell: min(votes, key=lambda one: (-votes[one], one)) for cell, votes in counts.items()}
    cells, ids = painted_cells(human, 255, grid)
    assert dict(zip(cells.tolist(), ids.tolist(), strict=True)) == expected
    assert (np.diff(cells) > 0).all()


def test_human_pixels_come_before_locked_ones_and_both_before_the_rest():
    masks = np.array([[1, 1, 2, 2]], np.uint8)
    human = np.array([[255, 3, 255, 0]], np.uint8)
    found = np.array([[2, 2, 1, 1]], np.uint8)
    np.testing.assert_array_equal(hold(found, masks, human, 255, {1}), [[True, True, False, True]])
    np.testing.assert_array_equal(found, [[1, 3, 1, 0]])


def test_what_does_not_fit_is_refused():
    good = np.zeros((4, 5), np.uint8)
    assert check(good, good, (4, 5)) == 255
    assert check(good.astype(np.uint16), good.astype(np.uint16), (4, 5)) == 65535
    for masks, human in (
        (good.T, good),
        (good, good[1:]),
        (good.astype(int), good),
        (good, good.astype(np.uint16)),
    ):
        with pytest.raises(InputError):
            check(masks, human, (4, 5))
