from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawn import labelled, void_of
from napari_ovseg.errors import InputError
from napari_ovseg.export.plan import Notes
from napari_ovseg.export.table import one_table
from napari_ovseg.labelled import LabelledPicture, NamedLabel

RED = (255, 0, 0)


def picture(name: str, labels: list[list[int]], *categories: NamedLabel, dtype=np.uint8) -> LabelledPicture:
    return LabelledPicture(name, np.array(labels, dtype), categories)


@given(st.lists(labelled(), min_size=1, max_size=3))
def test_every_pixel_keeps_its_name(pictures):
    table, brought = one_table(pictures, Notes())
    names = {category.id: category.name for category in table}
    assert len(names) == len(table) == len(set(names.values()))
    void = 255 if max(names, default=0) < 255 else 65535
    for before, after in zip(pictures, brought, strict=True):
        old = {category.id: category.name for category in before.categories}
        old |= {0: "nothing", void_of(before): "void"}
        new = {**names, 0: "nothing", void: "void"}
        assert [old[int(v)] for v in before.labels.ravel()] == [new[int(v)] for v in after.labels.ravel()]


def test_ids_of_the_first_picture_are_kept_and_a_clash_is_said():
    cat, dog = NamedLabel(4, "cat", RED), NamedLabel(9, "dog", RED)
    notes = Notes()
    table, (_, second) = one_table(
        [
            picture("a", [[4, 9]], cat, dog),
            picture("b", [[4, 9]], NamedLabel(4, "Dog", RED), NamedLabel(9, "owl", RED)),
        ],
        notes,
    )
    assert [(c.id, c.name) for c in table] == [(4, "cat"), (9, "dog"), (10, "owl")]
    assert second.labels.tolist() == [[9, 10]]
    said = " ".join(notes.sentences())
    assert "'Dog' has the id 4 in 'b' and 9" in said
    assert "'owl' has the id 9 in 'b' and 10" in said


def test_names_that_differ_only_in_case_stay_two_where_one_picture_has_both():
    both = (NamedLabel(1, "Cell", RED), NamedLabel(2, "cell", RED))
    other = picture("b", [[5, 6]], NamedLabel(5, "cell", RED), NamedLabel(6, "Dog", RED))
    table, (first, second, third) = one_table(
        [picture("a", [[1, 2]], *both), other, picture("c", [[3, 0]], NamedLabel(3, "dog", RED))], Notes()
    )
    assert [(c.id, c.name) for c in table] == [(1, "Cell"), (2, "cell"), (6, "Dog")]
    assert [one.labels.tolist() for one in (first, second, third)] == [[[1, 2]], [[2, 6]], [[6, 0]]]


def test_a_label_without_a_name_gets_one_and_is_counted():
    notes = Notes()
    table, (after,) = one_table([picture("a", [[7, 7, 1]], NamedLabel(1, "unnamed 7", RED))], notes)
    assert [(c.id, c.name) for c in table] == [(1, "unnamed 7"), (7, "unnamed 7 (2)")]
    assert after.labels.tolist() == [[7, 7, 1]]
    assert notes.sentences() == (
        "2 pixels with the label 7, which has no name, are called 'unnamed 7 (2)' ('a').",
    )


def test_void_is_understood_in_8_and_16_bits():
    cat = NamedLabel(1, "cat", RED)
    wide = picture("a", [[1, 255, 65535]], cat, dtype=np.uint16)
    assert one_table([wide], Notes())[1][0].labels.tolist() == [[1, 255, 255]]
    many = picture(
        "b", [[300, 255, 65535]], NamedLabel(300, "c", RED), NamedLabel(255, "d", RED), dtype=np.uint16
    )
    first, second = one_table([wide, many], Notes())[1]
    assert first.labels.tolist() == [[1, 65535, 65535]]
    assert second.labels.tolist() == [[300, 255, 65535]]


@pytest.mark.parametrize(
    ("labels", "categories", "reason"),
    [
        (np.zeros((2, 3, 1), np.uint8), (), "one slice"),
        (np.zeros((2, 3), np.int64), (), "unsigned"),
        (np.zeros((0, 3), np.uint8), (), "shape"),
        (np.full((2, 3), 70000, np.uint32), (), "largest"),
        (np.zeros((2, 3), np.uint8), (NamedLabel(0, "a", RED),), "from 1"),
        (np.zeros((2, 3), np.uint8), (NamedLabel(1, " ", RED),), "no name"),
        (np.zeros((2, 3), np.uint8), (NamedLabel(1, "a", RED), NamedLabel(2, "a", RED)), "twice"),
        (np.zeros((2, 3), np.uint8), (NamedLabel(1, "a", RED), NamedLabel(1, "b", RED)), "twice"),
    ],
)
def test_what_cannot_be_written_is_said(labels, categories, reason):
    with pytest.raises(InputError, match=reason):
        one_table([LabelledPicture("a", labels, categories)], Notes())
