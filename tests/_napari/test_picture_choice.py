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


def test_channels_are_an_explicit_choice(make_panel):
    panel = make_panel(show=True)
    data = np.random.default_rng(1).random((4, 24, 32)).astype(np.float32)
    panel.viewer.add_image(NOISE, name="photo")
    assert not panel.form.channel_axis.isVisible()
    panel.viewer.add_image(data, name="cells", rgb=False)
    panel.qtbot.waitUntil(panel.form.channel_axis.isVisible)
    assert panel.form.channel_axis.currentText() == "slice by slice"
    panel.form.channel_axis.setCurrentIndex(1)
    panel.form.channels.selectAll()
    panel.qtbot.keyClicks(panel.form.channels, "3, 1")
    panel.run("bright")
    picture = panel.method.pictures[-1]
    assert np.corrcoef(picture[..., 0].ravel(), data[3].ravel())[0, 1] > 0.99
    assert panel.viewer.layers["cells masks"].data.shape == (1, 24, 32)
    for bad in ("x", "9", "0,1,2,3"):
        panel.form.channels.setText(bad)
        panel.run("bright")
        assert "hannel" in panel.message


def test_no_more_channels_are_offered_than_the_picture_has(make_panel):
    panel = make_panel()
    channels = panel.form.channels
    for count, offered in ((2, "0, 1"), (4, "0, 1, 2")):
        panel.viewer.add_image(np.zeros((count, 24, 32)), name=str(count), rgb=False)
        panel.form.channel_axis.setCurrentIndex(1)
        assert channels.text() == offered
    channels.setText("3")
    panel.form.image.setCurrentIndex(1)
    panel.form.image.setCurrentIndex(0)
    panel.form.channel_axis.setCurrentIndex(1)
    assert channels.text() == "3"


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


def test_an_axis_of_channels_has_no_slices_to_choose(make_panel):
    panel = make_panel(show=True)
    panel.viewer.add_image(np.moveaxis(NOISE, -1, 0), name="photo")
    assert not panel.form.slices.isHidden()
    assert panel.form.channel_axis.itemText(1) == "channels: axis 0"
    panel.form.channel_axis.setCurrentIndex(1)
    assert panel.form.slices.isHidden()
    panel.form.channel_axis.setCurrentIndex(0)
    assert not panel.form.slices.isHidden()
