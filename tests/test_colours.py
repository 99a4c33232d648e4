"""The palettes, see `benchmarks/palettes.py` for how far apart their colours are."""

import numpy as np
import pytest

from napari_ovseg.annotation.label_table import LabelTable
from napari_ovseg.colours import BACKGROUND, PALETTES, VOID, category_colours
from napari_ovseg.labelled import named_labels


@pytest.mark.parametrize("palette", PALETTES)
def test_no_two_colours_of_a_palette_are_alike(palette):
    rows = [tuple(row) for row in category_colours(60, palette).tolist()]
    assert len(set(rows)) == 61
    assert rows[0] == BACKGROUND
    assert VOID not in rows
    assert tuple(rows[1 : 1 + len(PALETTES[palette])]) == PALETTES[palette]


def test_the_standard_is_what_it_was():
    assert category_colours(9).tolist() == category_colours(9, "standard").tolist()
    assert category_colours(8)[8].tolist() == [156, 62, 22]


def test_new_categories_take_the_next_free_colour_of_the_palette_and_others_keep_theirs():
    table = LabelTable(named_labels(("a", "b"), "bright"))
    table = table.recolour(1, PALETTES["bright"][2])
    more = table.add_typed("c, d", "bright")
    assert [label.colour for label in more.labels[:2]] == [label.colour for label in table.labels]
    assert [label.colour for label in more.labels[2:]] == [PALETTES["bright"][0], PALETTES["bright"][3]]


@pytest.mark.parametrize("count", [0, 1, 7, 60, 1000])
def test_colours_are_distinct_and_stay(count):
    colours = category_colours(count)
    assert colours.shape == (count + 1, 3)
    assert colours.dtype == np.uint8
    assert colours[0].tolist() == [0, 0, 0]
    assert len({VOID, *map(tuple, colours.tolist())}) == count + 2
    np.testing.assert_array_equal(colours, category_colours(count + 5)[: count + 1])
