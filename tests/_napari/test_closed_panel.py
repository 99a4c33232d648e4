"""A panel that was closed is gone: nothing of it hears, acts, saves or is shown any more."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from PIL import Image
from qtpy.QtCore import Qt

from napari_ovseg._napari import autosave
from napari_ovseg.annotation.sidecar import load

from .brush import drag
from .panel import CORNERS, Panel

VOID = 255


@pytest.fixture(params=[False, True], ids=["by us", "by napari"])
def panel(request, make_panel, tmp_path, qtbot, monkeypatch):
    """A picture from a file, segmented, with one stroke of five pixels that is saved."""
    monkeypatch.setattr(autosave, "_WAIT_MS", 50)
    panel = make_panel(show=True, by_napari=request.param)
    panel.by_napari = request.param
    path = tmp_path / "photo.png"
    Image.fromarray(CORNERS).save(path)
    (panel.image,) = panel.viewer.open(path, plugin="napari")
    qtbot.waitUntil(lambda: bool(panel.widget.session.places.found), timeout=20_000)
    panel.sidecar = tmp_path / "photo.png.ovseg"
    panel.run("bright, dark")
    drag(panel.viewer.layers["photo masks"], (5, 5), (5, 9), label=2)
    panel.widget.session.flush()
    panel.widget.session.closing.ask = lambda why: "close"
    return panel


def close(panel):
    """Click the x of the dock."""
    button = panel.dock.titleBarWidget().close_button
    panel.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def let_go(panel):
    """Forget the closed panel, and say what is left of it."""
    left = weakref.ref(panel.widget)
    panel.widget = panel.dock = panel.form = None
    gc.collect()
    return left


def open_again(panel):
    again = Panel(panel.qtbot, panel.viewer, panel.method, by_napari=panel.by_napari)
    again.widget.session.closing.ask = lambda why: "close"
    return again


def human(folder):
    return np.argwhere(load(folder).slices[()].human != VOID).tolist()


def test_a_panel_opened_again_has_the_keys_to_itself_and_saves_once(panel, qtbot):
    closed = panel.widget
    close(panel)
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
    print(sorted(str(p.relative_to(panel.sidecar.parent)) for p in panel.sidecar.parent.rglob("*") if p.is_dir()))
    assert not (panel.sidecar / "beside").exists()
    assert [one.name for one in panel.sidecar.parent.glob("*.ovseg*")] == [panel.sidecar.name]


def test_a_closed_panel_is_let_go_of(panel):
    close(panel)
    assert let_go(panel)() is None
