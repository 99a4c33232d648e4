import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from napari_ovseg.models.fast.windows import blended, corners, shown_size

SIDES = st.integers(2, 3000)


@given(SIDES, SIDES, st.sampled_from([(64, 8), (256, 8), (448, 16)]))
def test_a_picture_is_shown_with_one_to_four_windows_of_pixels_in_its_aspect(height, width, sizes):
    window, patch = sizes
    rows, columns = shown_size((height, width), window, patch)
    assert rows % patch == columns % patch == 0
    scale = min(max(math.sqrt(height * width), window), 2 * window) / math.sqrt(height * width)
    scale = min(scale, 4 * window / max(height, width))
    for shown, own in ((rows, height), (columns, width)):
        assert abs(shown - own * scale) <= patch / 2 or shown == patch


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([(64, 8), (48, 16)]))
def test_windows_cover_every_pixel_and_stay_inside(rows, columns, sizes):
    window, patch = sizes
    size = rows * patch, columns * patch
    seen = torch.zeros(size)
    for top, left in corners(size, window, patch):
        assert top % patch == left % patch == 0
        part = seen[top : top + window, left : left + window]
        assert part.shape == (min(window, size[0]), min(window, size[1]))
        part += 1
    assert (seen > 0).all()


def test_blended_windows_of_one_map_are_that_map_whatever_their_overlap():
    whole = torch.rand(3, 40, 56)
    size = (80, 112)

    def parts():
        for top, left in corners(size, 32, 8):
            yield (top, left), whole[:, top // 2 : top // 2 + 16, left // 2 : left // 2 + 16]

    torch.testing.assert_close(blended(parts(), size, 2), whole)


def test_where_windows_overlap_the_one_that_shows_more_around_counts_more():
    parts = [((0, 0), torch.zeros(1, 16, 16)), ((0, 24), torch.ones(1, 16, 16))]
    joined = blended(iter(parts), (32, 56), 2)[0, 8]
    assert joined[:12].max() == 0
    assert joined[16:].min() == 1
    assert joined[12:16].tolist() == sorted(joined[12:16].tolist())
    assert joined[12:16].mean() == pytest.approx(0.5)
