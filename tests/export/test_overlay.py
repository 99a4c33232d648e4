from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from napari_ovseg.colours import category_colours
from napari_ovseg.export import draw_overlay, write_overlay

GREY = np.full((800, 1000, 3), 0.5, np.float32)


def square(value: int = 2) -> np.ndarray:
    masks = np.zeros((800, 1000), np.uint8)
    masks[200:400, 300:600] = value
    return masks


def test_masks_are_tinted_outlined_and_the_rest_is_the_picture():
    drawn = draw_overlay(GREY, square(), ["a", "b"]).astype(int)
    colour = category_colours(2)[2].astype(int)
    assert drawn.shape[1] == 1000
    assert drawn.shape[0] > 800
    assert drawn[100, 100].tolist() == [128, 128, 128]
    assert drawn[200, 450].tolist() == colour.tolist()
    inside = drawn[300, 450]
    assert (np.sign(inside - 128) == np.sign(colour - 128)).all()
    assert (abs(inside - 128) < abs(colour - 128)).all()


def test_the_legend_shows_each_colour_and_leaves_out_that_of_an_absent_category():
    legend = draw_overlay(GREY, square(), ["a", "b", "c"], absent=["c"])[800:].reshape(-1, 3)
    seen = {tuple(colour) for colour in legend.tolist()}
    first, second, third = (tuple(colour) for colour in category_colours(3)[1:].tolist())
    assert {first, second} <= seen
    assert third not in seen


@pytest.mark.parametrize("shape", [(4, 6), (30, 20), (3000, 10), (5, 4000), (2500, 2600)])
def test_any_size_is_brought_to_one_that_can_be_read(shape):
    masks = np.ones(shape, np.uint16)
    drawn = draw_overlay(np.zeros((*shape, 3), np.float32), masks, ["name " * 30, "two"])
    scale = min(max(640 / max(shape), 1), 2048 / max(shape))
    assert drawn.shape[1] == max(1, round(shape[1] * scale))
    assert drawn.dtype == np.uint8


def test_many_names_take_more_rows():
    few = draw_overlay(GREY, square(), ["one", "two"]).shape[0]
    assert draw_overlay(GREY, square(), [f"name {i}" for i in range(300)]).shape[0] > few + 300


def test_the_file_holds_what_is_drawn(tmp_path):
    write_overlay(tmp_path / "o.png", GREY, square(), ["a", "b"])
    with Image.open(tmp_path / "o.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), draw_overlay(GREY, square(), ["a", "b"]))
