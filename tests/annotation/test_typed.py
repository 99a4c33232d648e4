"""The typed list after edits of the table."""

import pytest

from napari_ovseg.annotation.label_table import LabelTable
from napari_ovseg.annotation.typed import is_unnamed, to_type, typed_after
from napari_ovseg.categories import parse_categories
from napari_ovseg.labelled import NamedLabel, named_labels

TABLE = LabelTable(named_labels(("cat", "dog", "tree")))


@pytest.mark.parametrize(
    ("text", "edit", "expected"),
    [
        ("cat, dog, tree, bird", lambda t: t.rename(1, "lion"), "lion, dog, tree, bird"),
        (
            "cat: kitten\ndog\nbird: robin, wren",
            lambda t: t.rename(2, "wolf"),
            "cat: kitten\nwolf\nbird: robin, wren",
        ),
        ("cat: kitten, tom", lambda t: t.rename(1, "tom"), "tom: kitten"),
        ("bird, background: grass, sky", lambda t: t.rename(1, "lion"), None),
        ("cat, bird, background: grass", lambda t: t.rename(1, "lion"), "lion, bird, background: grass"),
        ("cat, dog, tree, bird", lambda t: t.delete(2), "cat, tree, bird"),
        ("cat, dog, tree, bird", lambda t: t.merge(2, 1), "cat: dog; tree, bird"),
        ("bird", lambda t: t.add("sea"), "bird, sea"),
        ("", lambda t: t.add("sea"), "sea"),
        ("cat, sea", lambda t: t.add("sea", ["ocean"]), None),
        ("cat, sea", lambda t: t.rename(1, "sea"), "sea"),
        ("cat, dog", lambda t: t.recolour(1, (1, 2, 3)), None),
        ("cat, , dog: :", lambda t: t.rename(1, "lion"), None),
        ("cat, cat", lambda t: t.rename(1, "lion"), None),
    ],
)
def test_what_was_typed_stays_and_what_was_done_to_the_table_is_done_to_it(text, edit, expected):
    found = typed_after(text, TABLE.labels, edit(TABLE).labels)
    assert (None if found is None else parse_categories(found)) == (
        None if expected is None else parse_categories(expected)
    )


def test_a_category_without_a_name_is_typed_once_it_has_one():
    painted = LabelTable((*TABLE.labels, NamedLabel(7, "label 7", (9, 9, 9))))
    assert is_unnamed(painted.find(7))
    assert not is_unnamed(NamedLabel(3, "label 7", (9, 9, 9)))
    assert [category.name for category in to_type(painted.labels)] == ["cat", "dog", "tree"]
    assert typed_after("cat", TABLE.labels, painted.labels) is None
    assert typed_after("cat", painted.labels, painted.rename(7, "sea").labels) == "cat\nsea"
    assert typed_after("cat, label 7", TABLE.labels, painted.labels) is None
