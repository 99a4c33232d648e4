"""What a model is asked for labels whose names are any: nothing that can't be typed, and no word twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_ovseg.annotation.asked import asked
from napari_ovseg.annotation.found import ids_in, table_for
from napari_ovseg.annotation.label_table import LabelTable
from napari_ovseg.annotation.reconcile import fates, followed
from napari_ovseg.categories import format_categories, parse_categories
from napari_ovseg.errors import InputError
from napari_ovseg.labelled import NamedLabel

ODD = [
    "background", "door, double door", "light: red", "a;b", "می\u200cرود", "🧫",
    " ".join("abcdefghijklmnopqrstuvwxyz"), "x" * 250, "Cell", "cell", "cells.", "zero\u200bwidth", ",;:",
]  # fmt: skip


def table_of(*names):
    return LabelTable(tuple(NamedLabel(id, name, (id, 0, 0)) for id, name in enumerate(names, 1)))


def test_odd_names_are_asked_for_as_far_as_they_can_be():
    table = table_of(*ODD)
    assert [label.name for label in table.labels] == ODD
    assert {table.find(id).name: category.text for id, category in asked(table.labels).items()} == {
        "door, double door": "door: double door",
        "light: red": "light red",
        "a;b": "a: b",
        "می\u200cرود": "می\u200cرود",
        "🧫": "🧫",
        "Cell": "Cell",
        "cells.": "cells",
        "zero\u200bwidth": "zerowidth",
    }


def test_a_name_that_can_be_typed_belongs_to_its_own_label():
    found = asked(table_of("door, gate", "gate", "Gate").labels)
    assert {id: category.text for id, category in found.items()} == {1: "door", 2: "gate"}


@given(st.lists(st.one_of(st.text(max_size=12), st.sampled_from(ODD)), unique=True, max_size=8))
def test_what_is_asked_is_what_the_typed_list_gives(names):
    table = table_of(*(name for name in names if name.strip()))
    found = asked(table.labels)
    if found:
        assert parse_categories(format_categories(found.values())) == tuple(found.values())
    assert set(found) <= set(table.ids)
    assert ids_in(table, found.values()).tolist() == [0, *found]


def test_a_run_goes_on_with_the_names_that_labels_have():
    earlier = table_of(*ODD)
    typed = list(asked(earlier.labels).values())
    assert table_for(typed, earlier) is earlier
    table = table_for([*typed[:2], *parse_categories("owl")], earlier, painted=[1, 9, 10])
    assert [label.name for label in table.labels] == [
        "door, double door", "light: red", "owl", "background", "Cell", "cell",
    ]  # fmt: skip
    assert table.labels[0].colour == earlier.find(2).colour
    assert table.labels[0].synonyms == ()
    assert {
        one.id: fate.name for one, fate in zip(table.labels, fates(table, table).values(), strict=True)
    } == {label.id: label.name for label in table.labels}


def test_names_that_differ_in_case_stay_two_through_a_run():
    earlier = table_of("Cell", "cell")
    table = table_for(parse_categories("cell, dog"), earlier, painted=[1, 2])
    assert [label.name for label in table.labels] == ["cell", "dog", "Cell"]
    now = earlier.rename(1, "nucleus")
    assert [label.name for label in followed(table, earlier, now).labels] == ["cell", "dog", "nucleus"]


def test_a_label_is_renamed_whatever_the_others_are_called():
    table = table_of(*ODD)
    assert table.rename(1, "wall").find(1).name == "wall"
    assert table.rename(2, "door, double door") is table
    with pytest.raises(InputError, match="comma"):
        table.rename(1, "a, b")
    with pytest.raises(InputError, match="in the table already"):
        table.rename(1, "CELL")
    assert table.merge(2, 1).find(1).synonyms == ("door, double door",)
    assert [label.name for label in table.add("owl").labels] == [*ODD, "owl"]
    with pytest.raises(InputError, match="occurs twice"):
        table_of("a", "a")
    with pytest.raises(InputError, match="no name"):
        table_of(" ")
