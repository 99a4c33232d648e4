import numpy as np
import pytest

from napari_ovseg.demo.canvases import Canvas, empty_canvas, pieces_of, scene_canvas
from napari_ovseg.demo.crops import PATCH, crop
from napari_ovseg.demo.phrases import INDEX, VOCABULARY, Phrase
from napari_ovseg.demo.truth import FALSE, TRUE, UNSAID


@pytest.mark.parametrize("size", [32, 64, 128])
def test_crops_are_pictures_and_windows_lie_in_them(size: int) -> None:
    rng = np.random.default_rng(0)
    grid = size // PATCH
    for seed in range(10):
        canvas = empty_canvas((0, seed)) if seed % 3 == 0 else scene_canvas((0, seed))
        cut = crop(canvas, size, 5, rng)
        assert cut.picture.shape == (3, size, size)
        assert cut.picture.dtype == np.float32
        assert cut.picture.min() >= 0
        assert cut.picture.max() <= 1
        top, left, bottom, right = cut.windows.T
        assert (top >= 0).all()
        assert (left >= 0).all()
        assert (bottom <= grid).all()
        assert (right <= grid).all()
        assert (bottom - top >= 2).all()
        assert (right - left >= 2).all()
        assert cut.said.shape == (len(VOCABULARY),)
        assert cut.said_of_windows.shape == (5, len(VOCABULARY))


def test_held_out_phrases_are_neither_said_nor_denied() -> None:
    rng = np.random.default_rng(0)
    held_out = np.array([phrase.held_out for phrase in VOCABULARY])
    for seed in range(10):
        cut = crop(scene_canvas((0, seed)), 64, 3, rng)
        assert (cut.said[held_out] == UNSAID).all()
        assert (cut.said_of_windows[:, held_out] == UNSAID).all()


def test_windows_are_said_to_hold_what_lies_in_them_however_the_crop_is_turned() -> None:
    # red above, blue below: whichever way the crop was turned, its pixels tell where red is
    labels = np.ones((96, 96), np.uint8)
    labels[48:] = 2
    picture = np.zeros((96, 96, 3), np.uint8)
    picture[:48, :, 0] = picture[48:, :, 2] = 200
    things = (Phrase("red", "", "crystals"), Phrase("blue", "", "debris"))
    truths = np.array([[thing.says(phrase) for phrase in VOCABULARY] for thing in things])
    canvas = Canvas(picture, labels, truths, np.zeros(2, bool), pieces_of(labels))
    rng = np.random.default_rng(1)
    checked = 0
    for _ in range(20):
        cut = crop(canvas, 64, 6, rng)
        for (top, left, bottom, right), said in zip(cut.windows, cut.said_of_windows, strict=True):
            part = cut.picture[:, top * PATCH : bottom * PATCH, left * PATCH : right * PATCH]
            share = (part[0] > part[2]).mean()
            if share > 0.3:
                assert said[INDEX[Phrase("red")]] == TRUE
            elif share < 0.01:
                assert said[INDEX[Phrase("red")]] == FALSE
            checked += share > 0.3 or share < 0.01
    assert checked > 60
