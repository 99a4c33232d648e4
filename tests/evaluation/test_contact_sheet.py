"""Which pictures are shown, and whether their colours are those of the legend."""

from __future__ import annotations

import numpy as np
import pytest

from napari_ovseg.colours import category_colours
from napari_ovseg.evaluation.contact_sheet import chosen, tinted
from napari_ovseg.evaluation.datasets import VOID
from napari_ovseg.evaluation.metrics import Counts
from napari_ovseg.evaluation.results import PictureResult


def scored(right: int) -> PictureResult:
    counts = Counts({0: [right, 100, 100]} if right >= 0 else {})
    return PictureResult(f"{right:02}", "", (), {"edges": counts}, Counts(), {})


@pytest.mark.parametrize(
    ("count", "groups"),
    [
        (3, {"All, the worst first": [0, 1, 2]}),
        (8, {"All, the worst first": [0, 1, 2, 3, 4, 5, 6, 7]}),
        (9, {"Worst": [0, 1, 2, 3], "Median": [4, 5, 6, 7]}),
        (20, {"Worst": [0, 1, 2, 3], "Median": [8, 9, 10, 11]}),
    ],
)
def test_the_worst_and_those_around_the_median_are_shown_and_of_few_all(count, groups):
    # -1 has nothing that counts, so it has no score
    pictures = [scored(right) for right in (-1, *reversed(range(count)))]
    assert {group: [int(one.key) for one in found] for group, found in chosen(pictures)} == groups


def test_a_class_looks_like_its_colour_in_the_legend_whatever_the_picture_shows():
    colours = category_colours(8)
    shown = np.random.default_rng(0).random((9, 20, 3)).astype(np.float32)
    classes = np.repeat(np.arange(9, dtype=np.int32)[:, None], 20, 1)
    seen = tinted(shown, classes, colours)
    # what is left without the grey that all three channels share is the colour, paler
    for row, colour in zip(seen[1:], colours[1:] / 255, strict=True):
        assert row - row.min(1, keepdims=True) == pytest.approx(
            np.tile(0.7 * (colour - colour.min()), (20, 1)), abs=1e-5
        )
    void = tinted(shown, np.full((9, 20), VOID, np.int32), colours)
    assert void.min() >= 0.7 * 0.7
