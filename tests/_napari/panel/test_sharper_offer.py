"""The offer below the names: nothing changes before a click."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt

from napari_ovseg._napari.panel.model_box import LOCAL_FILE
from napari_ovseg.wording import sharper_names

PHOTOS = "ViT-B-16-quickgelu/openai"


@pytest.fixture
def make_panel(make_panel):
    """A panel with a model that may know any word."""

    def make(**options):
        panel = make_panel(**options)
        panel.form.model.setEditText(PHOTOS)
        return panel

    return make


def test_a_sharper_name_is_offered_taken_only_on_a_click_and_can_be_edited(make_panel, qtbot):
    panel = make_panel(show=True)
    offer = panel.form.sharper
    panel.type_names("grass, person")
    qtbot.waitUntil(offer.isVisible)
    assert panel.form.names.toPlainText() == "grass, person"
    assert offer.wording.toPlainText() == "person: person with clothes, people, human"
    offer.wording.setPlainText("person: somebody, people")
    panel.click(offer.use)
    assert panel.form.names.toPlainText() == "grass\nperson: somebody, people"
    assert not offer.isVisible()


def test_a_dismissed_offer_does_not_come_back_and_the_next_one_does(make_panel, qtbot):
    panel = make_panel(show=True)
    offer = panel.form.sharper
    panel.type_names("person, bird")
    qtbot.waitUntil(offer.isVisible)
    panel.click(offer.dismiss)
    assert offer.wording.toPlainText().startswith("bird:")
    panel.click(offer.dismiss)
    assert not offer.isVisible()
    panel.type_names("bird, person, tree")
    offer.look()
    assert not offer.isVisible()
    assert panel.form.names.toPlainText() == "bird, person, tree"


def test_an_edited_offer_that_clashes_says_so_and_changes_nothing(make_panel, qtbot):
    panel = make_panel(show=True)
    offer = panel.form.sharper
    panel.type_names("person, human")
    qtbot.waitUntil(offer.isVisible)
    offer.wording.setPlainText("person: human")
    panel.click(offer.use)
    assert panel.form.names.toPlainText() == "person, human"
    assert "stands for both" in offer.question.text()


def test_words_that_the_model_never_saw_are_not_offered_and_another_model_changes_that(make_panel, qtbot):
    panel = make_panel(show=True)
    offer, model = panel.form.sharper, panel.form.model
    model.setEditText("demo")
    panel.type_names("person, nucleus")
    qtbot.waitUntil(offer.isVisible)
    assert offer.wording.toPlainText() == "nucleus: cell nucleus, stained nucleus"
    panel.click(offer.dismiss)
    assert not offer.isVisible()
    model.setEditText(PHOTOS)
    qtbot.waitUntil(offer.isVisible)
    assert offer.wording.toPlainText().startswith("person:")
    model.setCurrentText(LOCAL_FILE)
    panel.form.weights.architecture.setText("demo")
    qtbot.waitUntil(lambda: not offer.isVisible())


@pytest.mark.parametrize("name", ["person", "cell", "mitochondria"])
def test_all_of_a_wording_can_be_read_at_the_panels_least_width(make_panel, qtbot, name):
    panel = make_panel(show=True)
    panel.dock.setMaximumWidth(panel.dock.minimumSizeHint().width())
    offer = panel.form.sharper
    panel.type_names(name)
    qtbot.waitUntil(offer.isVisible)
    (wording,) = sharper_names(name).values()
    assert offer.wording.toPlainText() == wording.text
    for bar in (offer.wording.verticalScrollBar(), offer.wording.horizontalScrollBar()):
        assert bar.maximum() == 0
    qtbot.keyClick(offer.wording, Qt.Key.Key_Return)
    assert panel.form.names.toPlainText() == wording.text
