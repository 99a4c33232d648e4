import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QColorDialog, QLineEdit, QVBoxLayout, QWidget

from napari_ovseg._napari.category_actions import CategoryActions
from napari_ovseg._napari.category_cells import LOCK, NAME, ONLY, PRESENCE, SHARE, SWATCH
from napari_ovseg._napari.category_table import CategoryTable
from napari_ovseg.annotation.label_table import LabelTable

LEFT = Qt.MouseButton.LeftButton
SIGNALS = (
    "picked",
    "renamed",
    "recoloured",
    "lock_changed",
    "only_shown",
    "add_requested",
    "merge_requested",
    "delete_requested",
    "refused",
)
# Ids with a gap: rows are not ids.
LABELS = LabelTable().add("cat").add("gone").add("dog", ["puppy"]).add("tree").delete(2)


class Shown(QWidget):
    """The table with its buttons in a window, as a person has it; keeps what was signalled."""

    def __init__(self, qtbot):
        super().__init__()
        self.qtbot = qtbot
        self.table = CategoryTable()
        self.actions_row = CategoryActions(self.table)
        layout = QVBoxLayout(self)
        layout.addWidget(self.table)
        layout.addWidget(self.actions_row)
        self.said = []
        self.keys_left = []
        for name in SIGNALS:
            getattr(self.table, name).connect(lambda *values, name=name: self.said.append((name, *values)))
        self.resize(600, 400)

    def keyPressEvent(self, event):  # noqa: N802
        if event.key() != Qt.Key.Key_Control:
            self.keys_left.append(event.key())

    def fill(self, labels=LABELS, presence=None, absent=()):
        self.table.show_categories(labels.labels, labels.locked, presence or {}, absent)

    def place(self, row, column):
        return self.table.visualItemRect(self.table.item(row, column)).center()

    def click(self, row, column=NAME, button=LEFT):
        self.qtbot.mouseClick(self.table.viewport(), button, pos=self.place(row, column))

    def double_click(self, row, column):
        self.click(row, column)
        self.qtbot.mouseDClick(self.table.viewport(), LEFT, pos=self.place(row, column))

    def press(self, key, modifier=Qt.KeyboardModifier.NoModifier):
        self.qtbot.keyClick(self.table, key, modifier)

    @property
    def editor(self):
        boxes = self.table.viewport().findChildren(QLineEdit)
        return boxes[0] if boxes else None

    def type_name(self, text, key=Qt.Key.Key_Return):
        self.editor.selectAll()
        self.qtbot.keyClicks(self.editor, text)
        self.qtbot.keyClick(self.editor, key)
        self.qtbot.wait(1)

    def texts(self, column):
        return [self.table.item(row, column).text() for row in range(self.table.rowCount())]

    def words(self, row, column):
        return self.table.item(row, column).data(Qt.ItemDataRole.AccessibleTextRole)


@pytest.fixture
def shown(qtbot):
    window = Shown(qtbot)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    window.fill()
    window.said.clear()
    return window


def test_rows_are_the_categories_and_the_background(shown):
    labels = np.array([[1, 1, 3, 0], [4, 4, 4, 255]], np.uint8)
    shown.fill(presence={"cat": 0.93, "dog": 0.1}, absent=["dog"])
    shown.table.show_shares(labels)
    assert shown.texts(NAME) == ["cat", "dog", "tree", "background"]
    assert shown.texts(SHARE) == ["25.0 %", "12.5 %", "37.5 %", "12.5 %"]
    assert shown.texts(PRESENCE) == ["93 %", "no, 10 %", "", ""]
    assert shown.table.item(1, NAME).foreground().color().name() == "#808080"
    assert shown.table.item(0, NAME).data(Qt.ItemDataRole.ForegroundRole) is None
    assert "puppy" in shown.table.item(1, NAME).toolTip()


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
    shown.table.show_shares(np.array([1, 4], np.uint8))
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
    assert shown.said == [("only_shown", 3), ("only_shown", None)]


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


def test_icons_follow_the_theme(shown):
    def ink():
        image = shown.table.item(0, LOCK).icon().pixmap(32, 32).toImage()
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
