"""The field for the size of things, typed in by real keys."""

import pytest
from qtpy.QtCore import Qt

from napari_ovseg._napari.panel.size_row import SizeRow
from napari_ovseg.views.sizes import Length

from ..fakes import FakeMethod
from ..used_panel import CORNERS


@pytest.fixture
def row(qtbot):
    row = SizeRow()
    qtbot.addWidget(row)
    return row


def test_a_line_says_how_it_is_read_or_why_it_can_not_be(row, qtbot):
    quiet = row.said.styleSheet()
    qtbot.keyClicks(row.field, "40 kg")
    assert row.said.styleSheet() != quiet
    assert 'no unit "kg"' in row.said.toolTip()
    qtbot.keyClick(row.field, Qt.Key.Key_Backspace)
    qtbot.keyClick(row.field, Qt.Key.Key_Backspace)
    assert row.said.styleSheet() == quiet
    assert row.said.toolTip() == "40 px"


def test_a_measured_length_is_that_of_all_and_keeps_those_of_names(row, qtbot):
    row.show()
    with qtbot.waitSignal(row.measuring) as asked:
        qtbot.mouseClick(row.measure, Qt.MouseButton.LeftButton)
    assert asked.args == [True]
    assert row.said.toolTip() == "draw a line across one of them"
    qtbot.keyClicks(row.field, "7, cells 120")
    with qtbot.waitSignal(row.measuring) as ended:
        row.take_measured(Length(12, "micrometer"))
    assert ended.args == [False]
    assert row.text == row.said.toolTip() == "12 µm, cells 120 px"
    row.take("nuclei 40, cells")
    row.take_measured(Length(7))
    assert row.text == "7 px, nuclei 40 px"
    row.take("nonsense")
    row.take_measured(Length(3.5))
    assert row.text == "3.5 px"


def test_why_nothing_is_measured_is_said_until_something_is_typed(row, qtbot):
    quiet = row.said.styleSheet()
    row.measure.setChecked(True)
    row.refuse("no way")
    assert not row.measure.isChecked()
    assert row.said.toolTip() == "no way"
    assert row.said.styleSheet() != quiet
    qtbot.keyClicks(row.field, "7")
    assert row.said.toolTip() == "7 px"


def test_a_size_is_of_the_run_of_the_saved_work_and_refused_for_names_that_are_not_there(make_panel):
    method = FakeMethod()
    panel = make_panel(method, show=True)
    panel.viewer.add_image(CORNERS, name="photo")
    panel.form.settings.title.setChecked(True)
    panel.qtbot.keyClicks(panel.form.size_row.field, "bright 12, cats 3")
    panel.run()
    assert "'cats', which is not among the names" in panel.message
    assert method.calls == 0
    panel.form.size_row.take("bright 12")
    panel.click_run()
    panel.wait_until_idle()
    assert method.sizes == ["bright 12 px"]
    assert panel.current.settings["size"] == "bright 12 px"


def test_a_length_needs_pixels_of_a_known_size(make_panel):
    method = FakeMethod()
    panel = make_panel(method)
    layer = panel.viewer.add_image(CORNERS, name="photo")
    panel.form.size_row.take("12 um")
    panel.run()
    assert "doesn't say how large a pixel is" in panel.message
    layer.scale, layer.units = (0.5, 0.5), ("um", "um")
    panel.click_run()
    panel.wait_until_idle()
    assert method.sizes == ["24 px"]
    assert panel.current.settings["size"] == "12 µm"


def test_what_is_read_of_a_pyramid_has_fewer_pixels(make_panel):
    method = FakeMethod()
    panel = make_panel(method)
    fine = CORNERS.repeat(60, 0).repeat(60, 1)
    panel.viewer.add_image([fine, fine[::4, ::4]], multiscale=True, name="photo")
    panel.form.size_row.take("40")
    panel.run()
    assert method.pictures[0].shape[:2] == (600, 720)
    assert method.sizes == ["10 px"]
