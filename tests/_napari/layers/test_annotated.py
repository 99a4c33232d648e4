"""Two layers and their table: what a person painted on either, through updates, merges, undo and redo."""

from __future__ import annotations

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from napari_ovseg._napari.annotating import table_edits
from napari_ovseg._napari.layers.result_layers import names_of

from ..two_layers import VOID, annotated, labels, update


class Loop(RuleBasedStateMachine):
    """Nothing of the machine changes what a person painted; undo and redo bring back all of a state."""

    @initialize()
    def start(self):
        self.made = annotated()
        self.past, self.future = [], []

    def everything(self):
        made = self.made
        return (
            made.masks.layer.data.copy(),
            made.human_pixels(()),
            [(label.id, label.name) for label in made.table.labels],
            made.pieces[()].state.ids,
        )

    @property
    def items(self):
        history = self.made.masks.layer._undo_history
        return id(history[-1]) if history else None

    def remember(self, before, *, step=False):
        if step or (before[0] != self.made.masks.layer.data).any():
            self.past.append(before)
            self.future = []

    @rule(row=st.integers(0, 5), column=st.integers(0, 6), data=st.data())
    def paint_masks(self, row, column, data):
        id = data.draw(st.sampled_from([0, VOID, *self.made.table.ids]))
        before, items = self.everything(), self.items
        self.made.masks.layer.paint((row, column), id)
        assert self.made.human_pixels(())[row, column] == id
        self.remember(before, step=items != self.items)

    @rule(seed=st.integers(0, 5))
    def update(self, seed):
        before = self.everything()
        update(self.made, seed)
        human = before[1]
        assert np.array_equal(self.made.masks.layer.data[human != VOID], human[human != VOID])
        assert np.array_equal(self.made.human_pixels(()), human)
        self.remember(before)

    @precondition(lambda self: len(self.made.table.ids) > 1)
    @rule(data=st.data())
    def merge(self, data):
        source, into = data.draw(st.permutations(self.made.table.ids))[:2]
        before = self.everything()
        if not (before[0] == source).any():
            return
        table_edits.merge(self.made, source, into)
        expected = np.where(before[1] == source, into, before[1])
        assert np.array_equal(self.made.human_pixels(()), expected)
        self.remember(before)

    @precondition(lambda self: len(self.made.table.ids) > 1)
    @rule(data=st.data())
    def delete(self, data):
        id = data.draw(st.sampled_from(self.made.table.ids))
        before = self.everything()
        if not (before[0] == id).any():
            return
        table_edits.delete(self.made, id)
        expected = np.where(before[1] == id, VOID, before[1])
        assert np.array_equal(self.made.human_pixels(()), expected)
        self.remember(before)

    @precondition(lambda self: self.past)
    @rule()
    def undo(self):
        now = self.everything()
        self.made.masks.layer.undo()
        self.compare(self.past.pop())
        self.future.append(now)

    @precondition(lambda self: self.future)
    @rule()
    def redo(self):
        now = self.everything()
        self.made.masks.layer.redo()
        self.compare(self.future.pop())
        self.past.append(now)

    def compare(self, expected):
        for one, other in zip(self.everything(), expected, strict=True):
            assert np.array_equal(one, other)

    @invariant()
    def every_pixel_has_a_name(self):
        if hasattr(self, "made"):
            ids = {0, VOID, *self.made.table.ids}
            for tracked in (self.made.masks, self.made.pseudo_labels):
                assert set(np.unique(tracked.layer.data).tolist()) <= ids
                assert names_of(tracked.layer) == self.made.legend.names
            assert set(self.made.pieces[()].state.ids) <= ids


TestLoop = Loop.TestCase
TestLoop.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)


def test_strokes_on_the_pseudo_labels_are_corrections_until_undone_with_their_update():
    made = annotated()
    id = 1 if labels(1, (0, 1, 2, 3, VOID))[2, 2] != 1 else 2
    made.pseudo_labels.layer.paint((2, 2), id)
    human = made.human_pixels(())
    assert human[2, 2] == id
    assert (human != VOID).sum() == 1
    update(made)
    assert made.masks.layer.data[2, 2] == id
    assert np.array_equal(made.human_pixels(()), human)
    made.masks.layer.undo()
    assert np.array_equal(made.human_pixels(()), human)
    made.pseudo_labels.layer.undo()
    assert (made.human_pixels(()) == VOID).all()


def test_undo_of_a_stroke_on_the_pseudo_labels_withdraws_it_after_an_update_took_it_in():
    made = annotated()
    made.pseudo_labels.layer.paint((2, 2), 1 if made.pseudo_labels.layer.data[2, 2] != 1 else 2)
    made.masks.layer.paint((4, 4), 3)
    human = made.human_pixels(())
    update(made)
    made.pseudo_labels.layer.undo()
    assert np.argwhere(made.human_pixels(()) != VOID).tolist() == [[4, 4]]
    made.pseudo_labels.layer.redo()
    assert np.array_equal(made.human_pixels(()), human)
    made.pseudo_labels.layer.undo()
    update(made, 5)
    assert np.argwhere(made.human_pixels(()) != VOID).tolist() == [[4, 4]]
    made.pseudo_labels.layer.redo()
    assert np.array_equal(made.human_pixels(()), human)


def test_undo_of_a_stroke_on_the_pseudo_labels_leaves_the_same_stroke_on_the_masks():
    made = annotated()
    id = min({1, 2, 3} - {int(layer.data[2, 2]) for layer in (made.masks.layer, made.pseudo_labels.layer)})
    made.masks.layer.paint((2, 2), id)
    made.pseudo_labels.layer.paint((2, 2), id)
    update(made)
    made.pseudo_labels.layer.undo()
    assert made.human_pixels(())[2, 2] == id


def test_undo_of_an_update_brings_back_how_sure_it_was():
    made = annotated()
    shape = made.masks.layer.data.shape
    for sure in (0.25, 0.5, 0.75):
        piece = made.slice(())
        piece.masks, piece.confidence = labels(int(100 * sure)), np.full(shape, sure, np.float32)
        made.write_masks({(): piece})
    seen = [made.pieces[()].confidence[0, 0]]
    for move in (made.masks.layer.undo, made.masks.layer.undo, made.masks.layer.redo):
        move()
        made.human_pixels(())
        seen.append(made.pieces[()].confidence[0, 0])
    assert seen == [0.75, 0.5, 0.25, 0.5]
    assert made.pieces[()].confidence.dtype == np.float32


def test_a_stroke_that_says_what_the_masks_say_already_is_kept():
    made = annotated()
    at = tuple(np.argwhere(labels(0) != labels(1, (0, 1, 2, 3, VOID)))[0])
    made.pseudo_labels.layer.paint(at, labels(0)[at])
    made.write_masks({(): made.slice(())})
    assert made.human_pixels(())[at] == labels(0)[at]
    update(made)
    assert made.masks.layer.data[at] == labels(0)[at]


def test_a_stroke_on_the_masks_counts_before_an_older_one_on_the_pseudo_labels():
    made = annotated()
    first = min({0, 1, 2, 3} - {int(labels(0)[2, 2]), int(labels(1, (0, 1, 2, 3, VOID))[2, 2])})
    made.pseudo_labels.layer.paint((2, 2), first)
    update(made)
    second = 1 + first % 3
    made.masks.layer.paint((2, 2), second)
    assert made.human_pixels(())[2, 2] == second
    update(made, 5)
    assert made.masks.layer.data[2, 2] == second


def test_a_snapshot_is_not_changed_by_later_strokes_and_holds_them_next_time():
    made = annotated()
    first = made.snapshot()
    kept = first.slices[()].masks.copy()
    made.masks.layer.paint((2, 2), (kept[2, 2] + 1) % 4)
    assert np.array_equal(first.slices[()].masks, kept)
    assert made.snapshot(whole=False).slices[()].human[2, 2] == (kept[2, 2] + 1) % 4


def test_what_is_known_of_a_slice_holds_its_pixels_no_second_time():
    made = annotated()
    update(made)
    piece = made.pieces[()]
    assert np.shares_memory(piece.masks, made.masks.layer.data)
    assert np.shares_memory(piece.pseudo_labels, made.pseudo_labels.layer.data)
    # one number for all pixels
    assert piece.human.strides == (0, 0)
    # nobody has painted on the pseudo-labels, so there is nothing to know of it
    assert made.human.taken == {}
