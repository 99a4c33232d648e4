import torch

from napari_ovseg.single_image.sampling import PixelSampler


def test_cells_are_drawn_as_often_as_the_map_says():
    scores = torch.tensor([[[0.1, 0.2], [0.3, 0.4]], [[1.0, 0.0], [0.0, 1.0]]])
    points, labels = PixelSampler(scores).draw(20_000)
    cells = (points * 2).long()
    for label in (0, 1):
        index = cells[labels == label][:, 0] * 2 + cells[labels == label][:, 1]
        shares = torch.bincount(index, minlength=4) / 20_000
        torch.testing.assert_close(shares, (scores[label] / scores[label].sum()).flatten(), atol=0.02, rtol=0)


def test_sharpness_favours_clear_cells():
    scores = torch.tensor([[[0.25, 0.5]]])
    points, _ = PixelSampler(scores, sharpness=2.0).draw(10_000)
    share = (points[:, 1] >= 0.5).float().mean()
    torch.testing.assert_close(share, torch.tensor(0.8), atol=0.02, rtol=0)


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
    scores = torch.stack([torch.ones(2, 2), torch.zeros(2, 2), torch.ones(2, 2)])
    _, labels = PixelSampler(scores).draw(10)
    assert labels.unique().tolist() == [0, 2]
