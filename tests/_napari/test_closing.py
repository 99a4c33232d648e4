"""Saving when a window ends, and what a person is asked where that fails."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QCoreApplication

from napari_ovseg._napari.closing import Closing, UnsavedDialog

from .desk import on_disk


@pytest.mark.parametrize("way", ["close", "quit"])
def test_closing_saves(qtbot, desk, way):
    closing = Closing(desk.autosave, lambda: None, lambda why: pytest.fail(why), desk.window)
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
    found = Closing(desk.autosave, lambda: None, ask, desk.window)
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
    closing = Closing(desk.autosave, lambda: None, lambda why: "stay", desk.window)
    closing.watch(desk.window)
    with qtbot.waitSignal(closing.closing):
        desk.window.close()
