import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.transform import resize

from napari_ovseg.pseudo_labels import compete, paint, pseudo_labels, strips

shapes = st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(1, 6))
unit_maps = hnp.arrays(np.float32, shapes, elements=st.floats(0, 1, width=32))


@settings(deadline=None)
@given(unit_maps, st.booleans(), st.floats(0.5, 4))
def test_scores_are_shares_with_background_first(maps, words, power):
    maps = torch.from_numpy(maps)
    scores = compete(maps, torch.rand(maps.shape[1:]) if words else None, power=power)
    assert scores.shape == (len(maps) + 1, *maps.shape[1:])
    assert torch.isfinite(scores).all()
    assert scores.min() >= 0
    torch.testing.assert_close(scores.sum(0), torch.ones(maps.shape[1:]), atol=1e-3, rtol=0)


def test_the_background_rule_is_that_of_clip_es():
    maps = torch.tensor([[[0.9, 0.1, 0.5]], [[0.2, 0.0, 0.5]]])
    scores = compete(maps, power=2.0)
    expected = np.array([0.01, 0.81, 0.25])
    np.testing.assert_allclose(scores[0, 0], expected / (expected + np.array([1.1, 0.1, 1.0])), rtol=1e-5)


def test_background_words_compete_with_the_rule():
    maps = torch.full((1, 2, 2), 0.8)
    assert compete(maps)[0].max() < 0.5
    assert compete(maps, torch.full((2, 2), 0.9))[0].min() > 0.5


def test_paint_matches_another_librarys_bilinear_interpolation():
    scores = compete(torch.rand(3, 7, 5, generator=torch.Generator().manual_seed(1)))
    labels, lead = paint(scores, (50, 41))
    big = np.stack(
        [resize(plane.numpy(), (50, 41), order=1, mode="edge", anti_aliasing=False) for plane in scores]
    )
    ordered = np.sort(big, 0)
    np.testing.assert_allclose(lead, ordered[-1] - ordered[-2], atol=1e-4)
    clear = lead > 1e-3
    np.testing.assert_array_equal(labels[clear], big.argmax(0)[clear])


def test_strips_cover_every_row_once_in_bounded_pieces():
    pieces = list(strips(1000, 700, 6, 100_000))
    assert [row for piece in pieces for row in range(piece.start, piece.stop)] == list(range(1000))
    assert max(piece.stop - piece.start for piece in pieces) * 700 * 6 <= 100_000


def test_paint_by_strips_equals_paint_at_once(monkeypatch):
    scores = compete(torch.rand(2, 6, 6))
    whole = paint(scores, (40, 30))
    monkeypatch.setattr("napari_ovseg.pseudo_labels.MOST_VALUES", 500)
    for one, other in zip(whole, paint(scores, (40, 30)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_pixels_without_a_clear_lead_are_void():
    maps = torch.tensor([[[1.0, 0.5]], [[0.0, 0.5]]])
    found = pseudo_labels(compete(maps), (1, 2), band=0.1)
    assert found.labels.tolist() == [[1, 255]]
    assert found.labels.dtype == np.uint8
    assert found.confidence[0, 0] == pytest.approx(1)
    assert found.confidence[0, 1] == pytest.approx(0, abs=1e-6)


def test_past_254_categories_labels_are_16_bit_and_void_is_65535():
    maps = torch.zeros(300, 1, 2)
    maps[299, 0, 0] = 1
    maps[:, 0, 1] = 0.5
    found = pseudo_labels(compete(maps), (1, 2))
    assert found.labels.dtype == np.uint16
    assert found.labels.tolist() == [[300, 65535]]
