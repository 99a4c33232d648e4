import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_ovseg.annotation import SliceAnnotation
from napari_ovseg.annotation.found import table_for
from napari_ovseg.annotation.label_table import LabelTable
from napari_ovseg.annotation.reconcile import brought, followed, held, met
from napari_ovseg.categories import parse_categories
from napari_ovseg.labelled import named_labels

VOID = 255
NAMES = ("a", "b", "c", "d")
EDITS = st.lists(
    st.tuples(st.sampled_from(["merge", "delete", "rename", "add"]), st.integers(1, 4), st.integers(1, 4)),
    max_size=6,
)


def edited(table, edits):
    """Edit step by step; with what became of each first id, told by what each edit is said to do."""
    fate = {id: id for id in table.ids}
    for number, (kind, id, other) in enumerate(edits):
        if id not in table.ids or (kind == "merge" and (other not in table.ids or other == id)):
            continue
        if kind == "merge":
            table = table.merge(id, other)
            fate = {old: other if now == id else now for old, now in fate.items()}
        elif kind == "delete":
            table = table.delete(id)
            fate = {old: None if now == id else now for old, now in fate.items()}
        elif kind == "rename":
            table = table.rename(id, f"renamed {number}")
        elif kind == "add":
            table = table.add(f"added {number}")
    return table, fate


def piece_of(masks, human=None):
    human = np.full_like(masks, VOID) if human is None else human
    return SliceAnnotation(masks, human, masks.copy(), presence=dict.fromkeys(NAMES, 0.5))


@given(EDITS)
def test_what_was_found_follows_every_edit_of_the_table(edits):
    before = LabelTable(named_labels(NAMES))
    now, fate = edited(before, edits)
    masks = np.array([[0, 1, 2], [3, 4, VOID]], np.uint8)
    found = brought(piece_of(masks, masks), before, now)
    stay = {0: 0, VOID: VOID}
    there = stay | {id: 0 if to is None else to for id, to in fate.items()}
    human = stay | {id: VOID if to is None else to for id, to in fate.items()}
    assert found.masks.tolist() == [[there[id] for id in row] for row in masks.tolist()]
    assert found.human.tolist() == [[human[id] for id in row] for row in masks.tolist()]
    assert set(found.presence) == {now.find(id).name for id in fate.values() if id is not None}


@given(st.lists(st.sampled_from(NAMES), min_size=1, unique=True), EDITS)
def test_the_table_of_a_run_with_other_names_follows_too(typed, edits):
    before = LabelTable(named_labels(NAMES))
    table = table_for(parse_categories([*typed, "new"]), before)
    now, fate = edited(before, edits)
    result = followed(table, before, now)
    piece = piece_of(np.array([[0, *table.ids]], np.uint8))
    found = brought(piece, table, result).masks[0].tolist()
    names = {0: "", **{label.id: label.name for label in result.labels}}
    for id, name in enumerate(typed, 1):
        to = fate[NAMES.index(name) + 1]
        assert names[found[id]] == ("" if to is None else now.find(to).name)
    assert names[found[len(typed) + 1]] == "new"
    assert {label.name for label in now.labels if label.name.startswith("added")} <= set(names.values())


def test_locks_and_colours_that_were_set_meanwhile_hold_for_other_names_too():
    before = LabelTable(named_labels(NAMES))
    table = table_for(parse_categories("c, a"), before)
    result = followed(table, before, before.lock(3).recolour(1, (1, 2, 3)))
    assert result.locked == {1}
    assert result.find(2).colour == (1, 2, 3)


def test_what_a_person_has_and_what_is_locked_come_before_what_was_found():
    found, masks = np.array([[1, 1, 2, 2, 0]], np.uint8), np.array([[1, 2, 1, 2, 2]], np.uint8)
    assert held(found, masks, [2]).tolist() == [[1, 2, 1, 2, 2]]
    human = np.array([[VOID, VOID, 0, VOID, VOID]], np.uint8)
    assert met(piece_of(found), piece_of(masks, human), [1]).masks.tolist() == [[1, 2, 0, 2, 0]]
