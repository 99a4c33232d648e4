import numpy as np
import pytest

from napari_ovseg.annotation.taken_in import TAKEN_FROM, taken_in
from napari_ovseg.errors import InputError
from napari_ovseg.labelled import LabelledPicture, named_labels
from napari_ovseg.single_image import SingleImage

VOID = 255


def blocks(size, dtype=np.uint8):
    """Quarters: background, 1, 2 and, in the last, what is unsure."""
    labels = np.zeros((size, size), dtype)
    half = size // 2
    labels[:half, half:], labels[half:, :half], labels[half:, half:] = 1, 2, np.iinfo(dtype).max
    return labels


def work(labels, **options):
    return taken_in({(): LabelledPicture("a", labels, named_labels(("x", "y")))}, "a.png", **options)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_labels_count_as_the_machines_and_unsure_ones_as_background_it_does_not_know(dtype):
    piece = work(blocks(8, dtype)).slices[()]
    unsure = blocks(8) == VOID
    assert piece.masks.dtype == np.uint8
    assert np.array_equal(piece.masks, np.where(unsure, 0, blocks(8)))
    assert np.array_equal(piece.pseudo_labels, blocks(8))
    assert (piece.human == VOID).all()
    assert np.array_equal(piece.confidence < 0.5, unsure)
    assert piece.record[TAKEN_FROM] == "a.png"


def test_labels_that_are_mine_are_human_pixels_but_for_the_background():
    piece = work(blocks(8), mine=True).slices[()]
    assert np.array_equal(piece.human != VOID, (piece.masks > 0))
    assert np.array_equal(piece.human[piece.masks > 0], piece.masks[piece.masks > 0])


@pytest.mark.parametrize("size", [96, 700])
def test_an_update_without_strokes_leaves_them_and_strokes_of_both_categories_spread(size):
    rows, columns = np.mgrid[:size, :size] * 4 // size
    looks = np.array([[0.1, 0.2, 0.3], [0.8, 0.2, 0.2], [0.2, 0.8, 0.2], [0.2, 0.2, 0.8]], np.float32)
    truth = ((rows + columns) % 4).astype(np.uint8)
    noise = np.random.default_rng(0).normal(0, 0.03, (size, size, 3))
    picture = (looks[truth] + noise).clip(0, 1).astype(np.float32)
    piece = work(np.where(truth == 3, 0, truth)).slices[()]
    import torch

    ready = SingleImage(picture, piece.state, edges=torch.from_numpy(piece.state.scores))
    same = ready.update(piece.masks, piece.human).masks
    assert (same == piece.masks).mean() > (0.999 if size <= 512 else 0.98)
    human = piece.human.copy()
    # in the middle of one of the squares that were taken for background
    row, column = size * 3 // 8, size * 5 // 8
    human[row - size // 40 : row + size // 40, column - size // 20 : column + size // 20] = 1
    # and in the middle of one of background
    row, column = size * 3 // 8, size * 7 // 8
    assert truth[row, column] == 0
    human[row - size // 40 : row + size // 40, column - size // 20 : column + size // 20] = 0
    after = ready.update(piece.masks, human).masks
    assert (after == 1)[truth == 3].mean() > 0.85
    assert (after == truth)[truth < 3].mean() > 0.9


def test_labels_without_categories_are_refused():
    with pytest.raises(InputError, match="no categories"):
        taken_in({(): LabelledPicture("a", blocks(8), ())}, "a.png")
