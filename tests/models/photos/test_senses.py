"""Whether a class is near what a word means: a dictionary of a few words, with vectors made up for them."""

from __future__ import annotations

import numpy as np
import pytest

from napari_ovseg.models.photos.choice import Limits
from napari_ovseg.models.photos.kinds import Kinds
from napari_ovseg.models.photos.senses import Senses

PHONE, PRISON, CELL, OX, COW, STAFF, NURSE, WOMAN = (
    "n1",
    "n2",
    "n3",
    "n4",
    "n5",
    "n6",
    "n09700000",
    "n09700001",
)
LEMMAS = {
    PHONE: ["telephone", "cell"], PRISON: ["prison"], CELL: ["cell"], OX: ["ox"], COW: ["cow"],
    STAFF: ["staff", "rod"], NURSE: ["nurse"], WOMAN: ["unpleasant woman", "cow"],
}  # fmt: skip
DEFINITIONS = dict.fromkeys(LEMMAS, "")
# what a text is about: telephones, prisons, oxen, and what no class is
ABOUT = {
    "cell": [0.5, 0.3, 0, 0.8], "telephone, cell: ": [0.9, 0, 0, 0.1], "cell: ": [0.1, 0.2, 0, 0.97],
    "telephone": [1, 0, 0, 0], "prison": [0, 1, 0, 0], "prison: ": [0, 1, 0, 0],
    "cow": [0, 0, 0.46, 0.9], "cow: ": [0, 0, 0.6, 0.8], "unpleasant woman, cow: ": [0, 0, 0, 1],
    "ox: ": [0, 0, 1, 0],
    "staff, rod: ": [0.9, 0, 0, 0], "rod": [0.1, 0, 0, 0.9],
    "prisoner": [0, 0.5, 0, 0.8], "prisons": [0, 0.9, 0, 0.1],
}  # fmt: skip


class Told:
    """Classes of three things, and the vectors of `ABOUT` for sentences."""

    kinds = Kinds(LEMMAS, DEFINITIONS)
    synsets = frozenset({PHONE, PRISON, OX, STAFF})
    covered = synsets
    vectors = np.eye(4, dtype=np.float32)[:3]

    @property
    def sentences(self):
        return self

    def encode(self, texts):
        return np.array([ABOUT[text] for text in texts], np.float32)


@pytest.fixture
def senses():
    return Senses(Told())


def test_a_name_of_a_class_is_known(senses):
    assert senses.is_known("telephone")
    # in the plural too; and where it is only a further name, of nothing else
    assert senses.is_known("prisons")
    assert senses.is_known("rod")


def test_a_further_name_of_a_class_is_not_known_where_the_word_rather_means_something_else(senses):
    assert senses.nearest("cell") == CELL
    assert not senses.is_known("cell")
    # unless that is near a class as well: the mean of 0.5 and 0.1
    assert senses.is_known("cell", Limits(word=0.29))
    assert not senses.is_known("cell", Limits(word=0.31))


@pytest.mark.parametrize(
    ("limits", "known"),
    [(Limits(), True), (Limits(word=0.47), False), (Limits(definition=0.52), True),
     (Limits(definition=0.54), False)],
)  # fmt: skip
def test_a_defined_word_and_its_definition_must_be_near(senses, limits, known):
    """0.46 by itself, 0.53 with its definition."""
    assert senses.is_known("cow", limits) == known


def test_a_word_that_is_defined_nowhere_must_be_nearer(senses):
    assert not senses.is_known("prisoner")
    assert senses.is_known("prisoner", Limits(undefined=0.49))


def test_people_are_told_by_the_number_of_all_that_they_mean(senses):
    assert senses.is_person("nurse with a cell")
    # a cow in a field, or an unpleasant woman
    assert not senses.is_person("cow")
    assert not senses.is_person("qwortle")
