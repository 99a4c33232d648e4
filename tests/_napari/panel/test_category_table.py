import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QColorDialog

from napari_ovseg._napari.panel.category_cells import LOCK, NAME, ONLY, PRESENCE, SHARE, SWATCH
from napari_ovseg.categories import count_ids

from ..shown_table import LABELS


def test_rows_are_the_categories_and_the_background(shown):
    labels = np.array([[1, 1, 3, 0], [4, 4, 4, 255]], np.uint8)
    shown.fill(presence={"cat": 0.93, "dog": 0.1}, absent=["dog"])
    shown.table.show_shares(count_ids(labels))
    assert shown.texts(NAME) == ["cat", "dog", "tree", "background"]
    assert shown.texts(SHARE) == ["25.0 %", "12.5 %", "37.5 %", "12.5 %"]
    assert shown.texts(PRESENCE) == ["93 %", "no, 10 %", "", ""]
    assert shown.table.item(1, NAME).foreground() != shown.table.item(0, NAME).foreground()
    assert shown.table.item(0, NAME).data(Qt.ItemDataRole.ForegroundRole) is None
    assert "puppy" in shown.table.item(1, NAME).toolTip()


def test_what_the_model_took_a_category_for_is_told(shown):
    shown.fill(stands_for={"dog": "beagle, collie and 41 more"})
    assert "The model took it for: beagle, collie and 41 more." in shown.table.item(1, NAME).toolTip()
    assert "took it for" not in shown.table.item(0, NAME).toolTip()


def test_the_swatch_has_the_colour_of_the_category(shown):
    for row, label in enumerate(LABELS.labels):
        pixel = shown.table.item(row, SWATCH).icon().pixmap(16, 16).toImage().pixelColor(8, 8)
        assert pixel == QColor(*label.colour)


def test_a_click_picks_a_category_or_the_background(shown):
    shown.click(1)
    shown.click(1, SHARE)
    shown.click(3)
    assert shown.said == [("picked", 3), ("picked", 3), ("picked", 0)]
    assert shown.table.chosen == 0


def test_marking_is_not_picking(shown):
    shown.table.mark(4)
    assert (shown.table.chosen, shown.table.currentRow()) == (4, 2)
    shown.table.mark(2)
    assert shown.table.chosen is None
    shown.table.mark(0)
    assert shown.table.chosen == 0
    assert shown.said == []


def test_the_chosen_row_stays_chosen_when_others_come_and_go(shown):
    shown.table.mark(3)
    shown.fill(LABELS.add("bird"))
    assert (shown.table.chosen, shown.table.currentRow()) == (3, 1)
    shown.fill(LABELS.delete(1))
    assert (shown.table.chosen, shown.table.currentRow()) == (3, 0)
    shown.fill(LABELS.delete(3))
    assert shown.table.chosen is None
    shown.table.empty()
    assert (shown.table.rowCount(), shown.table.chosen) == (0, None)
    assert shown.said == []


def test_a_double_click_on_the_swatch_asks_for_a_colour(shown, monkeypatch):
    asked = []

    def answer(initial, parent, title):
        asked.append((initial.getRgb()[:3], title))
        return answers.pop(0)

    monkeypatch.setattr(QColorDialog, "getColor", answer)
    taken = QColor(*LABELS.find(1).colour)
    answers = [QColor(1, 2, 3), QColor(), taken]
    for _ in range(3):
        shown.double_click(1, SWATCH)
    changed = [said for said in shown.said if said[0] != "picked"]
    assert changed[0] == ("recoloured", 3, (1, 2, 3))
    assert [said[0] for said in changed[1:]] == ["refused"]
    assert asked[0] == (LABELS.find(3).colour, "Colour of 'dog'")


def test_locks_are_asked_for_and_shown_but_not_picked(shown):
    shown.table.mark(1)
    shown.click(1, LOCK)
    assert shown.said == [("lock_changed", 3, True)]
    assert shown.table.chosen == 1
    assert shown.words(1, LOCK) == "Not locked"
    shown.fill(LABELS.lock(3).lock(0))
    assert [shown.words(row, LOCK) for row in range(4)] == ["Not locked", "Locked", "Not locked", "Locked"]
    shown.click(1, LOCK)
    shown.click(3, LOCK)
    assert shown.said[1:] == [("lock_changed", 3, False), ("lock_changed", 0, False)]


def test_only_one_category_is_shown_at_a_time(shown):
    shown.click(1, ONLY)
    shown.click(2, ONLY)
    assert [shown.words(row, ONLY) for row in range(3)] == [
        "Show only this",
        "Show only this",
        "Only this is shown",
    ]
    shown.click(2, ONLY)
    shown.click(3, ONLY)
    assert shown.said == [("only_shown", 3), ("only_shown", 4), ("only_shown", None)]


def test_all_is_shown_again_when_the_only_one_goes(shown):
    shown.click(1, ONLY)
    shown.fill(LABELS.rename(3, "hound"))
    assert shown.table.only == 3
    shown.fill(LABELS.delete(3))
    assert shown.table.only is None
    assert {shown.words(row, ONLY) for row in range(2)} == {"Show only this"}


def test_no_eye_is_lit_for_a_label_without_a_row_or_the_background(shown):
    for label in (2, 0, 77):
        shown.table.show_only(3)
        shown.table.show_only(label)
        assert shown.table.only is None


def test_the_background_row_keeps_nothing_of_the_category_it_replaces(shown):
    shown.fill(LABELS.delete(4))
    assert shown.words(2, ONLY) == ""
    assert shown.table.item(2, ONLY).icon().isNull()
    assert not shown.table.item(2, NAME).flags() & Qt.ItemFlag.ItemIsEditable


def test_arrows_pick_and_other_keys_are_left_to_napari(shown):
    shown.table.mark(1)
    shown.press(Qt.Key.Key_Down)
    shown.press(Qt.Key.Key_End)
    shown.press(Qt.Key.Key_Up)
    shown.press(Qt.Key.Key_Left)
    assert shown.said == [("picked", 3), ("picked", 0), ("picked", 4)]
    for key in (Qt.Key.Key_2, Qt.Key.Key_P, Qt.Key.Key_BracketLeft, Qt.Key.Key_Escape):
        shown.press(key)
    shown.press(Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    assert shown.keys_left == [
        Qt.Key.Key_2,
        Qt.Key.Key_P,
        Qt.Key.Key_BracketLeft,
        Qt.Key.Key_Escape,
        Qt.Key.Key_Down,
    ]
    assert shown.table.chosen == 4


def test_space_does_what_a_click_does_in_a_column_of_icons(shown, monkeypatch):
    monkeypatch.setattr(QColorDialog, "getColor", lambda *_: QColor(9, 9, 9))
    for column in (SWATCH, LOCK, ONLY):
        shown.table.setCurrentCell(1, column)
        shown.press(Qt.Key.Key_Space)
    assert shown.said == [("recoloured", 3, (9, 9, 9)), ("lock_changed", 3, True), ("only_shown", 3)]
    shown.table.setCurrentCell(1, NAME)
    shown.press(Qt.Key.Key_Space)
    assert shown.keys_left == [Qt.Key.Key_Space]


def test_f2_renames_and_delete_asks_while_the_table_has_the_keys(shown):
    shown.activateWindow()
    shown.table.setFocus()
    shown.qtbot.waitUntil(shown.table.hasFocus)
    shown.table.mark(3)
    shown.press(Qt.Key.Key_F2)
    shown.type_name("hound")
    shown.press(Qt.Key.Key_Delete)
    assert shown.said == [("renamed", 3, "hound"), ("delete_requested", 3)]


def test_tab_leaves_the_table(shown):
    shown.activateWindow()
    shown.table.setFocus()
    shown.qtbot.waitUntil(shown.table.hasFocus)
    shown.press(Qt.Key.Key_Tab)
    assert shown.actions_row.add.hasFocus()


def test_icons_follow_the_theme(shown):
    def ink():
        image = shown.table.horizontalHeaderItem(LOCK).icon().pixmap(32, 32).toImage()
        return {
            image.pixelColor(x, y).name()
            for x in range(32)
            for y in range(32)
            if image.pixelColor(x, y).alpha() > 60
        }

    for colour in ("#f0f1f2", "#3b3a39"):
        shown.setStyleSheet(f"QWidget {{ color: {colour}; }}")
        shown.qtbot.wait(1)
        red, green, blue = QColor(colour).getRgb()[:3]
        for name in ink():
            assert (
                max(abs(a - b) for a, b in zip(QColor(name).getRgb(), (red, green, blue), strict=False)) < 12
            )


def test_widgets_have_names_for_screen_readers(shown):
    assert shown.table.accessibleName() == "Categories"
    assert shown.actions_row.add.accessibleName() == "Add a category"
