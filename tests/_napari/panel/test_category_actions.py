"""Adding, merging and deleting by the buttons and the menu of the table."""

from qtpy.QtCore import Qt

from napari_ovseg._napari.panel.category_cells import ONLY
from napari_ovseg.annotation.label_table import LabelTable

from ..shown_table import LABELS, LEFT


def test_adding_by_name(shown):
    add = shown.actions_row.add
    for text in ("dog", "bird: robin"):
        add.clear()
        shown.qtbot.keyClicks(add, text)
        shown.qtbot.keyClick(add, Qt.Key.Key_Return)
    assert [said[0] for said in shown.said] == ["refused", "add_requested"]
    assert shown.said[1] == ("add_requested", "bird: robin")
    assert add.text() == ""


def test_a_refused_addition_stays_to_be_mended(shown):
    add = shown.actions_row.add
    shown.qtbot.keyClicks(add, "puppy")
    shown.qtbot.keyClick(add, Qt.Key.Key_Return)
    assert add.text() == "puppy"
    assert "puppy" in add.toolTip()


def test_merging_offers_the_other_categories(shown):
    assert not shown.actions_row.merge.isEnabled()
    shown.click(1)
    menu = shown.actions_row.merge_menu
    menu.aboutToShow.emit()
    assert [action.text() for action in menu.actions()] == ["cat", "tree"]
    menu.actions()[1].trigger()
    assert shown.said[1:] == [("merge_requested", 3, 4)]


def test_a_lone_category_has_nothing_to_be_merged_into(shown):
    shown.fill(LabelTable().add("cat & mouse"))
    shown.click(0)
    menu = shown.actions_row.merge_menu
    menu.aboutToShow.emit()
    assert [action.isEnabled() for action in menu.actions()] == [False]
    shown.fill(LabelTable().add("cat & mouse").add("b"))
    shown.table.mark(2)
    menu.aboutToShow.emit()
    assert menu.actions()[0].text() == "cat && mouse"


def test_deleting_is_asked_for_and_never_of_the_background(shown):
    delete = shown.actions_row.delete
    assert not delete.isEnabled()
    shown.click(1)
    shown.qtbot.mouseClick(delete, LEFT)
    shown.click(3)
    assert not delete.isEnabled()
    assert shown.said == [("picked", 3), ("delete_requested", 3), ("picked", 0)]


def test_the_menu_says_what_it_would_do(shown):
    def texts():
        return [action.text() for action in shown.table.actions() if action.isEnabled()]

    assert texts() == []
    shown.fill(LABELS.lock(3))
    shown.click(1)
    assert texts() == ["Rename", "Colour...", "Unlock", "Show only this", "Merge into", "Delete"]
    shown.click(1, ONLY)
    assert "Show all" in texts()
    shown.click(3)
    assert texts() == ["Lock"]
    shown.table.actions()[2].trigger()
    assert shown.said[-1] == ("lock_changed", 0, True)
