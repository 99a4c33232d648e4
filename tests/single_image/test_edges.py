import pytest
import torch

from napari_ovseg.single_image.edges import pixel_adaptive_refinement, sharpen


def shifted_edge(size=64, at=32, off=6):
    """A picture of two halves, and scores whose border is off by a few pixels and blurred."""
    picture = torch.zeros(3, size, size)
    picture[:, :, at:] = 0.8
    picture += 0.02 * torch.randn(3, size, size, generator=torch.Generator().manual_seed(0))
    ramp = torch.sigmoid((torch.arange(size) - (at + off)) / 4.0).expand(size, size)
    truth = (torch.arange(size) >= at).expand(size, size)
    return picture.clamp(0, 1), torch.stack([1 - ramp, ramp]), truth


def error(scores, truth):
    return (scores.argmax(0).bool() != truth).float().mean()


@pytest.mark.parametrize("refine", [lambda s, p: pixel_adaptive_refinement(s, p), sharpen])
def test_a_displaced_border_moves_to_the_edge_of_the_picture(refine):
    picture, scores, truth = shifted_edge()
    before, after = error(scores, truth), error(refine(scores, picture), truth)
    assert before > 0.08
    assert after < before / 3


def test_sums_are_kept_and_a_flat_picture_is_finite():
    scores = torch.rand(3, 20, 30).softmax(0)
    for picture in (torch.full((3, 20, 30), 0.5), torch.rand(3, 20, 30)):
        for out in (pixel_adaptive_refinement(scores, picture), sharpen(scores, picture)):
            torch.testing.assert_close(out.sum(0), torch.ones(20, 30), atol=1e-4, rtol=0)


def test_one_round_equals_the_average_written_out():
    """Independent oracle: loops over pixels and neighbours in float64."""
    generator = torch.Generator().manual_seed(2)
    picture, scores = torch.rand(3, 4, 5, generator=generator), torch.rand(2, 4, 5, generator=generator)
    found = pixel_adaptive_refinement(scores, picture, rounds=1, dilations=(1, 2))
    for row in range(4):
        for column in range(5):
            cells = [
                (min(max(row + i, 0), 3), min(max(column + j, 0), 4))
                for d in (1, 2) for i in (-d, 0, d) for j in (-d, 0, d) if (i, j) != (0, 0)
            ]  # fmt: skip
            near = torch.stack([picture[:, r, c] for r, c in cells]).double()
            here = picture[:, row, column].double()
            like = -((near - here).abs() / (0.1 * near.std(0, correction=0) + 1e-6)).mean(1)
            expected = (
                like.softmax(0)[:, None] * torch.stack([scores[:, r, c] for r, c in cells]).double()
            ).sum(0)
            torch.testing.assert_close(found[:, row, column].double(), expected, atol=1e-5, rtol=1e-4)


def test_pictures_above_the_refinement_size_and_thin_ones_work():
    for size in ((300, 500), (2, 400), (3, 2)):
        scores = torch.rand(2, *size).softmax(0)
        out = sharpen(scores, torch.rand(3, *size))
        assert out.shape == scores.shape
        assert torch.isfinite(out).all()
