from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ovseg.large.tiles import tiles_of

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
