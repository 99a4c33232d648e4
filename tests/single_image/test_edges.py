import numpy as np
import pytest
import torch
from scipy.special import rel_entr, softmax

from napari_ovseg.single_image.edges import misses, sharpen, sharpen_finely
from napari_ovseg.single_image.neighbours import follow_edges, pixel_adaptive_refinement


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


@pytest.mark.parametrize("refine", [pixel_adaptive_refinement, follow_edges, sharpen, sharpen_finely])
def test_a_displaced_border_moves_to_the_edge_of_the_picture(refine):
    picture, scores, truth = shifted_edge()
    before, after = error(scores, truth), error(refine(scores, picture), truth)
    assert before > 0.08
    assert after < before / 3


def test_sums_are_kept_and_a_flat_picture_is_finite():
    scores = torch.rand(3, 20, 30).softmax(0)
    for picture in (torch.full((3, 20, 30), 0.5), torch.rand(3, 20, 30)):
        for out in (step(scores, picture) for step in (pixel_adaptive_refinement, follow_edges, sharpen)):
            torch.testing.assert_close(out.sum(0), torch.ones(20, 30), atol=1e-4, rtol=0)


def test_pictures_above_the_refinement_size_and_thin_ones_work():
    for size in ((300, 500), (2, 400), (3, 2)):
        scores = torch.rand(2, *size).softmax(0)
        out = sharpen(scores, torch.rand(3, *size))
        assert out.shape == scores.shape
        assert torch.isfinite(out).all()


def stripes(width, sure, size=96):
    """Stripes of two grey levels and of three categories, which the colours don't tell apart."""
    column = torch.arange(size) // width
    picture = 0.8 * (column % 2).float().expand(3, size, size)
    share = torch.full((3, size, size), (1 - sure) / 2)
    share.scatter_(0, (column % 3).expand(1, size, size), sure)
    return picture.contiguous(), share


@pytest.mark.parametrize(("sure", "kept"), [(0.95, True), (0.4, False)])
def test_far_neighbours_are_asked_only_where_they_foretell_the_scores(sure, kept):
    """Thin sure stripes outlive neighbours of their colour, though those are of other categories."""
    picture, scores = stripes(6, sure)
    far, near = follow_edges(scores, picture), sharpen(scores, picture)
    moved_far, moved_near = (far - scores).abs().mean(), (near - scores).abs().mean()
    assert (moved_near < 0.5 * moved_far) == kept


@pytest.mark.parametrize("sure", [0.4, 0.6])
def test_the_fine_step_keeps_thin_things_that_far_neighbours_of_their_colour_erase(sure):
    picture, scores = stripes(12, sure, 192)
    coarse, fine = (step(scores, picture).argmax(0) != scores.argmax(0) for step in (sharpen, sharpen_finely))
    assert coarse.float().mean() > 0.2
    assert not fine.any()


def test_misses_are_the_divergence_of_what_neighbours_say():
    """Independent oracle: scipy's relative entropy, loops over pixels, in float64."""
    generator = torch.Generator().manual_seed(5)
    scores = (3 * torch.randn(3, 5, 4, generator=generator)).softmax(0)
    picture = torch.rand(3, 5, 4, generator=generator)
    own, colour = scores.double().numpy(), picture.double().numpy()
    shifts = {d: [(y, x) for y in (-d, 0, d) for x in (-d, 0, d) if (y, x) != (0, 0)] for d in (1, 2)}
    weighed, total = {1: 0.0, 2: 0.0}, {1: 0.0, 2: 0.0}
    for row in range(5):
        for column in range(4):
            cells = {
                d: [(min(max(row + y, 0), 4), min(max(column + x, 0), 3)) for y, x in shifts[d]]
                for d in shifts
            }
            seen = np.array([colour[:, r, c] for d in cells for r, c in cells[d]])
            likeness = -(abs(seen - colour[:, row, column]) / (0.1 * seen.std(0) + 1e-6)).mean(1)
            weights = softmax(likeness)
            for d, each in zip(cells, np.split(weights, 2), strict=True):
                said = each @ np.array([own[:, r, c] for r, c in cells[d]]) / max(each.sum(), 1e-8)
                weighed[d] += each.sum() * rel_entr(own[:, row, column], np.maximum(said, 1e-4)).sum()
                total[d] += each.sum()
    expected = [weighed[d] / total[d] for d in (1, 2)]
    np.testing.assert_allclose(misses(scores, picture, (1, 2)), expected, rtol=1e-2)


def test_scores_of_another_size_are_brought_to_the_picture_and_what_is_absent_stays_absent():
    scores = torch.rand(3, 7, 9).softmax(0)
    scores[2] = 0
    out = sharpen(scores / scores.sum(0), torch.rand(3, 40, 50))
    assert out.shape == (3, 40, 50)
    assert out[2].max() == 0
    torch.testing.assert_close(out.sum(0), torch.ones(40, 50), atol=1e-4, rtol=0)
