"""The table of categories in the real window: what a click or a key does to the layers."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QMessageBox

from napari_ovseg._napari.panel.category_cells import LOCK, NAME, ONLY

from ..used_panel import NOISE

LEFT = Qt.MouseButton.LeftButton
ALT = Qt.KeyboardModifier.AltModifier


class Window:
    def __init__(self, panel, qtbot):
        self.panel, self.qtbot = panel, qtbot
        self.table, self.actions = panel.form.table, panel.form.table_actions
        self.masks = panel.viewer.layers["photo masks"]

    def click(self, row, column=NAME):
        place = self.table.visualItemRect(self.table.item(row, column)).center()
        self.qtbot.mouseClick(self.table.viewport(), LEFT, pos=place)

    def press(self, key, modifier=Qt.KeyboardModifier.NoModifier):
        self.qtbot.keyClick(self.panel.viewer.window._qt_window, key, modifier)

    def merge(self, into):
        self.actions.merge_menu.aboutToShow.emit()
        next(action for action in self.actions.merge_menu.actions() if action.text() == into).trigger()

    @property
    def names(self):
        return [self.table.item(row, NAME).text() for row in range(self.table.rowCount())]


@pytest.fixture
def window(make_panel, qtbot):
    panel = make_panel(show=True)
    panel.viewer.add_image(NOISE, name="photo")
    panel.run("bright, dark")
    return Window(panel, qtbot)


def test_picking_by_mouse_or_key_keeps_the_tool(window):
    window.press(Qt.Key.Key_2)
    picked = []
    for act in (
        lambda: window.click(1),
        lambda: window.press(Qt.Key.Key_W),
        lambda: window.press(Qt.Key.Key_1, ALT),
        lambda: window.press(Qt.Key.Key_Q),
        lambda: window.press(Qt.Key.Key_9, ALT),
    ):
        act()
        picked.append((window.masks.selected_label, window.table.chosen, window.masks.mode))
    assert picked == [(2, 2, "paint"), (0, 0, "paint"), (1, 1, "paint"), (0, 0, "paint"), (0, 0, "paint")]


@pytest.mark.parametrize("by", ["click", "key"])
@pytest.mark.parametrize("tool", ["pan_zoom", "transform", "fill", "polygon", "erase"])
def test_who_has_no_tool_gets_the_brush_and_whoever_has_one_keeps_it(window, tool, by):
    then = "paint" if tool in ("pan_zoom", "transform") else tool
    window.masks.mode = tool
    window.panel.viewer.layers.selection.active = window.panel.viewer.layers["photo"]
    if by == "click":
        window.click(1)
    else:
        window.press(Qt.Key.Key_2, ALT)
    assert (window.masks.mode, window.masks.selected_label) == (then, 2)
    assert window.panel.viewer.layers.selection.active is window.masks


def test_a_new_category_is_painted_with_at_once(window):
    window.masks.mode = "pan_zoom"
    window.qtbot.keyClicks(window.actions.add, "third, fourth")
    window.qtbot.keyClick(window.actions.add, Qt.Key.Key_Return)
    window.panel.wait_until_idle()
    assert window.names == ["bright", "dark", "third", "fourth", "background"]
    assert (window.masks.selected_label, window.table.chosen, window.masks.mode) == (3, 3, "paint")
    assert window.panel.viewer.layers.selection.active is window.masks


def test_a_hidden_layer_is_shown_to_be_painted_on(window):
    window.masks.visible = False
    window.click(0)
    assert window.masks.visible


def test_merging_moves_the_pixels_and_the_brush_as_one_step_of_undo(window):
    before = window.masks.data.copy()
    window.click(1)
    window.masks.mode = "paint"
    window.merge("bright")
    assert np.array_equal(window.masks.data, np.where(before == 2, 1, before))
    assert (window.names, window.masks.selected_label) == (["bright", "background"], 1)
    assert window.masks.mode == "paint"
    window.masks.undo()
    assert np.array_equal(window.masks.data, before)
    window.qtbot.waitUntil(lambda: window.names == ["bright", "dark", "background"])


def test_deleting_asks_before_painted_pixels_go(window, monkeypatch):
    answers = [QMessageBox.StandardButton.No, QMessageBox.StandardButton.Yes]
    monkeypatch.setattr(QMessageBox, "question", lambda *_: answers.pop(0))
    window.click(0)
    window.masks.paint((5, 5), 1)
    window.qtbot.mouseClick(window.actions.delete, LEFT)
    assert "bright" in window.names
    window.qtbot.mouseClick(window.actions.delete, LEFT)
    assert window.names == ["dark", "background"]
    assert 1 not in window.masks.data
    assert window.masks.selected_label == 2
    assert answers == []


def test_a_locked_category_is_not_deleted_and_says_why(window, monkeypatch):
    # nobody is asked about what can't be, painted or not
    monkeypatch.setattr(QMessageBox, "question", lambda *_: pytest.fail("it asked"))
    window.masks.paint((5, 5), 1)
    window.click(0)
    window.click(0, LOCK)
    window.qtbot.mouseClick(window.actions.delete, LEFT)
    assert window.names == ["bright", "dark", "background"]
    assert "unlock it first" in window.panel.message


def test_only_one_category_is_seen(window):
    window.click(1, ONLY)
    assert (window.masks.show_selected_label, window.masks.selected_label) == (True, 2)
    window.click(1, ONLY)
    assert not window.masks.show_selected_label


def test_the_eye_that_is_lit_is_of_what_is_seen(window):
    """Whatever changes what is seen: the table, its keys, napari's own controls, an edit, another picture."""

    def seen():
        window.panel.widget.annotator.settle()
        layer = window.panel.current.masks.layer
        return (window.table.only, layer.selected_label if layer.show_selected_label else None)

    table, viewer = window.table, window.panel.viewer
    table.add_requested.emit("third")
    window.panel.wait_until_idle()
    table.delete_requested.emit(2)
    window.masks.visible = False
    window.click(1, ONLY)
    assert (seen(), window.masks.visible) == ((3, 3), True)
    window.click(0)
    assert seen() == (1, 1)
    window.masks.selected_label = 3
    assert seen() == (3, 3)
    table.renamed.emit(3, "other")
    assert seen() == (3, 3)
    window.press(Qt.Key.Key_W)
    assert seen() == (None, None)
    window.click(0, ONLY)
    table.merge_requested.emit(1, 3)
    assert seen() == (3, 3)
    table.add_requested.emit("more")
    window.panel.wait_until_idle()
    window.click(1, ONLY)
    table.delete_requested.emit(window.table.chosen)
    assert seen() == (None, None)
    window.click(0)
    window.masks.show_selected_label = True
    assert seen() == (3, 3)
    viewer.add_image(NOISE[::-1], name="other")
    assert table.only is None
    viewer.layers.selection.active = window.masks
    assert seen() == (3, 3)
    window.masks.show_selected_label = False
    assert seen() == (None, None)


def test_updating_by_key_keeps_the_tool_and_what_was_painted(window):
    window.press(Qt.Key.Key_2)
    window.masks.paint((5, 5), 2)
    painted = window.masks.data == 2
    window.press(Qt.Key.Key_U)
    window.panel.wait_until_idle()
    assert window.masks.mode == "paint"
    human = window.panel.widget.annotator.current.human_pixels(())
    assert (human == 2).any()
    assert (window.masks.data[human == 2] == 2).all()
    assert not (human[~painted] == 2).any()
