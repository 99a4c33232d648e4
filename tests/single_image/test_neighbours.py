import pytest
import torch

from napari_ovseg.single_image.neighbours import average, likeness, pixel_adaptive_refinement


def published(scores, picture, rounds, dilations):
    """PAMR as in its authors' code: a 3 x 3 stencil for each distance, whose deviation counts its centre."""
    height, width = picture.shape[-2:]
    rows, columns = torch.arange(height), torch.arange(width)

    def moved(values, row, column):
        return values[:, (rows + row).clamp(0, height - 1)][:, :, (columns + column).clamp(0, width - 1)]

    stencils = [(row, column) for d in dilations for row in (-d, 0, d) for column in (-d, 0, d)]
    ring = [place for place in stencils if place != (0, 0)]
    spread = torch.stack([moved(picture, *place) for place in stencils]).std(0)
    apart = torch.stack([(picture - moved(picture, *place)).abs() for place in ring])
    weights = (-apart / (1e-8 + 0.1 * spread)).mean(1).softmax(0)
    for _ in range(rounds):
        scores = sum(weight * moved(scores, *place) for weight, place in zip(weights, ring, strict=True))
    return scores


def test_one_round_equals_the_average_written_out():
    """Independent oracle: loops over pixels and neighbours in float64."""
    generator = torch.Generator().manual_seed(2)
    picture, scores = torch.rand(3, 4, 5, generator=generator), torch.rand(2, 4, 5, generator=generator)
    found = average(scores, likeness(picture, (1, 2)), rounds=1, dilations=(1, 2))
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


@pytest.mark.parametrize("dilations", [(8, 16), (1, 2, 4, 8, 12, 24), (1,)])
@pytest.mark.parametrize("flat", [False, True], ids=["noise", "flat areas"])
@pytest.mark.parametrize("grey", [False, True], ids=["colour", "grey"])
def test_refinement_equals_the_published_filter(dilations, flat, grey):
    generator = torch.Generator().manual_seed(3)
    picture, scores = torch.rand(3, 23, 31, generator=generator), torch.rand(2, 23, 31, generator=generator)
    if flat:
        picture = ((4 * picture).round() / 4).where(torch.arange(31) > 15, 0.5)
    if grey:
        picture = picture[:1].expand(3, -1, -1)
    found = pixel_adaptive_refinement(scores, picture, rounds=10, dilations=dilations)
    expected = published(scores.double(), picture.double(), 10, dilations)
    assert (found - expected).abs().max() <= 1e-5 * expected.abs().max()
