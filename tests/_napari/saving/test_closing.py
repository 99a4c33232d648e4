"""Saving when a window ends, and what a person is asked where that fails."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QCoreApplication, Qt

from napari_ovseg._napari.saving.closing import Closing, NotSavedDialog, UnsavedDialog

from ..desk import on_disk


@pytest.mark.parametrize("way", ["close", "quit"])
def test_closing_saves(qtbot, desk, way):
    closing = Closing(desk.autosave, lambda: None, pytest.fail, pytest.fail, desk.window)
    closing.watch(desk.window)
    desk.paint(4)
    if way == "close":
        desk.window.close()
    else:
        QCoreApplication.instance().aboutToQuit.emit()
    assert on_disk(desk.place) == 4


@pytest.fixture
def closing(desk):
    """What closing the window asks, with answers to give."""
    asked, answers = [], []
    ask = lambda why: (asked.append(why), answers.pop(0))[1]  # noqa: E731
    found = Closing(desk.autosave, lambda: None, ask, pytest.fail, desk.window)
    found.watch(desk.window)
    return type("Asked", (), {"asked": asked, "answers": answers, "closing": found})


def test_a_window_with_unsaved_work_stays_open_if_a_person_wants_so(qtbot, desk, full, closing):
    desk.window.show()
    desk.paint(1)
    closing.answers += ["retry", "stay"]
    assert not desk.window.close()
    assert desk.window.isVisible()
    assert [why[:16] for why in closing.asked] == ["There is no room"] * 2
    full["full"] = False
    assert desk.window.close()
    assert len(closing.asked) == 2
    assert on_disk(desk.place) == 1


def test_unsaved_work_can_be_saved_elsewhere_while_closing(qtbot, desk, full, closing, tmp_path):
    def elsewhere(why):
        full["full"] = False
        desk.place = tmp_path / "other" / "cells.tif.ovseg"
        return "elsewhere"

    before = desk.place
    desk.paint(1)
    closing.closing.ask = elsewhere
    assert desk.window.close()
    assert on_disk(desk.place) == 1
    assert on_disk(before) is None


def test_who_gives_up_unsaved_work_is_asked_once(qtbot, desk, full, closing):
    desk.paint(1)
    closing.answers.append("close")
    assert desk.window.close()
    assert closing.closing.close()
    assert len(closing.asked) == 1


def test_the_dialog_says_why_and_knows_what_was_clicked(qtbot):
    for name, answer in (
        ("retry", "retry"),
        ("elsewhere", "elsewhere"),
        ("close_anyway", "close"),
        ("stay", "stay"),
    ):
        dialog = UnsavedDialog("The disk is full.")
        qtbot.addWidget(dialog)
        dialog.show()
        assert "not saved. The disk is full." in dialog.text()
        getattr(dialog, name).click()
        assert dialog.answer() == answer
    dialog = UnsavedDialog("The disk is full.")
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.reject()
    assert dialog.answer() == "stay"


def test_a_window_that_is_closed_says_so_to_what_works_in_the_background(qtbot, desk):
    closing = Closing(desk.autosave, lambda: None, lambda why: "stay", pytest.fail, desk.window)
    closing.watch(desk.window)
    with qtbot.waitSignal(closing.closing):
        desk.window.close()


@pytest.fixture
def by_hand(desk, closing):
    """A window where nothing is saved by itself, and that asks whether to save, with answers to give."""
    desk.autosave.set_by_itself(False)
    closing.questions = []
    closing.closing.ask_to_save = lambda: (closing.questions.append(1), closing.answers.pop(0))[1]
    desk.window.show()
    return closing


def test_what_is_not_saved_by_itself_is_asked_for_and_saved(qtbot, desk, by_hand):
    desk.paint(4)
    by_hand.answers += ["stay", "save"]
    assert not desk.window.close()
    assert desk.window.isVisible()
    assert on_disk(desk.place) is None
    assert desk.window.close()
    assert on_disk(desk.place) == 4
    assert by_hand.asked == []


def test_what_a_person_does_not_save_is_not_saved_and_asked_for_again_if_the_window_stays(
    qtbot, desk, by_hand
):
    desk.paint(4)
    by_hand.answers += ["lose", "lose"]
    assert desk.window.close()
    # napari may ask whether to close, and be told no
    desk.window.show()
    assert desk.window.close()
    assert len(by_hand.questions) == 2
    assert by_hand.closing.close()
    QCoreApplication.instance().aboutToQuit.emit()
    assert on_disk(desk.place) is None


def test_nothing_is_asked_where_all_is_saved(qtbot, desk, by_hand):
    desk.paint(4)
    assert desk.autosave.save()
    qtbot.waitUntil(lambda: not desk.autosave.unsaved)
    assert desk.window.close()
    assert by_hand.questions == []


def test_saving_that_fails_while_closing_is_asked_about_as_ever(qtbot, desk, full, by_hand):
    desk.paint(4)
    by_hand.answers += ["save", "stay"]
    assert not desk.window.close()
    assert [why[:16] for why in by_hand.asked] == ["There is no room"]
    by_hand.answers.append("lose")


def test_a_program_that_ends_without_asking_loses_nothing(qtbot, desk, by_hand):
    desk.paint(4)
    QCoreApplication.instance().aboutToQuit.emit()
    assert on_disk(desk.place) == 4


def test_the_question_names_the_pictures_and_knows_what_was_clicked(qtbot):
    for name, answer in (("save", "save"), ("lose", "lose"), ("stay", "stay")):
        dialog = NotSavedDialog(["'a'", "'b'", "'c'"])
        qtbot.addWidget(dialog)
        dialog.show()
        assert dialog.text() == "Save the work on 'a', 'b' and 'c'?"
        qtbot.mouseClick(getattr(dialog, name), Qt.MouseButton.LeftButton)
        assert dialog.answer() == answer
