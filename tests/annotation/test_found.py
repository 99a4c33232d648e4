from __future__ import annotations

import numpy as np
import pytest

from napari_ovseg.annotation import SliceAnnotation
from napari_ovseg.annotation.found import moved, table_for
from napari_ovseg.annotation.label_table import LabelTable
from napari_ovseg.categories import parse_categories
from napari_ovseg.labelled import named_labels
from napari_ovseg.segmentation import State

VOID = 255


def table(*names):
    return LabelTable(named_labels(names))


def piece(masks, human, ids=(1, 2)):
    masks, human = (np.array([row], np.uint8) for row in (masks, human))
    state = State(tuple(ids), np.full((len(ids) + 1, 1, 1), 1 / (len(ids) + 1), np.float32), None)
    return SliceAnnotation(masks, human, masks.copy(), state=state, presence={"cat": 0.9, "dog": 0.4})


def names(found):
    return {label.id: label.name for label in found.labels}


def test_typing_the_same_names_keeps_the_table():
    earlier = table("cat", "dog").recolour(1, (1, 2, 3)).lock(2)
    assert table_for(parse_categories("dog, cat"), earlier) is earlier


def test_what_was_painted_stays_after_what_is_typed():
    earlier = table("cat", "dog", "bird").recolour(3, (1, 2, 3)).lock(3)
    found = table_for(parse_categories("tree"), earlier, [0, 3, VOID])
    assert names(found) == {1: "tree", 2: "bird"}
    assert found.find(2).colour == (1, 2, 3)
    assert found.locked == {2}


def test_a_painted_name_that_is_typed_as_a_synonym_is_that_category():
    earlier = table("puppy", "cat")
    found = table_for(parse_categories("dog: puppy"), earlier, [1, 2])
    assert names(found) == {1: "dog", 2: "cat"}
    there = moved(piece([1, 2], [1, VOID]), earlier, found)
    assert there.human.tolist() == [[1, VOID]]
    assert there.masks.tolist() == [[1, 2]]


def test_two_names_that_became_synonyms_are_merged():
    earlier = table("cat", "dog")
    found = table_for(parse_categories("pet: cat, dog"), earlier, [1, 2])
    there = moved(piece([1, 2, 0], [1, 2, VOID]), earlier, found)
    assert there.human.tolist() == [[1, 1, VOID]]
    assert there.state.ids == (1,)
    np.testing.assert_allclose(there.state.scores.sum(axis=0), 1)


@pytest.mark.parametrize("typed", ["dog, cat", "bird, dog, cat", "Cat, DOG"])
def test_human_pixels_keep_their_name_whatever_the_order(typed):
    earlier = table("cat", "dog")
    found = table_for(parse_categories(typed), earlier, [1, 2])
    there = moved(piece([1, 2, 0, VOID], [1, 2, 0, VOID]), earlier, found)
    by_name = {name.lower(): id for id, name in names(found).items()}
    assert there.human.tolist() == [[by_name["cat"], by_name["dog"], 0, VOID]]
    assert there.state.ids == (by_name["cat"], by_name["dog"])


def test_what_has_no_name_any_more_goes_back_to_the_machine():
    earlier = table("cat", "dog").delete(1)
    there = moved(piece([1, 2, 9], [1, 2, 9], ids=(2,)), earlier, table_for(parse_categories("dog"), earlier))
    assert there.human.tolist() == [[VOID, 2, VOID]] or there.human.tolist() == [[VOID, 1, VOID]]
    assert VOID not in there.state.ids
