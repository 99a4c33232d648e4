"""Which picture, channels and slices the panel takes."""

import numpy as np
import pytest
from qtpy.QtCore import Qt

from ..used_panel import CORNERS, NOISE
from ..waits import laid_out


def test_picture_follows_the_selected_layer(make_panel):
    panel = make_panel()
    first = panel.viewer.add_image(NOISE, name="first")
    panel.viewer.add_image(NOISE, name="second")
    assert panel.form.image.currentText() == "second"
    panel.viewer.layers.selection.active = first
    assert panel.form.image.currentText() == "first"
    panel.viewer.add_labels(np.zeros((5, 5), np.uint8))
    assert panel.form.image.currentText() == "first"
    first.name = "renamed"
    assert panel.form.image.currentText() == "renamed"
    panel.viewer.layers.remove(first)
    assert panel.form.image.currentText() == "second"


def test_choosing_a_range_leaves_the_picture_its_room(make_panel, qtbot):
    panel = make_panel(show=True)
    panel.viewer.window.resize(1000, 700)
    panel.viewer.add_image(np.zeros((5, 24, 32)), name="stack")
    laid_out(qtbot, panel.dock, panel.form)
    before = panel.dock.width()
    panel.form.slices.scope.setCurrentText("a range")
    laid_out(qtbot, panel.dock, panel.form)
    assert panel.form.slices.last.isVisible()
    assert panel.dock.width() <= before + 50


def test_slice_of_a_stack(make_panel):
    panel = make_panel()
    stack = np.random.default_rng(1).random((5, 24, 32))
    panel.viewer.add_image(stack, name="stack")
    panel.viewer.dims.set_current_step(0, 3)
    panel.run("bright, dark")
    masks = panel.viewer.layers["stack masks"]
    assert masks.data.shape == (5, 24, 32)
    assert np.nonzero(masks.data.any(axis=(1, 2)))[0].tolist() == [3]
    third = masks.data[3].copy()
    panel.viewer.dims.set_current_step(0, 1)
    panel.run("bright, dark")
    assert panel.layers == ["stack", "stack pseudo-labels", "stack masks"]
    assert np.nonzero(masks.data.any(axis=(1, 2)))[0].tolist() == [1, 3]
    assert np.array_equal(masks.data[3], third)


@pytest.fixture
def three(make_panel):
    """Three pictures over each other, each opaque, the last on top."""
    panel = make_panel(show=True)
    for name in ("first", "second", "third"):
        panel.viewer.add_image(CORNERS, name=name)
    return panel


def pick(panel, name):
    """Choose a picture in the box with the keyboard."""
    box = panel.form.image
    box.setFocus()
    while box.currentText() != name:
        down = box.findText(name) > box.currentIndex()
        panel.qtbot.keyClick(box, Qt.Key.Key_Down if down else Qt.Key.Key_Up)


def seen(panel):
    """The picture on top of those that are shown."""
    shown = [layer.name for layer in panel.viewer.layers if layer.visible and layer.name in NAMES]
    return shown[-1]


NAMES = ("first", "second", "third")


def test_a_picture_that_is_chosen_in_the_box_is_selected_and_seen(three):
    for name in ("first", "second", "third", "first"):
        three.viewer.layers[name].visible = name != "second"
        pick(three, name)
        assert (three.viewer.layers.selection.active.name, seen(three)) == (name, name)
        assert three.form.image.currentText() == name
    assert [three.form.image.itemText(i) for i in range(3)] == ["third", "second", "first"]
    three.run("bright, dark")
    pick(three, "second")
    pick(three, "first")
    assert three.viewer.layers.selection.active.name == "first masks"


def test_the_box_stays_during_a_run_and_the_result_lies_over_its_own_picture(three):
    pick(three, "first")
    chosen = []
    three.start_held("bright, dark")
    three.widget.pictures.chosen.connect(lambda: chosen.append(three.form.image.currentText()))
    pick(three, "second")
    assert three.widget.busy
    three.finish()
    assert set(chosen) == {"second"}
    assert three.form.image.currentText() == "second"
    assert three.viewer.layers.selection.active.name == "second"
    layers = three.layers
    assert layers.index("first") < layers.index("first masks") < layers.index("second")
    assert seen(three) == "second"
    pick(three, "first")
    assert seen(three) == "first"
    assert three.viewer.layers.selection.active.name == "first masks"
    assert three.names[:2] == ["bright", "dark"]


def test_only_the_picture_that_is_chosen_is_shown_on_request_and_the_others_come_back(three):
    three.viewer.layers["third"].visible = False
    points = three.viewer.add_points(np.zeros((1, 2)))
    pick(three, "first")
    three.click(three.form.only)

    def shown():
        return {layer.name for layer in three.viewer.layers if layer.visible}

    assert shown() == {"first", points.name}
    three.start_held("bright, dark")
    pick(three, "second")
    three.finish()
    assert shown() == {"second", points.name}
    pick(three, "first")
    assert shown() == {"first", "first masks", points.name}
    three.click(three.form.only)
    assert shown() == {"first", "first masks", "second", points.name}


def test_only_brings_back_the_newest_masks_of_a_picture(three):
    pick(three, "first")
    three.run("bright, dark")
    three.click(three.form.only)
    three.paint((2, 2), 1, "first masks")
    three.start_held("bright, dark, grey")
    pick(three, "second")
    three.finish()
    assert "'first masks' is hidden below 'first masks [1]'." in three.message
    pick(three, "first")
    masks = [layer.name for layer in three.viewer.layers if layer.visible and "masks" in layer.name]
    assert masks == ["first masks [1]"]
    pick(three, "second")
    three.click(three.form.only)
    assert not three.viewer.layers["first masks"].visible
    assert three.viewer.layers["first masks [1]"].visible
