"""A panel that was closed is gone: nothing of it hears, acts, saves or is shown any more."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from vispy.scene.visuals import Line

from napari_ovseg._napari.saving import autosave
from napari_ovseg.annotation.sidecar import load

from .brush import drag
from .used_panel import CORNERS, Panel

VOID = 255


@pytest.fixture(params=[False, True], ids=["by us", "by napari"])
def panel(request, make_panel, tmp_path, monkeypatch):
    """A picture from a file, segmented, with one stroke of five pixels that is saved."""
    monkeypatch.setattr(autosave, "_WAIT_MS", 50)
    panel = make_panel(on_screen=True, by_napari=request.param)
    panel.by_napari = request.param
    panel.image = panel.open_photo(tmp_path)
    panel.sidecar = tmp_path / "photo.png.ovseg"
    panel.run("bright, dark")
    drag(panel.viewer.layers["photo masks"], (5, 5), (5, 9), label=2)
    panel.widget.session.flush()
    panel.widget.session.closing.ask = lambda why: "close"
    return panel


def open_again(panel):
    again = Panel(panel.qtbot, panel.viewer, panel.method, by_napari=panel.by_napari)
    again.widget.session.closing.ask = lambda why: "close"
    return again


def human(folder):
    return np.argwhere(load(folder).slices[()].human != VOID).tolist()


def test_a_panel_opened_again_has_the_keys_to_itself_and_saves_once(panel, qtbot):
    closed = panel.widget
    panel.close()
    again = open_again(panel)
    qtbot.waitUntil(lambda: bool(again.widget.session.places.found), timeout=20_000)
    asked = []
    closed.annotator.updates.shown.connect(lambda: asked.append("closed"))
    drag(panel.viewer.layers["photo masks"], (7, 5), (7, 9), label=2)
    again.widget.annotator.settle()
    assert closed.annotator.current is None
    qtbot.keyClick(panel.viewer.window._qt_window, Qt.Key.Key_U)
    again.wait_until_idle()
    assert "Updated" in again.message
    assert not asked
    again.widget.session.flush()
    assert human(panel.sidecar) == [[row, column] for row in (5, 7) for column in range(5, 10)]
    assert not (panel.sidecar / "beside").exists()
    assert [one.name for one in panel.sidecar.parent.glob("*.ovseg*")] == [panel.sidecar.name]


def test_a_closed_panel_is_let_go_of(panel):
    panel.close()
    assert panel.let_go() is None


def test_nothing_that_a_panel_showed_stays_and_its_keys_open_one_list(panel, qtbot):
    other = panel.viewer.add_image(CORNERS[::-1], name="other")
    panel.viewer.layers.selection.active = panel.viewer.layers["photo masks"]
    panel.click(panel.form.only)
    assert not other.visible
    panel.click(panel.form.correct.confidence)
    assert "photo: unsure is light" in panel.layers
    panel.widget.annotator.go_to_next_uncertain_place()
    scene = panel.viewer.window._qt_viewer.canvas.view.scene
    assert lines_of(scene)
    panel.close()
    qtbot.waitUntil(lambda: "photo: unsure is light" not in panel.layers)
    assert other.visible
    assert not lines_of(scene)
    again = open_again(panel)
    window = panel.viewer.window._qt_window
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, "?")
    assert again.widget.keys.window.isVisible()
    again.widget.keys.window.close()
    assert panel.widget.keys.window is None


def lines_of(scene):
    return [node for node in scene.children if isinstance(node, Line)]


def test_another_picture_is_told_to_the_panel_that_is_open(panel):
    panel.close()
    again = open_again(panel)
    panel.image.data = np.ascontiguousarray(CORNERS[::-1, ::-1])
    assert "shows another picture now" in again.message
    assert again.current is None
    again.run("bright, dark")
    assert not again.current.has_corrections(())
    assert human(panel.sidecar) == [[5, column] for column in range(5, 10)]


def test_work_that_could_not_be_saved_is_saved_by_the_panel_that_is_opened_next(panel, disk, qtbot):
    disk["full"] = True
    drag(panel.viewer.layers["photo masks"], (7, 5), (7, 9), label=2)
    panel.widget.session.closing.ask = lambda why: "stay"
    panel.close()
    again = open_again(panel)
    disk["full"] = False
    qtbot.waitUntil(lambda: not again.widget.session.autosave.unsaved, timeout=20_000)
    again.widget.session.flush()
    assert human(panel.sidecar) == [[row, column] for row in (5, 7) for column in range(5, 10)]
    assert not (panel.sidecar / "beside").exists()
