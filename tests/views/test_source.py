"""Parts of a picture at any level of detail, against numpy's means over blocks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ovseg import segment
from napari_ovseg.errors import InputError
from napari_ovseg.views.source import PictureInMemory, PictureSource, reduce, shrunk, source_of
from tiny import tiny_model


def picture(height, width, seed=0):
    return np.random.default_rng(seed).random((height, width, 3)).astype(np.float32)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 4))
def test_a_level_is_the_mean_of_blocks(rows, columns, factor):
    pixels = picture(rows * factor, columns * factor)
    level = PictureInMemory(pixels).read(side=max(rows, columns))
    blocks = pixels.astype(np.float64).reshape(rows, factor, columns, factor, 3).mean((1, 3))
    np.testing.assert_allclose(level, blocks, rtol=1e-5)
    assert level.dtype == np.float32


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 40), st.integers(2, 40), st.integers(1, 60), st.integers(0, 10_000))
def test_a_part_is_cut_from_its_level_and_holds_each_pixel_that_the_box_touches(height, width, side, seed):
    rng = np.random.default_rng(seed)
    (top, bottom), (left, right) = np.sort(rng.random((2, 2)), axis=1)
    source = PictureInMemory(picture(height, width))
    whole, part = source.read(side=side), source.read((top, left, bottom, right), side=side)
    rows = [r for r in range(len(whole)) if (r + 1) / len(whole) > top and r / len(whole) < bottom]
    columns = [
        c for c in range(whole.shape[1]) if (c + 1) / whole.shape[1] > left and c / whole.shape[1] < right
    ]
    np.testing.assert_array_equal(part, whole[np.ix_(rows, columns)])


def test_no_level_is_finer_than_the_picture_and_levels_may_be_read_in_any_order():
    pixels = picture(12, 30)
    source = PictureInMemory(pixels)
    np.testing.assert_array_equal(source.read(side=1000), pixels)
    assert source.read(side=10).shape == (4, 10, 3)
    np.testing.assert_array_equal(source.read(side=30), pixels)
    np.testing.assert_array_equal(source.read(side=10), reduce(pixels, 10))


def test_what_is_shrunk_keeps_its_aspect_and_one_pixel_at_least():
    assert shrunk((100, 50), 20) == (20, 10)
    assert shrunk((1000, 1), 20) == (20, 1)
    assert shrunk((10, 5), 20) == (10, 5)


def test_a_source_is_taken_as_it_is_and_arrays_as_pictures():
    source = PictureInMemory(picture(4, 5))
    assert source_of(source) is source
    assert source_of(np.eye(7, dtype=np.uint8)).size == (7, 7)
    with pytest.raises(InputError, match="one array"):
        source_of("picture.png")


class Checkerboard:
    """A picture that is nowhere in memory: 20 x 36 squares of 50 pixels."""

    size = (1000, 1800)

    def __init__(self):
        self.pixels_read = 0

    def read(self, box=(0.0, 0.0, 1.0, 1.0), *, side):
        height, width = shrunk(self.size, side)
        rows = np.arange(int(box[0] * height), int(np.ceil(box[2] * height)))
        columns = np.arange(int(box[1] * width), int(np.ceil(box[3] * width)))
        squares = (rows * 20 // height)[:, None] + (columns * 36 // width)
        self.pixels_read = max(self.pixels_read, squares.size)
        return np.repeat((squares % 2)[..., None], 3, axis=2).astype(np.float32)


@pytest.mark.usefixtures("own_text_cache", "everything_there")
def test_a_picture_that_is_never_in_memory_is_segmented_at_full_size():
    board = Checkerboard()
    assert isinstance(board, PictureSource)
    found = segment(board, "cat, dog", model=tiny_model(), preset="fast", known=True)
    assert found.masks.shape == board.size
    assert 0 < board.pixels_read <= 512 * 512
