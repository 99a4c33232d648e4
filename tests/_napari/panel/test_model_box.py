"""The list of models: which of them suits a picture, and who has the last word."""

from __future__ import annotations

import pytest

from napari_ovseg._napari.panel.model_box import ModelBox
from napari_ovseg._napari.panel.model_choice import ModelChoice

MODELS = [ModelChoice(name, f"{name} - here", "") for name in ("demo", "photos", "clip")]


@pytest.fixture
def box(qtbot):
    box = ModelBox()
    qtbot.addWidget(box)
    box.offer_models(MODELS, "demo")
    return box


def test_the_model_that_suits_a_picture_is_chosen_until_a_picture_that_it_does_not_suit(box):
    box.suit(MODELS, "photos")
    assert box.chosen_name() == "photos"
    # another such picture
    box.suit(MODELS, "photos")
    box.suit(MODELS, "")
    assert box.chosen_name() == "demo"
    box.suit(MODELS, "")
    assert box.chosen_name() == "demo"


def test_what_saved_work_has_chosen_meanwhile_stays(box):
    box.suit(MODELS, "photos")
    box.setCurrentIndex(2)
    box.suit(MODELS, "")
    assert box.chosen_name() == "clip"


def test_a_person_has_the_last_word(box, qtbot):
    qtbot.keyClicks(box, "x")
    typed = box.chosen_name()
    assert typed.endswith("x")
    box.suit(MODELS, "photos")
    assert box.chosen_name() == typed


def test_a_person_who_picks_from_the_list_has_it_too(box):
    box.activated.emit(2)
    box.suit(MODELS, "photos")
    assert box.chosen_name() == "demo"


def test_of_a_long_name_the_beginning_is_seen(box):
    box.resize(120, 30)
    box.choose([ModelChoice("long", "cells-adapted - trained, in a folder far away", ""), *MODELS], "long")
    assert box.lineEdit().cursorPosition() == 0
    box.choose(MODELS, "demo")
    assert box.lineEdit().cursorPosition() == len("demo - here")
    # who has asked for it has the last word
    box.suit(MODELS, "photos")
    assert box.chosen_name() == "demo"
