"""The student: what it is shown, that it learns, and that its start doesn't depend on chance."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_ovseg.models.zeroseg.network import as_patches, waves
from napari_ovseg.models.zeroseg.sizes import SIZES
from napari_ovseg.training.resumable import Training
from napari_ovseg.training.zeroseg.presets import RECIPES
from napari_ovseg.training.zeroseg.start import start_tokens
from napari_ovseg.training.zeroseg.student import Student, groups_in_use, hide


def student():
    return Student(SIZES["tiny"], RECIPES["tiny"], torch.zeros(12), torch.ones(()))


def chance(seed=0):
    return torch.Generator().manual_seed(seed)


def test_three_fifths_of_the_patches_are_hidden():
    kept, hidden = hide((3, 50), chance())
    assert kept.shape == (3, 20)
    for row, seen in zip(hidden, kept, strict=True):
        assert sorted({*range(50)} - {*seen.tolist()}) == row.nonzero()[:, 0].tolist()
    assert not torch.equal(kept[0], kept[1])


def test_patches_are_rows_of_squares():
    pixels = torch.arange(2 * 3 * 8 * 12.0).view(2, 3, 8, 12)
    found = as_patches(pixels, 4)
    for row in range(2):
        for column in range(3):
            square = pixels[:, :, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
            assert torch.equal(found[:, 3 * row + column], square.flatten(1))


def test_places_mean_the_same_at_every_size():
    learnt, finer = waves((4, 4), 8, 4).view(4, 4, 8), waves((8, 8), 8, 4).view(8, 8, 8)
    # between the centres of four finer patches is that of the coarse one
    coarse = finer.view(4, 2, 4, 2, 8).mean((1, 3))
    torch.testing.assert_close(coarse[1:3, 1:3], learnt[1:3, 1:3], atol=0.05, rtol=0)
    assert len({tuple(one.tolist()) for one in learnt.flatten(0, 1)}) == 16


def test_hidden_patches_are_not_seen():
    one, pixels = student(), torch.rand(1, 3, 32, 32, generator=chance())
    kept, hidden = hide((1, 16), chance())
    other = pixels.clone()
    number = int(hidden[0].nonzero()[0, 0])
    other[0, :, 8 * (number // 4) : 8 * (number // 4) + 8, 8 * (number % 4) : 8 * (number % 4) + 8] = 0
    assert torch.equal(one.network.encoder(pixels, kept), one.network.encoder(other, kept))


def test_the_start_is_the_same_whatever_was_drawn_before():
    first = student().state_dict()
    torch.rand(3)
    for name, value in student().state_dict().items():
        assert torch.equal(value, first[name]), name


def test_eight_pictures_are_learnt_by_heart(tmp_path):
    torch.manual_seed(0)
    colours = 0.6 * torch.rand(8, 3, 1, 1) + 0.4 * torch.rand(8, 3, 4, 4)
    pixels = torch.nn.functional.interpolate(colours, scale_factor=8)
    vectors = torch.randn(8, 1, 12) + 0.1 * torch.randn(8, 30, 12)
    one = student()
    one.start_apart(vectors[:, 1:].flatten(0, 1))

    def measured():
        with torch.no_grad():
            return one.losses(pixels, vectors, chance())

    def loss(chance):
        return torch.stack([*one.losses(pixels, vectors, chance).values()]).sum()

    before = measured()
    Training(one.learning, tmp_path, "", decay=0.05).run(loss, 200, 6e-3)
    after = measured()
    for name in ("reconstruction", "multi-scale", "matching"):
        assert after[name] < 0.4 * before[name], name
    # whole pictures, without noise: the segments of each lie nearest to its own crops
    with torch.no_grad():
        found, groups = one.network(pixels)
    apart = (found.mean(1)[:, None] - vectors.mean(1)[None]).norm(dim=2)
    assert apart.argmin(1).tolist() == [*range(8)]
    assert groups.shape == (8, 16)
    assert all(len(used) >= 3 for used in groups_in_use(one.network, pixels))


@pytest.mark.parametrize("count", [3, 6])
def test_tokens_start_apart_where_crops_differ(count):
    kinds = np.random.default_rng(0).normal(size=(3, 12))
    vectors = torch.from_numpy(kinds.repeat(5, 0)).float()
    found = start_tokens(vectors, count, 32)
    assert found.shape == (count, 32)
    assert torch.isfinite(found).all()
    assert torch.equal(found, start_tokens(vectors, count, 32))
    if count == 3:
        torch.testing.assert_close(found.std(1, correction=0), torch.ones(3))
        assert torch.cosine_similarity(found[0], found[1], dim=0) < 0.9
