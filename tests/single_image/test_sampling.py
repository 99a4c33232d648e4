import pytest
import torch

from napari_ovseg.single_image.sampling import PixelSampler


def test_cells_are_drawn_as_often_as_the_map_says():
    scores = torch.tensor([[[0.1, 0.2], [0.3, 0.4]], [[1.0, 0.0], [0.0, 1.0]]])
    points, labels = PixelSampler(scores, sharpness=1).draw(40_000)
    cells = (points * 2).long()
    for label in (0, 1):
        index = cells[labels == label][:, 0] * 2 + cells[labels == label][:, 1]
        shares = torch.bincount(index, minlength=4) / len(index)
        torch.testing.assert_close(shares, (scores[label] / scores[label].sum()).flatten(), atol=0.02, rtol=0)


@pytest.mark.parametrize(("power", "share"), [(0.0, 1 / 2), (0.5, 3 / 4), (1.0, 9 / 10)])
def test_how_often_a_category_is_drawn_grows_with_its_size(power, share):
    scores = torch.stack([torch.full((3, 3), 1.0), torch.full((3, 3), 1 / 9)])
    _, labels = PixelSampler(scores, size_power=power, sharpness=1).draw(20_000)
    assert (labels == 0).float().mean().item() == pytest.approx(share, abs=0.02)


def test_clear_pixels_are_drawn_more_often():
    points, _ = PixelSampler(torch.tensor([[[0.5, 1.0]]]), sharpness=2).draw(20_000)
    assert (points[:, 1] >= 0.5).float().mean().item() == pytest.approx(0.8, abs=0.02)


def test_points_fill_their_cell():
    points, _ = PixelSampler(torch.tensor([[[0.0, 1.0, 0.0]]])).draw(5_000)
    assert points[:, 1].min() >= 1 / 3
    assert points[:, 1].max() < 2 / 3
    assert points[:, 0].std() > 0.25
    assert 0 <= points.min() <= points.max() < 1


def test_same_seed_same_draws():
    scores = torch.rand(3, 5, 5)
    one, other, third = (PixelSampler(scores, seed=seed).draw(50)[0] for seed in (4, 4, 5))
    assert torch.equal(one, other)
    assert not torch.equal(one, third)


def test_an_empty_category_is_never_drawn():
    scores = torch.stack([torch.ones(2, 2), torch.zeros(2, 2), torch.ones(2, 2), torch.zeros(2, 2)])
    _, labels = PixelSampler(scores, sharpness=1).draw(1000)
    assert labels.unique().tolist() == [0, 2]
