"""A line that is drawn to say how large a thing is: its length goes into the field, its layer goes."""

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_ovseg._napari.layers.size_line import NAME

from ..brush import drag
from ..fakes import FakeMethod
from ..used_panel import CORNERS


@pytest.fixture
def panel(make_panel):
    return make_panel(FakeMethod(), show=True)


@pytest.fixture
def measure(panel):
    """Click on Measure, draw a line and wait; the text of the field."""
    row = panel.form.size_row

    def measure(*ends):
        panel.form.settings.title.setChecked(True)
        panel.click(row.measure)
        layer = panel.viewer.layers[NAME]
        assert panel.viewer.layers.selection.active is layer
        assert layer.mode == "add_line"
        drag(layer, ends[0], *ends, mode="add_line")
        panel.qtbot.waitUntil(lambda: not row.measure.isChecked(), timeout=5000)
        assert NAME not in panel.viewer.layers
        return row.text

    return measure


def test_a_line_says_the_size_in_pixels(panel, measure):
    image = panel.viewer.add_image(CORNERS, name="photo", scale=(2, 2), rotate=30)
    line = [image.data_to_world((10, 10)), image.data_to_world((13, 14))]
    # in data coordinates of the line's layer, which is scaled and not turned
    assert measure(*(np.asarray(end) / 2 for end in line)) == "5 px"
    assert panel.viewer.layers.selection.active is image


def test_a_line_says_the_size_in_the_unit_of_the_picture(panel, measure):
    panel.viewer.add_image(CORNERS, name="photo", scale=(0.5, 0.25), units=("um", "um"))
    assert measure((10, 10), (10, 30)) == "5 µm"


def test_a_line_in_a_slice_of_a_stack(panel, measure):
    panel.viewer.add_image(np.stack([CORNERS[..., 0]] * 4), name="stack", scale=(9, 1, 1))
    panel.viewer.dims.set_current_step(0, 2)
    assert measure((2, 5, 5), (2, 5, 17)) == "12 px"


def test_a_click_is_no_line_and_the_next_one_counts(panel):
    panel.viewer.add_image(CORNERS, name="photo")
    row = panel.form.size_row
    panel.form.settings.title.setChecked(True)
    panel.click(row.measure)
    layer = panel.viewer.layers[NAME]
    drag(layer, (10, 10), (10, 10.2), mode="add_line")
    panel.qtbot.wait(50)
    assert row.measure.isChecked()
    assert len(layer.data) == 0
    drag(layer, (10, 10), (10, 18), mode="add_line")
    panel.qtbot.waitUntil(lambda: row.text == "8 px", timeout=5000)


@pytest.mark.parametrize("end", ["click", "remove", "close"])
def test_who_draws_no_line_is_rid_of_the_layer(panel, end):
    image = panel.viewer.add_image(CORNERS, name="photo")
    row = panel.form.size_row
    panel.form.settings.title.setChecked(True)
    panel.click(row.measure)
    if end == "click":
        panel.qtbot.mouseClick(row.measure, Qt.MouseButton.LeftButton)
        assert panel.viewer.layers.selection.active is image
    elif end == "remove":
        panel.viewer.layers.remove(panel.viewer.layers[NAME])
    else:
        panel.close()
    assert NAME not in panel.viewer.layers
    assert not row.measure.isChecked()
    assert row.text == ""


def test_without_a_picture_there_is_nothing_to_measure(panel):
    panel.form.settings.title.setChecked(True)
    panel.click(panel.form.size_row.measure)
    assert not panel.form.size_row.measure.isChecked()
    assert panel.layers == []
