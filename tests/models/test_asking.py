"""Words that a model may learn of by being asked."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

import pytest

from napari_ovseg.categories import Category, parse_categories
from napari_ovseg.models.asking import ask_for
from napari_ovseg.models.card import ModelCard


@dataclass(frozen=True)
class LearningCard(ModelCard):
    """The card of a model that knows what it was asked for once."""

    asked: list[str] = field(default_factory=list)

    def unknown_words(self, categories):
        phrases = [
            word for one in categories for word in (one.phrases if isinstance(one, Category) else [one])
        ]
        return tuple(word for word in phrases if word not in self.asked)


@pytest.fixture
def learner():
    """The bundled model, with a card that learns."""
    from napari_ovseg import load_model

    model = copy.copy(load_model("demo"))
    model.card = LearningCard("learner")
    model.encode = lambda phrases, **_: model.card.asked.extend(phrases)
    return model


def test_a_model_is_asked_for_the_words_that_it_does_not_know(learner):
    ask_for(learner, parse_categories("dog: puppy; cat"))
    assert learner.card.asked == ["dog", "puppy", "cat"]
    ask_for(learner, ["cat", "cow"])
    assert learner.card.asked == ["dog", "puppy", "cat", "cow"]


def test_a_model_with_a_list_of_its_words_learns_none():
    from napari_ovseg import load_model

    model = copy.copy(load_model("demo"))
    model.encode = lambda *_: pytest.fail("it was asked")
    ask_for(model, ["qwortle"])
