"""Renaming a category where it stands in the table."""

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_ovseg._napari.panel.category_cells import NAME

from ..shown_table import LABELS


def test_a_double_click_renames_in_place(shown):
    shown.double_click(1, NAME)
    shown.type_name("  big   dog ")
    assert shown.said == [("picked", 3), ("renamed", 3, "big dog")]
    assert shown.texts(NAME)[1] == "dog"
    shown.fill(LABELS.rename(3, "big dog"))
    assert shown.texts(NAME)[1] == "big dog"


def test_a_name_that_cannot_be_is_refused_where_it_is_typed(shown):
    shown.double_click(1, NAME)
    shown.said.clear()
    shown.type_name("CAT")
    assert [said[0] for said in shown.said] == ["refused"]
    assert "CAT" in shown.said[0][1]
    assert shown.editor.text() == "CAT"
    assert "CAT" in shown.editor.toolTip()
    shown.said.clear()
    shown.type_name("hound")
    assert shown.said == [("renamed", 3, "hound")]
    assert shown.editor is None


def test_an_unusable_name_is_given_up_when_its_box_is_left(shown):
    shown.double_click(0, NAME)
    shown.said.clear()
    shown.editor.setText("a, b")
    shown.table.closeEditor(shown.editor, shown.table.itemDelegate().EndEditHint.NoHint)
    assert "renamed" not in [said[0] for said in shown.said]
    assert shown.texts(NAME)[0] == "cat"


def test_escape_and_an_unchanged_name_change_nothing(shown):
    for key in (Qt.Key.Key_Escape, Qt.Key.Key_Return):
        shown.double_click(0, NAME)
        shown.said.clear()
        shown.qtbot.keyClick(shown.editor, key)
        shown.qtbot.wait(1)
        assert shown.said == []
        assert shown.editor is None


@pytest.mark.parametrize("others", [LABELS.add("bird"), LABELS.delete(1), LABELS.lock(4)])
def test_a_name_goes_to_its_category_though_rows_move_meanwhile(shown, others):
    shown.double_click(2, NAME)
    shown.said.clear()
    shown.editor.selectAll()
    shown.qtbot.keyClicks(shown.editor, "bush")
    shown.fill(others)
    shown.table.show_shares(np.bincount([1, 4], minlength=256))
    assert shown.editor.text() == "bush"
    shown.qtbot.keyClick(shown.editor, Qt.Key.Key_Return)
    shown.qtbot.wait(1)
    assert shown.said == [("renamed", 4, "bush")]


def test_a_name_whose_category_is_gone_is_refused(shown):
    shown.double_click(1, NAME)
    shown.said.clear()
    shown.fill(LABELS.delete(3))
    shown.type_name("bush")
    assert [said[0] for said in shown.said] == ["refused"]
    assert shown.texts(NAME) == ["cat", "tree", "background"]


def test_the_background_has_no_name_to_type(shown):
    shown.double_click(3, NAME)
    shown.press(Qt.Key.Key_F2)
    assert shown.editor is None
