import colorsys
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from napari_ovseg.annotation.label_table import LabelTable
from napari_ovseg.categories import parse_categories
from napari_ovseg.colours import category_colours
from napari_ovseg.errors import InputError
from napari_ovseg.labelled import NamedLabel

NAMES = ["cat", "dog", "Dog", "puppy", "tree", "café", "cafe\u0301", " cat ", "a b", "sky", "grass"]


def table_of(*names):
    table = LabelTable()
    for name in names:
        table = table.add(name)
    return table


def spelt(name):
    """The form under which two spellings are one name, worked out apart from the code under test."""
    return unicodedata.normalize("NFC", " ".join(name.split()).casefold())


class Person(RuleBasedStateMachine):
    """Any series of actions, beside a plain dictionary of what should be there."""

    def __init__(self):
        super().__init__()
        self.table = LabelTable()
        self.names = {}
        self.words = {}
        self.colours = {}
        self.locked = set()
        self.ever = 0

    def taken(self, but=None):
        return {spelt(word) for id, words in self.words.items() if id != but for word in words} | {
            spelt(name) for id, name in self.names.items() if id != but
        }

    @rule(name=st.sampled_from(NAMES), synonyms=st.lists(st.sampled_from(NAMES), max_size=2))
    def add(self, name, synonyms):
        new = [spelt(word) for word in (name, *synonyms)]
        if len(set(new)) < len(new) or set(new) & self.taken():
            with pytest.raises(InputError):
                self.table.add(name, synonyms)
            return
        self.table = self.table.add(name, synonyms)
        self.ever += 1
        self.names[self.ever] = name
        self.words[self.ever] = synonyms
        self.colours[self.ever] = self.table.find(self.ever).colour

    @precondition(lambda self: self.names)
    @rule(name=st.sampled_from(NAMES), choice=st.integers(0, 100))
    def rename(self, name, choice):
        id = self.pick(choice)
        if spelt(name) in self.taken(but=id):
            with pytest.raises(InputError):
                self.table.rename(id, name)
            return
        self.table = self.table.rename(id, name)
        self.names[id] = name
        self.words[id] = [word for word in self.words[id] if spelt(word) != spelt(name)]

    @precondition(lambda self: self.names)
    @rule(colour=st.tuples(*[st.sampled_from([1, 128, 230])] * 3), choice=st.integers(0, 100))
    def recolour(self, colour, choice):
        id = self.pick(choice)
        if colour in [other for key, other in self.colours.items() if key != id]:
            with pytest.raises(InputError, match="this colour"):
                self.table.recolour(id, colour)
            return
        self.table = self.table.recolour(id, colour)
        self.colours[id] = colour

    @precondition(lambda self: self.names)
    @rule(source=st.integers(0, 100), into=st.integers(0, 100))
    def merge(self, source, into):
        source, into = self.pick(source), self.pick(into)
        if source == into or {source, into} & self.locked:
            with pytest.raises(InputError):
                self.table.merge(source, into)
            return
        self.table = self.table.merge(source, into)
        self.words[into] = [*self.words[into], self.names[source], *self.words[source]]
        self.drop(source)

    @precondition(lambda self: self.names)
    @rule(choice=st.integers(0, 100))
    def delete(self, choice):
        id = self.pick(choice)
        if id in self.locked:
            with pytest.raises(InputError, match="unlock"):
                self.table.delete(id)
            return
        self.table = self.table.delete(id)
        self.drop(id)

    @rule(choice=st.integers(0, 100), locked=st.booleans())
    def lock(self, choice, locked):
        id = [0, *self.names][choice % (1 + len(self.names))]
        self.table = self.table.lock(id) if locked else self.table.unlock(id)
        (self.locked.add if locked else self.locked.discard)(id)

    def pick(self, choice):
        return list(self.names)[choice % len(self.names)]

    def drop(self, id):
        for kept in (self.names, self.words, self.colours):
            del kept[id]

    @invariant()
    def the_table_says_the_same(self):
        assert self.table.ids == tuple(self.names)
        assert [spelt(label.name) for label in self.table.labels] == [
            spelt(name) for name in self.names.values()
        ]
        assert [[spelt(word) for word in label.synonyms] for label in self.table.labels] == [
            [spelt(word) for word in words] for words in self.words.values()
        ]
        assert [label.colour for label in self.table.labels] == list(self.colours.values())
        assert len(set(self.colours.values())) == len(self.colours)
        assert self.table.locked == self.locked
        assert self.table.last_id == self.ever

    @invariant()
    def walking_down_and_up_comes_by_every_row_once(self):
        rows = (*self.names, 0)
        id, seen = 0, []
        for _ in rows:
            id = self.table.next_id(id)
            seen.append(id)
            assert self.table.next_id(self.table.previous_id(id)) == id
        assert tuple(seen) == rows
        assert [self.table.nth_id(n) for n in range(len(rows) + 1)] == [0, *self.names, None]

    @invariant()
    def it_is_the_same_table_when_made_again(self):
        assert LabelTable(self.table.labels, self.table.locked, self.table.last_id) == self.table


TestPerson = Person.TestCase


def test_ids_and_colours_are_those_of_the_typed_list():
    names = [category.name for category in parse_categories("nuclei, cells, debris")]
    table = table_of(*names)
    assert [(label.id, label.name) for label in table.labels] == list(enumerate(names, start=1))
    assert [label.colour for label in table.labels] == [
        tuple(row) for row in category_colours(3)[1:].tolist()
    ]


def test_a_deleted_id_is_not_given_out_again_and_its_colour_is():
    table = table_of("a", "b", "c")
    colour = table.find(3).colour
    table = table.delete(3).add("d")
    assert table.ids == (1, 2, 4)
    assert table.find(4).colour == colour


def test_an_id_that_is_not_in_the_table_goes_to_an_end():
    table = table_of("a", "b")
    assert table.next_id(7) == 1
    assert table.previous_id(7) == 0
    assert LabelTable().next_id(3) == LabelTable().previous_id(0) == 0


def test_tables_are_sorted_and_forget_locks_of_what_is_not_there():
    b, a = NamedLabel(5, "b", (1, 2, 3)), NamedLabel(2, "a", (4, 5, 6))
    table = LabelTable((b, a), frozenset({0, 5, 9}))
    assert table.ids == (2, 5)
    assert table.locked == {0, 5}
    assert table.add("c").ids == (2, 5, 6)


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (lambda table: table.add("DOG"), "in the table already"),
        (lambda table: table.add("hound"), "stands for both"),
        (lambda table: table.add("wolf", ["Hound"]), "stands for both"),
        (lambda table: table.add(""), "empty"),
        (lambda table: table.add("a, b"), "comma"),
        (lambda table: table.add("background"), "background"),
        (lambda table: table.rename(2, "hound"), "stands for both"),
        (lambda table: table.rename(1, "x:y"), "colon"),
        (lambda table: table.rename(9, "x"), "No category has the id 9"),
        (lambda table: table.rename(0, "x"), "No category has the id 0"),
        (lambda table: table.recolour(1, (0, 0, 256)), "0 to 255"),
        (lambda table: table.recolour(1, (255, 255, 255)), "Black and white"),
        (lambda table: table.merge(1, 1), "into itself"),
        (lambda table: table.lock(2).merge(1, 2), "unlock it first"),
        (lambda table: table.lock(2).merge(2, 1), "unlock it first"),
        (lambda table: table.delete(3), "No category"),
        (lambda table: table.lock(3), "No category"),
        (lambda table: LabelTable(table.labels * 2), "occur once"),
        (lambda table: LabelTable(last_id=70_000), "can't be stored"),
    ],
)
def test_what_cannot_be_done_is_said(action, words):
    table = LabelTable().add("dog", ["hound"]).add("tree")
    before = (table.labels, table.locked, table.last_id)
    with pytest.raises(InputError, match=words):
        action(table)
    assert (table.labels, table.locked, table.last_id) == before


def test_a_typed_list_is_added_whole_or_not_at_all():
    table = table_of("a").add_typed("b: c, d; e")
    assert [(label.id, label.name, label.synonyms) for label in table.labels] == [
        (1, "a", ()),
        (2, "b", ("c", "d")),
        (3, "e", ()),
    ]
    for text, words in (
        ("f, a", "in the table already"),
        ("f; background: sky", "under Names"),
        ("", "no name"),
    ):
        with pytest.raises(InputError, match=words):
            table.add_typed(text)


@given(st.sets(st.integers(0, 30)))
def test_new_colours_differ_from_all_others(deleted):
    table = table_of(*(f"n{number}" for number in range(30)))
    for id in deleted & set(table.ids):
        table = table.delete(id)
    red, green, blue = colorsys.hls_to_rgb(0.5, 0.5, 1)
    if table.labels:
        table = table.recolour(table.ids[0], (round(red * 255), round(green * 255), round(blue * 255)))
    for number in range(5):
        table = table.add(f"new {number}")
    colours = [label.colour for label in table.labels]
    assert len(set(colours)) == len(colours)
    assert not {(0, 0, 0), (255, 255, 255)} & set(colours)


def test_pixels_are_wide_enough_for_every_id_and_void():
    assert LabelTable(last_id=254).dtype == np.uint8
    assert LabelTable(last_id=254).add("a").dtype == np.uint16
