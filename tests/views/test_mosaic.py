import numpy as np

from napari_ovseg.views.lazy_picture import LazyPicture
from napari_ovseg.views.mosaic import liveliness, mosaic_of
from napari_ovseg.views.source import PictureInMemory


def test_a_mosaic_is_of_the_liveliest_cells_and_some_of_all_others():
    rng = np.random.default_rng(0)
    # cells differ in strength, which tells where one is from; the left half is of one value
    strength = np.arange(1, 41).reshape(5, 8)
    picture = np.kron(strength, np.ones((50, 50))) * rng.choice([-1, 1], (250, 400)) + 100
    picture[:, :200] = 100
    source = LazyPicture([picture.astype(np.uint8)], limits=(0, 200))
    mosaic = mosaic_of(source, source.read(side=100), cell=50, across=3)
    assert mosaic.shape == (150, 150, 3)
    cells = mosaic.reshape(3, 50, 3, 50, 3).swapaxes(1, 2)[..., 0].reshape(9, -1)
    found = np.round((cells.max(1) - cells.min(1)) * 100).astype(int)
    right = sorted(strength[:, 4:].ravel())
    assert set(found) <= set(right)
    assert set(found) >= {right[0], *right[-4:]}
    assert list(found) == sorted(found)


def test_a_picture_of_few_cells_has_a_mosaic_of_these():
    picture = np.random.default_rng(0).integers(0, 255, (40, 90)).astype(np.uint8)
    source = LazyPicture([picture], limits=(0, 255))
    assert mosaic_of(source, source.read(side=90), cell=512, across=3).shape == (40, 80, 3)


def test_cells_are_from_all_over_the_picture_whatever_is_left_over():
    # each pixel says in which column it is
    picture = np.arange(130, dtype=np.float32)[None, :, None].repeat(70, 0).repeat(3, 2) / 130
    mosaic = mosaic_of(PictureInMemory(picture), picture, cell=50, across=3)
    assert mosaic.shape == (50, 100, 3)
    assert (mosaic.min(), mosaic.max()) == (picture.min(), picture.max())


def test_few_cells_that_tell_something_are_all_there_among_others():
    picture = np.zeros((250, 250, 3), np.float32)
    for row, column in ((60, 10), (120, 220), (230, 130)):
        picture[row : row + 5, column : column + 5] = 1
    mosaic = mosaic_of(PictureInMemory(picture), picture, cell=50, across=3)
    assert mosaic.shape == (150, 150, 3)
    assert mosaic.sum() == picture.sum()


def test_one_colour_everywhere_tells_nothing():
    green = np.zeros((20, 20, 3), np.float32)
    green[..., 1] = 0.5
    assert liveliness(green, (slice(0, 10), slice(0, 10)), (20, 20)) == 0
