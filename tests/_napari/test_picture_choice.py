"""Which picture, channels and slices the panel takes."""

import numpy as np

from .panel import NOISE


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
    qtbot.wait(100)
    before = panel.dock.width()
    panel.form.slices.scope.setCurrentText("a range")
    qtbot.wait(100)
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
