from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ovseg.large.tiles import SEEN, seen_first, tiles_of
from napari_ovseg.views.source import WHOLE

sides = st.integers(1, 90)


@settings(max_examples=100, deadline=None)
@given(height=sides, width=sides, core=st.integers(9, 40), halo=st.integers(0, 15))
def test_every_pixel_is_in_one_core_and_sees_what_is_around_it(height, width, core, halo):
    size = (height, width)
    covered = np.zeros(size, int)
    for tile in tiles_of(size, core=core, halo=halo):
        covered[tile.core] += 1
        for one, around, length in zip(tile.core, tile.around, size, strict=True):
            assert around.start <= max(0, one.start - halo)
            assert around.stop >= min(length, one.stop + halo)
            assert around.start >= 0
            assert around.stop <= length
            assert around.stop - around.start == min(length, core + 2 * halo)
        # what lies inside the part that is looked at is the core
        numbers = np.arange(height * width).reshape(size)
        np.testing.assert_array_equal(numbers[tile.around][tile.inside], numbers[tile.core])
        assert tile.core[0].start == tile.row * core
        assert tile.core[1].start == tile.column * core
    assert (covered == 1).all()


def test_what_is_seen_comes_first_from_its_middle_on_and_all_else_in_order():
    every = tiles_of((500, 400), core=100, halo=20)
    found = seen_first(every, (0.45, 0.3, 0.75, 0.55))
    assert sorted(tile.key for tile in found) == sorted(tile.key for tile in every)
    keys = [tile.key for tile in found]
    assert keys[:4] == ["2-1", "3-1", "2-2", "3-2"]
    assert keys[4:] == [tile.key for tile in every if tile.key not in keys[:4]]
    many = tiles_of((1000, 1000), core=100, halo=20)
    found = [tile.key for tile in seen_first(many, WHOLE)]
    assert set(found[:4]) == {"4-4", "4-5", "5-4", "5-5"}
    assert found[SEEN:] == [tile.key for tile in many if tile.key not in found[:SEEN]]
    assert seen_first([], WHOLE) == []
