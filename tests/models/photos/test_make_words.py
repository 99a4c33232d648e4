"""How the table of words is worked out: the choice among the classes; no sentence model is needed."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_ovseg.models.photos.choice import MOST_BY_SENTENCE, WITHIN, standing_for
from napari_ovseg.models.photos.kinds import Kinds
from napari_ovseg.models.photos.make_words import named_people, people_among, project_words, used_nouns


@given(seed=st.integers(0, 1000), kinds=st.integers(0, 40))
def test_the_nearest_classes_are_chosen_and_kinds_of_a_word_first(seed, kinds):
    rng = np.random.default_rng(seed)
    alike = rng.random(1000, np.float32)
    is_kind = np.zeros(1000, bool)
    is_kind[rng.permutation(1000)[:kinds]] = True
    nearness = alike + np.float32(0.2) * is_kind
    order, weights = standing_for(nearness, is_kind)
    assert order[0] == nearness.argmax()
    assert weights[0] == 1
    assert (np.diff(weights) <= 0).all()
    assert (nearness[order] >= nearness.max() - WITHIN).all()
    assert (~is_kind[order]).sum() <= MOST_BY_SENTENCE
    # whoever is left out is farther than everybody of the same sort who is in
    for sort in (is_kind, ~is_kind):
        inside = np.intersect1d(order, np.flatnonzero(sort))
        outside = np.setdiff1d(np.flatnonzero(sort), order)
        outside = outside[nearness[outside] >= nearness.max() - WITHIN]
        if len(inside) and len(outside):
            assert nearness[inside].min() >= nearness[outside].max()


def test_words_come_from_the_project():
    assert {"dog", "nuclei", "grass", "traffic light"} <= set(project_words())


def test_a_noun_is_common_when_several_definitions_use_it():
    lemmas = {"n1": ["wheel"], "n2": ["cart", "wain"], "n3": ["spoke"], "n4": ["hub"]}
    definitions = dict.fromkeys(lemmas, "what turns with wheels, or a cart")
    assert set(used_nouns(Kinds(lemmas, definitions))) == {"wheel", "cart"}


class EverybodyIsAPerson:
    """Whose only class is the groom."""

    def is_person(self, word):
        return word != "dog"

    def is_class(self, word):
        return word in ("groom", "dog")


def test_people_are_those_that_are_defined_so_and_a_few_named_ones_and_no_classes():
    found = people_among(["nurse", "groom", "dog"], EverybodyIsAPerson())
    assert found == {"nurse", *named_people()}
    assert "crowd" in found
