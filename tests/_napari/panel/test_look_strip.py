"""The strip of looks below the fields, with real clicks: what was tried, what was used, and another taken."""

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_ovseg._napari.panel.look_strip import SIDE, LookStrip
from napari_ovseg.segmentation import TriedLook

from ..fakes import FakeMethod
from ..used_panel import CORNERS

DARK = "dark things, background removed, dimmed strongly"


def tried(look, grey, *, used=False, sure=True):
    return TriedLook(look, np.full((20, 30, 3), grey, np.uint8), used, sure)


ALL = (tried("as it is", 200), tried(DARK, 90, used=True), tried("dimmed", 50))


@pytest.fixture
def strip(qtbot):
    strip = LookStrip()
    qtbot.addWidget(strip)
    return strip


def test_nothing_is_shown_where_nothing_was_tried(strip):
    strip.show_tried((), "auto")
    assert strip.isHidden()


@pytest.mark.parametrize(
    ("sure", "chosen", "how"),
    [(True, "auto", "sure"), (False, "auto", "not sure"), (True, DARK, "chosen by hand")],
)
def test_the_one_that_was_used_is_marked_and_said(strip, sure, chosen, how):
    strip.show_tried((ALL[0], tried(DARK, 90, used=True, sure=sure)), chosen)
    assert not strip.isHidden()
    assert {b.property("look"): b.isChecked() for b in strip.buttons.buttons()} == {
        "as it is": False,
        DARK: True,
    }
    assert strip.said.text() == f"Look: {DARK} ({how})"
    assert strip.auto.isHidden() == (chosen == "auto")


def test_a_button_shows_the_picture_in_its_look(strip):
    strip.show_tried(ALL, "auto")
    (button,) = [one for one in strip.buttons.buttons() if one.property("look") == "dimmed"]
    image = button.icon().pixmap(SIDE, SIDE).toImage()
    assert image.pixelColor(SIDE // 2, SIDE // 2).red() == 50
    assert "Dimmed" in button.toolTip()


def test_a_click_takes_a_look(strip, qtbot):
    strip.show_tried(ALL, "auto")
    strip.show()
    (button,) = [one for one in strip.buttons.buttons() if one.property("look") == "as it is"]
    with qtbot.waitSignal(strip.taken) as taken:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert taken.args == ["as it is"]
    assert not button.isChecked()


def test_a_run_shows_what_it_tried_and_a_click_runs_again_with_another(make_panel):
    method = FakeMethod()
    method.tried = ALL
    panel = make_panel(method, show=True)
    panel.viewer.add_image(CORNERS, name="photo")
    panel.run()
    strip = panel.form.looks
    assert method.looks == ["auto"]
    (button,) = [one for one in strip.buttons.buttons() if one.property("look") == "as it is"]
    panel.click(button)
    panel.wait_until_idle()
    assert method.looks == ["auto", "as it is"]
    assert panel.form.look.value == "as it is"
    assert panel.current.settings["look"] == "as it is"
    panel.click(strip.auto)
    panel.wait_until_idle()
    assert method.looks[2:] == ["auto"]
    panel.viewer.add_image(CORNERS[::-1].copy(), name="other")
    panel.viewer.layers.selection.active = panel.viewer.layers["other"]
    assert strip.isHidden()
    panel.viewer.layers.selection.active = panel.viewer.layers["photo"]
    assert not strip.isHidden()


def test_each_slice_shows_its_own_and_a_look_of_a_persons_own_can_be_taken(make_panel):
    method = FakeMethod()
    method.tried = (ALL[0], tried("dimmed to 0.5", 90, used=True))
    panel = make_panel(method, show=True)
    panel.viewer.add_image(np.stack([CORNERS[..., 0]] * 3), name="stack")
    panel.run()
    strip = panel.form.looks
    assert not strip.isHidden()
    panel.viewer.dims.set_current_step(0, 2 if panel.viewer.dims.current_step[0] != 2 else 0)
    assert strip.isHidden()
    panel.viewer.dims.set_current_step(0, panel.widget.annotator.current.masks.positions[0][0])
    assert not strip.isHidden()
    (button,) = [one for one in strip.buttons.buttons() if one.property("look") == "dimmed to 0.5"]
    panel.click(button)
    panel.wait_until_idle()
    assert method.looks[-1] == "dimmed to 0.5"


def test_a_corrected_slice_keeps_its_looks_when_another_is_run(make_panel):
    method = FakeMethod()
    method.tried = ALL
    panel = make_panel(method, show=True)
    panel.viewer.add_image(np.stack([CORNERS[..., 0]] * 3), name="photo")
    panel.viewer.dims.set_current_step(0, 0)
    panel.run("bright, dark")
    first = panel.current
    panel.paint((0, 5, 5), 2)
    panel.viewer.dims.set_current_step(0, 2)
    panel.run("dark, other")
    assert panel.current is not first, "new layers, for the old masks were painted in"
    panel.viewer.dims.set_current_step(0, 0)
    assert not panel.form.looks.isHidden()
