"""Edits of the table that change pixels or names: merges, deletions, and labels painted without a name."""

from __future__ import annotations

import numpy as np
import pytest

from napari_ovseg._napari.annotating import table_edits
from napari_ovseg._napari.layers.result_layers import names_of
from napari_ovseg.errors import InputError

from ..brush import drag
from ..two_layers import VOID, annotated, labels


def test_undo_of_a_merge_keeps_what_was_named_and_locked_since():
    made = annotated()
    table_edits.merge(made, 2, 1)
    made.show_table(made.table.rename(3, "sea").lock(3).recolour(3, (1, 2, 3)).add("new"))
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


EDITS = {
    "rename": lambda made: table_edits.rename(made, 2, "sea"),
    "recolour": lambda made: table_edits.recolour(made, 2, (1, 2, 3)),
    "lock": lambda made: table_edits.lock(made, 2, True),
    "lock of the background": lambda made: table_edits.lock(made, 0, True),
    "add": lambda made: table_edits.add(made, "sea, sand"),
    "merge": lambda made: table_edits.merge(made, 2, 1),
    "delete": lambda made: table_edits.delete(made, 2),
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("painted", [True, False], ids=["with pixels", "without"])
def test_an_edit_of_the_table_is_one_undo_step_in_order(edit, painted):
    """Strokes before and after it are undone and redone in their turn, and nothing else with it."""
    made = annotated()
    if not painted:
        for tracked in (made.masks, made.pseudo_labels):
            tracked.start((), np.zeros_like(labels(0)))
    told = []
    made.on_told = told.append

    def state():
        rows = [(label.id, label.name, label.colour, label.synonyms) for label in made.table.labels]
        presence = dict(made.pieces[()].presence)
        return (
            rows,
            made.table.locked,
            presence,
            made.masks.layer.data.tolist(),
            made.human_pixels(()).tolist(),
        )

    states = [state()]
    for action in (
        lambda: drag(made.masks.layer, (0, 0), (0, 3), label=3),
        lambda: EDITS[edit](made),
        lambda: drag(made.masks.layer, (5, 0), (5, 3), label=3),
    ):
        action()
        states.append(state())
    for _ in range(2):
        for expected in states[2::-1]:
            made.masks.layer.undo()
            assert state() == expected
        for expected in states[1:]:
            made.masks.layer.redo()
            assert state() == expected
    assert [message.split(":")[0] for message in told] == ["Taken back", "Done again"] * 2
    assert made.legend.names == names_of(made.masks.layer)


def test_undo_of_a_merge_leaves_a_stroke_that_agrees_with_pseudo_labels_it_did_not_change():
    made = annotated()
    made.pseudo_labels.start((), np.zeros_like(labels(0)))
    table_edits.merge(made, 2, 1)
    drag(made.pseudo_labels.layer, (0, 0), (0, 3), label=0)
    human = made.human_pixels(())
    assert (human[0, :4] == 0).all()
    made.masks.layer.undo()
    assert np.array_equal(made.human_pixels(()), human)


def test_what_does_not_change_the_table_is_no_step():
    made = annotated()
    drag(made.masks.layer, (0, 0), (0, 3), label=3)
    table_edits.rename(made, 2, "b")
    table_edits.lock(made, 2, False)
    made.masks.layer.undo()
    assert np.array_equal(made.masks.layer.data, labels(0))


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
