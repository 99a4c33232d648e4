"""Crops of a picture, and the teacher's vectors of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_ovseg.training.unlabelled import pictures_in
from napari_ovseg.training.zeroseg.examples import Examples
from napari_ovseg.training.zeroseg.targets import crops, middle, vectors_of


def test_the_whole_and_its_grids_cover_the_middle_square():
    picture = np.arange(30 * 50 * 3, dtype=np.float32).reshape(30, 50, 3)
    square = middle(picture)
    np.testing.assert_array_equal(square, picture[:, 10:40])
    found = crops(square)
    assert len(found) == 30
    np.testing.assert_array_equal(found[0], square)
    first = 0
    for count in (1, 2, 3, 4):
        of_grid = found[first : first + count**2]
        rows = [np.concatenate(of_grid[row * count : (row + 1) * count], 1) for row in range(count)]
        np.testing.assert_array_equal(np.concatenate(rows), square)
        first += count**2


@pytest.mark.parametrize("side", [1, 2, 3, 5])
def test_crops_of_the_smallest_pictures_have_pixels(side):
    found = crops(np.zeros((side, side, 3), np.float32))
    assert len(found) == 30
    assert all(0 not in crop.shape for crop in found)


def test_vectors_are_those_of_each_crop_alone(model):
    picture = np.random.default_rng(0).random((40, 60, 3), dtype=np.float32)
    found = vectors_of(picture, model)
    for number, crop in enumerate(crops(picture[:, 10:50])):
        alone = model.see([crop], (model.input_size,) * 2).vectors[0]
        np.testing.assert_allclose(found[number].float(), alone, atol=2e-3)


def test_the_centre_and_the_spread_are_those_of_all_vectors(model, pictures):
    examples = Examples(model, pictures_in(pictures)[0], 32)
    known, problems = examples.collect(None)
    assert (len(known), problems) == (4, [])
    every = torch.cat([examples.vectors([name])[0] for name in known]).double()
    centre, spread = examples.centre(known)
    torch.testing.assert_close(centre.double(), every.mean(0), atol=1e-6, rtol=0)
    assert spread.item() == pytest.approx((every - every.mean(0)).square().mean().sqrt().item(), rel=1e-4)


def test_another_training_of_the_same_folder_computes_no_target_again(model, pictures, monkeypatch):
    files, _ = pictures_in(pictures)
    known, _ = Examples(model, files, 32).collect(None)
    before = Examples(model, files, 32).vectors(known)
    monkeypatch.setattr("napari_ovseg.training.zeroseg.examples.vectors_of", None)
    examples = Examples(model, files, 64)
    assert examples.collect(None) == (known, [])
    assert torch.equal(examples.vectors(known), before)
    assert examples.pixels(known).shape == (4, 3, 64, 64)
