from functools import partial
from pathlib import Path

import numpy as np
import pytest
from napari._qt.widgets.qt_keyboard_settings import ShortcutEditor
from napari.components import ViewerModel
from napari.layers import Labels
from napari.settings import get_settings
from napari.utils.action_manager import action_manager
from napari.utils.key_bindings import coerce_keybinding
from napari.utils.shortcuts import default_shortcuts
from qtpy.QtCore import QSettings, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QApplication, QComboBox, QLineEdit, QPlainTextEdit, QSpinBox

from napari_ovseg._napari import keys
from napari_ovseg._napari.keys import KEYS, WHAT, bind_keys, keys_of, unbind_keys
from napari_ovseg._napari.panel.category_cells import NAME
from napari_ovseg._napari.panel.category_table import CategoryTable
from napari_ovseg.annotation.label_table import LabelTable

CTRL = Qt.KeyboardModifier.ControlModifier
ALT = Qt.KeyboardModifier.AltModifier
NONE = Qt.KeyboardModifier.NoModifier
NAMES = ("next_category", "previous_category", "update_masks", "next_uncertain_place", "background")


def bindings(keys):
    return {coerce_keybinding(key) for key in keys}


def test_no_key_is_one_of_napari():
    ours = bindings(KEYS.values())
    assert len(ours) == len(KEYS) == len(WHAT) == 18
    assert not ours & {key for keys in default_shortcuts.values() for key in keys}
    assert not ours & bindings(Labels.class_keymap)


@pytest.fixture(autouse=True)
def keys_as_at_the_first_start():
    """What a test has changed is not there for the next."""
    yield
    forget_keys()


def forget_keys():
    for name in KEYS:
        action = f"napari-ovseg:{name}"
        if action in action_manager._actions:
            action_manager.unbind_shortcut(action)
            action_manager._actions.pop(action)
    QSettings("napari-ovseg", "napari-ovseg").remove("keys")


def test_no_key_is_one_of_the_menus(make_viewer):
    make_viewer()
    from napari._app_model import get_app_model

    menus = {rule.keybinding for rule in get_app_model().keybindings}
    assert coerce_keybinding("Ctrl+S") in menus
    assert not bindings(KEYS.values()) & menus


@pytest.fixture
def viewer(make_viewer, qtbot):
    viewer = make_viewer(on_screen=True)
    viewer.add_labels(np.array([[0, 1], [2, 0]]))
    return viewer


@pytest.fixture
def called(viewer):
    names = []
    actions = {name: lambda name=name: names.append(name) for name in KEYS}
    bind_keys(viewer, actions)
    yield names
    unbind_keys(viewer, actions)


PRESSED = {
    "Ctrl+Enter": (Qt.Key.Key_Return, CTRL),
    "Ctrl+Shift+Enter": (Qt.Key.Key_Return, CTRL | Qt.KeyboardModifier.ShiftModifier),
    "Ctrl+.": (Qt.Key.Key_Period, CTRL),
    "Ctrl+Shift+S": (Qt.Key.Key_S, CTRL | Qt.KeyboardModifier.ShiftModifier),
    "W": (Qt.Key.Key_W, NONE),
    "Q": (Qt.Key.Key_Q, NONE),
    "U": (Qt.Key.Key_U, NONE),
    "N": (Qt.Key.Key_N, NONE),
}
PRESSED |= {f"Alt+{digit}": (Qt.Key(Qt.Key.Key_0.value + digit), ALT) for digit in range(10)}


def test_each_key_calls_its_action(viewer, called, qtbot):
    for key in KEYS.values():
        qtbot.keyClick(viewer.window._qt_window, *PRESSED[key])
    assert called == list(KEYS)


def test_keys_work_on_the_canvas_and_with_any_layer(viewer, called, qtbot):
    viewer.add_points([[0, 0]])
    canvas = viewer.window._qt_viewer.canvas.native
    qtbot.keyClick(canvas, *PRESSED["W"])
    viewer.layers.selection.active = None
    qtbot.keyClick(canvas, *PRESSED["Alt+3"])
    assert called == ["next_category", "category_3"]


def test_keys_work_while_the_table_has_the_focus_and_so_do_tools(viewer, called, qtbot):
    table = CategoryTable()
    viewer.window.add_dock_widget(table)
    table.show_categories(LabelTable().add("a").labels, (), {}, ())
    labels = viewer.layers[0]
    qtbot.keyClick(table, *PRESSED["Alt+1"])
    qtbot.keyClick(table, *PRESSED["W"])
    qtbot.keyClick(table, Qt.Key.Key_2)
    assert called == ["category_1", "next_category"]
    assert labels.mode == "paint"


def test_nothing_fires_while_a_person_types(viewer, called, qtbot):
    viewer.window._qt_window.activateWindow()
    for box in (QLineEdit(), QPlainTextEdit(), QSpinBox(), QComboBox()):
        if isinstance(box, QComboBox):
            box.setEditable(True)
        viewer.window.add_dock_widget(box)
        box.setFocus()
        qtbot.waitUntil(box.hasFocus)
        for key in KEYS.values():
            qtbot.keyClick(box, *PRESSED[key])
            # Some systems make no text of Alt with a digit, and the box hands such a key on.
            QApplication.sendEvent(box, QKeyEvent(QKeyEvent.Type.KeyPress, *PRESSED[key]))
        assert called == []
        box.setEnabled(False)


def test_unbound_keys_do_nothing(viewer, called, qtbot):
    (actions,) = keys._panels[id(viewer)]
    unbind_keys(viewer, actions)
    qtbot.keyClick(viewer.window._qt_window, *PRESSED["W"])
    assert called == []
    assert id(viewer) not in keys._panels


def test_keys_of_others_stay_theirs():
    viewer = ViewerModel()
    calls = []
    viewer.bind_key("N", lambda _viewer: calls.append("theirs"))
    shortcuts = get_settings().shortcuts.shortcuts
    forget_keys()
    get_settings().shortcuts.shortcuts = {**shortcuts, "napari:new_label": ["W"]}
    actions = dict.fromkeys(KEYS, calls.clear)
    try:
        bind_keys(viewer, actions)
    finally:
        get_settings().shortcuts.shortcuts = shortcuts
    assert set(KEYS) - set(keys_of(viewer)) == {"next_uncertain_place", "next_category"}
    viewer.keymap[coerce_keybinding("N")](viewer)
    assert calls == ["theirs"]
    unbind_keys(viewer, actions)
    assert set(viewer.keymap) == bindings(["N"])


def test_a_key_changed_in_the_preferences_works_and_comes_back(viewer, called, qtbot):
    editor = ShortcutEditor()
    qtbot.addWidget(editor)
    editor.valueChanged.connect(lambda new: get_settings().shortcuts.update({"shortcuts": new}))
    table = editor._table
    titles = [table.item(row, 0).text() for row in range(table.rowCount())]
    row = titles.index("Update the masks from what was painted (napari-ovseg)")
    table.setCurrentCell(row, 2)
    table.item(row, 2).setText("J")
    for _ in range(2):
        assert keys_of(viewer)["update_masks"] == "J"
        called.clear()
        qtbot.keyClick(viewer.window._qt_window, *PRESSED["U"])
        qtbot.keyClick(viewer.window._qt_window, Qt.Key.Key_J)
        assert called == ["update_masks"]
        # napari would warn at its next start of settings for actions that are not there yet
        assert not [name for name in get_settings().shortcuts.shortcuts if "ovseg" in name]
        # as at the next start
        for name in KEYS:
            for key in action_manager._shortcuts.pop(f"napari-ovseg:{name}", ()):
                ViewerModel.class_keymap.pop(coerce_keybinding(key))
            action_manager._actions.pop(f"napari-ovseg:{name}")
        bind_keys(viewer, {})


def test_each_window_acts_on_its_own_panel(viewer, called, make_viewer, qtbot):
    other, theirs = make_viewer(on_screen=True), []
    actions = {name: lambda name=name: theirs.append(name) for name in KEYS}
    bind_keys(other, actions)
    qtbot.keyClick(viewer.window._qt_window, *PRESSED["W"])
    qtbot.keyClick(other.window._qt_window, *PRESSED["Q"])
    assert (called, theirs) == (["next_category"], ["previous_category"])
    unbind_keys(other, actions)


def test_the_list_of_keys_opens_with_a_question_mark_and_a_button(make_panel, qtbot):
    panel = make_panel(on_screen=True)
    window = panel.viewer.window._qt_window
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, "?")
    listed = panel.widget.keys.window
    assert listed.isVisible()
    text = listed.keys.toPlainText()
    for said in ("U\nUpdate the masks", "Alt+1 to Alt+9\n", "2 or P\nBrush", "Ctrl+Z\nUndo"):
        assert said in text
    assert listed.pages.toPlainText().startswith("The window")
    action_manager.unbind_shortcut("napari-ovseg:update_masks")
    assert "no key\nUpdate the masks" in listed.keys.toPlainText()
    assert "Key: U" not in panel.form.correct.update_masks.toolTip()
    listed.close()
    qtbot.waitUntil(lambda: panel.widget.keys.window is None)
    panel.click(panel.form.help)
    assert panel.widget.keys.window.isVisible()
    panel.widget.keys.window.close()


def test_tooltips_promise_only_what_was_bound(qtbot):
    table = CategoryTable()
    qtbot.addWidget(table)
    table.show_keys({"next_category": "W", "category_2": "Alt+2", "background": "Alt+0"})
    table.show_categories(LabelTable().add("a").add("b").labels, (), {}, ())
    assert [table.item(row, NAME).toolTip() for row in range(3)] == [
        "a (label 1)",
        "b (label 2) Alt+2",
        "What is none of these (label 0) Alt+0",
    ]
    tip = table.horizontalHeaderItem(NAME).toolTip()
    assert "W: row below." in tip
    assert "row above" not in tip


def test_the_page_lists_every_key():
    page = (Path(__file__).resolve().parents[2] / "docs" / "window.md").read_text(encoding="utf-8")
    for key in KEYS.values():
        first, last = ("`Alt+1`", "`Alt+9`") if key[:4] == "Alt+" and key != "Alt+0" else (f"`{key}`",) * 2
        assert first in page
        assert last in page


def test_of_two_panels_of_a_window_the_first_acts():
    viewer, calls = ViewerModel(), []
    first, second = ({"update_masks": partial(calls.append, number)} for number in (1, 2))
    bind_keys(viewer, first)
    bind_keys(viewer, second)
    press = ViewerModel.class_keymap[coerce_keybinding("U")]
    press(viewer)
    unbind_keys(viewer, first)
    press(viewer)
    assert calls == [1, 2]
    unbind_keys(viewer, second)
