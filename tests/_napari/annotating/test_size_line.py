"""A line that is drawn to say how large a thing is: its length goes into the field, nothing is left of it."""

from types import SimpleNamespace

import numpy as np
import pytest
from napari.utils.interactions import mouse_move_callbacks, mouse_press_callbacks, mouse_release_callbacks
from qtpy.QtCore import Qt

from ..fakes import FakeMethod
from ..used_panel import CORNERS


def drag(viewer, *points):
    """Send the viewer what a canvas would send for a drag through points of the world."""
    steps = [(mouse_press_callbacks, "mouse_press", points[0])]
    steps += [(mouse_move_callbacks, "mouse_move", point) for point in points]
    steps += [(mouse_release_callbacks, "mouse_release", points[-1])]
    event = SimpleNamespace(handled=False, modifiers=[], is_dragging=True)
    for send, event.type, event.position in steps:
        send(viewer, event)


def heard(panel):
    """Whether drags in the canvas are still followed."""
    return panel.widget._size_line._drag in panel.viewer.mouse_drag_callbacks


@pytest.fixture
def panel(make_panel):
    return make_panel(FakeMethod(), show=True)


@pytest.fixture
def draw(panel):
    """Click on Measure and draw a line between two points of the world; the text of the field."""

    def draw(*ends):
        panel.form.settings.title.setChecked(True)
        panel.click(panel.form.size_row.measure)
        assert panel.widget._size_line.drawing
        drag(panel.viewer, *ends)
        assert not panel.widget._size_line.drawing
        assert not panel.form.size_row.measure.isChecked()
        assert not heard(panel)
        return panel.form.size_row.text

    return draw


def test_a_line_says_the_size_in_pixels(panel, draw):
    image = panel.viewer.add_image(CORNERS, name="photo", scale=(2, 2), rotate=30)
    assert draw(image.data_to_world((10, 10)), image.data_to_world((13, 14))) == "5 px"
    assert image.mouse_pan


def test_a_line_says_the_size_in_the_unit_of_the_picture(panel, draw):
    panel.viewer.add_image(CORNERS, name="photo", scale=(0.5, 0.25), units=("um", "um"))
    assert draw((5, 2), (5, 7)) == "5 µm"


def test_a_line_in_a_slice_of_a_stack(panel, draw):
    panel.viewer.add_image(np.stack([CORNERS[..., 0]] * 4), name="stack", scale=(9, 1, 1))
    panel.viewer.dims.set_current_step(0, 2)
    assert draw((18, 5, 5), (18, 5, 17)) == "12 px"


def test_no_tool_of_another_layer_draws_meanwhile(panel, draw):
    image = panel.viewer.add_image(CORNERS, name="photo")
    labels = panel.viewer.add_labels(np.zeros((40, 48), np.uint8), name="labels")
    labels.mode = "paint"
    panel.form.settings.title.setChecked(True)
    panel.click(panel.form.size_row.measure)
    assert panel.viewer.layers.selection.active is image
    assert not image.mouse_pan
    drag(panel.viewer, (10, 10), (10, 18))
    assert panel.viewer.layers.selection.active is labels
    assert labels.mode == "paint"
    assert panel.form.size_row.text == "8 px"


def test_the_tool_of_the_picture_is_back_after_it(panel, draw):
    image = panel.viewer.add_image(CORNERS, name="photo")
    image.mode = "transform"
    panel.form.settings.title.setChecked(True)
    panel.click(panel.form.size_row.measure)
    assert image.mode == "pan_zoom"
    drag(panel.viewer, (10, 10), (10, 18))
    assert panel.form.size_row.text == "8 px"
    assert image.mode == "transform"
    assert not image.mouse_pan
    # and so it is when no line is drawn
    panel.click(panel.form.size_row.measure)
    panel.click(panel.form.size_row.measure)
    assert image.mode == "transform"


@pytest.mark.parametrize("when", ["before", "while"])
def test_in_3d_there_is_nothing_to_measure(panel, when):
    image = panel.viewer.add_image(np.stack([CORNERS[..., 0]] * 4), name="stack")
    row = panel.form.size_row
    panel.form.settings.title.setChecked(True)
    if when == "before":
        panel.viewer.dims.ndisplay = 3
    panel.click(row.measure)
    panel.viewer.dims.ndisplay = 3
    assert not row.measure.isChecked()
    assert not heard(panel)
    assert row.said.toolTip() == "show it in 2D to measure"
    assert image.mouse_pan
    panel.viewer.dims.ndisplay = 2
    panel.click(row.measure)
    drag(panel.viewer, (2, 10, 10), (2, 10, 18))
    assert row.text == "8 px"


def test_a_click_is_no_line_and_the_next_one_counts(panel):
    panel.viewer.add_image(CORNERS, name="photo")
    row = panel.form.size_row
    panel.form.settings.title.setChecked(True)
    panel.click(row.measure)
    drag(panel.viewer, (10, 10), (10, 10.2))
    assert row.measure.isChecked()
    assert row.text == ""
    drag(panel.viewer, (10, 10), (10, 18))
    assert row.text == "8 px"


@pytest.mark.parametrize("end", ["click", "another layer", "remove", "close"])
def test_who_draws_no_line_is_rid_of_it(panel, end):
    image = panel.viewer.add_image(CORNERS, name="photo")
    row, line = panel.form.size_row, panel.widget._size_line
    callbacks = panel.viewer.mouse_drag_callbacks
    panel.form.settings.title.setChecked(True)
    panel.click(row.measure)
    assert line._drag in callbacks
    if end == "click":
        panel.qtbot.mouseClick(row.measure, Qt.MouseButton.LeftButton)
    elif end == "another layer":
        panel.viewer.add_labels(np.zeros((40, 48), np.uint8))
    elif end == "remove":
        panel.viewer.layers.remove(image)
    else:
        panel.close()
    assert line._drag not in callbacks
    assert image.mouse_pan
    assert not row.measure.isChecked()
    assert row.text == ""


def test_without_a_picture_there_is_nothing_to_measure(panel):
    panel.form.settings.title.setChecked(True)
    panel.click(panel.form.size_row.measure)
    assert not panel.form.size_row.measure.isChecked()
    assert not heard(panel)
