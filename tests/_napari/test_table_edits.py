"""Edits of the table that change pixels or names: merges, deletions, and labels painted without a name."""

from __future__ import annotations

import numpy as np
import pytest

from napari_ovseg._napari import table_edits
from napari_ovseg.errors import InputError

from .two_layers import VOID, annotated, labels


def test_undo_of_a_merge_keeps_what_was_named_and_locked_since():
    made = annotated()
    table_edits.merge(made, 2, 1)
    table_edits.rename(made, 3, "sea")
    made.show_table(made.table.lock(3).recolour(3, (1, 2, 3)).add("new"))
    made.masks.layer.undo()
    assert [label.name for label in made.table.labels] == ["a", "b", "sea", "new"]
    assert made.table.find(1).synonyms == ()
    assert made.table.find(3).colour == (1, 2, 3)
    assert made.table.locked == {3}
    assert np.array_equal(made.masks.layer.data, labels(0))
    assert np.array_equal(made.pseudo_labels.layer.data, labels(1, (0, 1, 2, 3, VOID)))
    made.masks.layer.redo()
    assert [label.name for label in made.table.labels] == ["a", "sea", "new"]
    assert made.table.find(1).synonyms == ("b",)
    for tracked in (made.masks, made.pseudo_labels):
        assert 2 not in tracked.layer.data
        assert not tracked.is_edited(())


def test_undo_of_a_deletion_whose_name_was_taken_since():
    made = annotated()
    table_edits.delete(made, 2)
    made.show_table(made.table.add("b"))
    made.masks.layer.undo()
    assert [(label.id, label.name) for label in made.table.labels] == [(1, "a"), (2, "b"), (3, "c")]
    assert made.table.add("d").ids[-1] == 5


def test_done_that_was_said_after_a_merge_outlives_its_undo():
    made = annotated()
    table_edits.merge(made, 2, 1)
    made.pieces[()].done = True
    made.masks.layer.undo()
    assert made.pieces[()].done
    assert made.pieces[()].presence["b"] == 0.5


def test_labels_painted_without_a_name_get_one():
    made = annotated()
    made.masks.layer.paint((2, 2), 7)
    made.pseudo_labels.layer.paint((3, 3), 9)
    assert table_edits.name_painted(made, ())
    assert [(label.id, label.name) for label in made.table.labels][3:] == [(7, "label 7"), (9, "label 9")]
    assert not table_edits.name_painted(made, ())
    assert made.table.add("x").ids[-1] == 10


def test_a_name_that_is_taken_does_not_keep_a_painted_label_nameless():
    made = annotated()
    made.show_table(made.table.add("label 7"))
    made.masks.layer.paint((2, 2), 7)
    assert table_edits.name_painted(made, ())
    assert made.table.find(7).name != "label 7"


def test_too_many_names_for_the_layers_are_refused():
    made = annotated()
    with pytest.raises(InputError, match="254"):
        table_edits.add(made, "\n".join(f"name {i}" for i in range(300)))
    assert len(made.table.labels) == 3
