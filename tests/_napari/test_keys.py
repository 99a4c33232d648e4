from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels
from napari.settings import get_settings
from napari.utils.key_bindings import coerce_keybinding
from napari.utils.shortcuts import default_shortcuts
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QApplication, QComboBox, QLineEdit, QPlainTextEdit, QSpinBox

from napari_ovseg._napari.category_cells import NAME
from napari_ovseg._napari.category_table import CategoryTable
from napari_ovseg._napari.keys import KEYS, bind_keys, unbind_keys
from napari_ovseg.annotation.label_table import LabelTable

ALT = Qt.KeyboardModifier.AltModifier
NONE = Qt.KeyboardModifier.NoModifier
NAMES = ("next_category", "previous_category", "update_masks", "next_uncertain_place", "background")


def bindings(keys):
    return {coerce_keybinding(key) for key in keys}


def test_no_key_is_one_of_napari():
    ours = bindings(KEYS.values())
    assert len(ours) == len(KEYS) == 14
    assert not ours & {key for keys in default_shortcuts.values() for key in keys}
    assert not ours & bindings(Labels.class_keymap)


def test_no_key_is_one_of_the_menus(make_napari_viewer):
    make_napari_viewer()
    from napari._app_model import get_app_model

    menus = {rule.keybinding for rule in get_app_model().keybindings}
    assert coerce_keybinding("Ctrl+S") in menus
    assert not bindings(KEYS.values()) & menus


@pytest.fixture
def viewer(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    viewer.add_labels(np.array([[0, 1], [2, 0]]))
    return viewer


@pytest.fixture
def called(viewer):
    names = []
    actions = {name: lambda name=name: names.append(name) for name in KEYS}
    assert bind_keys(viewer, actions) == dict(KEYS)
    return names


PRESSED = {
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


def test_unbinding_leaves_the_viewer_as_it_was():
    viewer = ViewerModel()
    before = dict(viewer.keymap)
    bound = bind_keys(viewer, {"update_masks": list})
    assert set(bound) == {"update_masks"}
    assert len(viewer.keymap) == len(before) + 1
    unbind_keys(viewer, bound)
    assert viewer.keymap == before


def test_keys_of_others_stay_theirs():
    viewer = ViewerModel()
    calls = []
    viewer.bind_key("N", lambda _viewer: calls.append("theirs"))
    shortcuts = get_settings().shortcuts.shortcuts
    get_settings().shortcuts.shortcuts = {**shortcuts, "napari:new_label": ["W"]}
    try:
        bound = bind_keys(viewer, dict.fromkeys(KEYS, calls.clear))
    finally:
        get_settings().shortcuts.shortcuts = shortcuts
    assert set(KEYS) - set(bound) == {"next_uncertain_place", "next_category"}
    viewer.keymap[coerce_keybinding("N")](viewer)
    assert calls == ["theirs"]
    unbind_keys(viewer, bound)
    assert set(viewer.keymap) == bindings(["N"])


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


def test_two_panels_do_not_fight_over_keys():
    viewer = ViewerModel()
    first = bind_keys(viewer, {"update_masks": list})
    assert bind_keys(viewer, {"update_masks": list}) == {}
    unbind_keys(viewer, first)
    assert bind_keys(viewer, {"update_masks": list})
