"""The offer below the names: nothing changes before a click."""

from __future__ import annotations


def test_a_sharper_name_is_offered_taken_only_on_a_click_and_can_be_edited(make_panel, qtbot):
    panel = make_panel(show=True)
    offer = panel.form.sharper
    panel.type_names("grass, person")
    qtbot.waitUntil(offer.isVisible)
    assert panel.form.names.toPlainText() == "grass, person"
    assert offer.wording.text() == "person: person with clothes, people, human"
    offer.wording.setText("person: somebody, people")
    panel.click(offer.use)
    assert panel.form.names.toPlainText() == "grass\nperson: somebody, people"
    assert not offer.isVisible()


def test_a_dismissed_offer_does_not_come_back_and_the_next_one_does(make_panel, qtbot):
    panel = make_panel(show=True)
    offer = panel.form.sharper
    panel.type_names("person, bird")
    qtbot.waitUntil(offer.isVisible)
    panel.click(offer.dismiss)
    assert offer.wording.text().startswith("bird:")
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
    offer.wording.setText("person: human")
    panel.click(offer.use)
    assert panel.form.names.toPlainText() == "person, human"
    assert "stands for both" in offer.question.text()
