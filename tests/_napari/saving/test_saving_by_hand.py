"""A panel where nothing is saved by itself, as a person uses it who prefers so."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QCloseEvent
from qtpy.QtWidgets import QApplication

from napari_ovseg.annotation.last_save import is_sidecar
from napari_ovseg.annotation.sidecar import load

from ..brush import drag
from ..used_panel import CORNERS, Panel

VOID = 255


@pytest.fixture
def panel(request, make_panel, tmp_path):
    """A picture from a file, segmented, and nothing of it saved."""
    panel = make_panel(**getattr(request, "param", {}))
    switch_off(panel.widget)
    panel.image = panel.open_photo(tmp_path)
    panel.sidecar = tmp_path / "photo.png.ovseg"
    panel.run("bright, dark")
    yield panel
    # or closing the window asks
    if panel.widget is not None:
        panel.widget.session.closing.ask_to_save = lambda: "lose"


def switch_off(widget):
    """As `Preferences` does, of which there are none in tests."""
    widget.session.autosave.set_by_itself(False)
    widget.form.saving.show_by_itself(False)


def stroke(panel, row, name="photo masks"):
    drag(panel.viewer.layers[name], (row, 5), (row, 9), label=2)
    panel.widget.annotator.settle()


def human(folder):
    return np.argwhere(load(folder).slices[()].human != VOID)[:, 0].tolist()


def status(panel):
    return panel.form.saving.status.text()


def saved(panel):
    panel.qtbot.waitUntil(lambda: not panel.widget.session.autosave.unsaved, timeout=20_000)


def closes(panel):
    """Close the window as its x does, but for deleting it."""
    event = QCloseEvent()
    QApplication.sendEvent(panel.viewer.window._qt_window, event)
    return event.isAccepted()


def answer(panel, name):
    """Click a button of the question that comes next; what it said is in the list that is returned."""
    texts = []

    def click():
        dialog = QApplication.activeModalWidget()
        if dialog is None:
            QTimer.singleShot(50, click)
            return
        texts.append(dialog.text())
        panel.qtbot.mouseClick(getattr(dialog, name), Qt.MouseButton.LeftButton)

    QTimer.singleShot(50, click)
    return texts


both_ways = pytest.mark.parametrize(
    "panel", [{"by_napari": False}, {"by_napari": True}], ids=["by us", "by napari"], indirect=True
)
on_the_screen = pytest.mark.parametrize("panel", [{"show": True, "by_napari": True}], ids=[""], indirect=True)


@both_ways
def test_save_saves_and_turning_away_from_what_is_saved_leaves_nothing_to_save(panel, qtbot, tmp_path):
    saving = panel.form.saving
    assert status(panel) == ""
    stroke(panel, 5)
    assert status(panel) == "not saved"
    assert "'photo'" in saving.status.toolTip()
    panel.click(saving.save)
    saved(panel)
    assert status(panel).startswith("saved ")
    assert panel.message == "All work in this window is saved."
    assert human(panel.sidecar) == [5] * 5
    Image.fromarray(np.ascontiguousarray(CORNERS[::-1])).save(tmp_path / "other.png")
    panel.viewer.open(tmp_path / "other.png", plugin="napari")
    panel.viewer.layers.selection.active = panel.viewer.layers["photo masks"]
    panel.widget.annotator.settle()
    assert status(panel) == ""
    assert closes(panel)


def test_what_was_not_saved_of_another_picture_is_named_and_saved_by_closing(panel, qtbot, tmp_path):
    stroke(panel, 5)
    Image.fromarray(np.ascontiguousarray(CORNERS[::-1])).save(tmp_path / "other.png")
    panel.viewer.open(tmp_path / "other.png", plugin="napari")
    assert status(panel) == "unsaved: 1"
    assert not is_sidecar(panel.sidecar)
    # also once its layers are gone
    for name in ("photo masks", "photo pseudo-labels"):
        panel.viewer.layers.remove(name)
    texts = answer(panel, "stay")
    assert not closes(panel)
    texts += answer(panel, "save")
    assert closes(panel)
    assert texts == ["Save the work on 'photo'?"]
    assert human(panel.sidecar) == [5] * 5


def test_what_is_not_saved_is_not_on_the_disk(panel, qtbot):
    stroke(panel, 5)
    texts = answer(panel, "lose")
    assert closes(panel)
    assert len(texts) == 1
    assert not is_sidecar(panel.sidecar)


def test_another_picture_in_the_layer_leaves_the_work_on_the_first_to_be_saved(panel):
    stroke(panel, 5)
    panel.image.data = np.ascontiguousarray(CORNERS[::-1, ::-1])
    assert "is kept until you save it" in panel.message
    assert not is_sidecar(panel.sidecar)
    panel.qtbot.waitUntil(lambda: status(panel) == "unsaved: 1")
    assert "'photo' (an earlier picture)" in panel.form.saving.status.toolTip()
    panel.image.data = CORNERS.copy()
    panel.qtbot.waitUntil(lambda: panel.current is not None, timeout=20_000)
    assert status(panel) == "not saved"
    panel.click(panel.form.saving.save)
    saved(panel)
    assert human(panel.sidecar) == [5] * 5


def test_resumed_work_is_saved_work_until_it_is_changed(panel, qtbot):
    stroke(panel, 5)
    panel.click(panel.form.saving.save)
    saved(panel)
    for name in ("photo masks", "photo pseudo-labels", "photo"):
        panel.viewer.layers.remove(name)
    panel.viewer.open(panel.sidecar.parent / "photo.png", plugin="napari")
    qtbot.waitUntil(lambda: not panel.form.resume.isHidden(), timeout=20_000)
    panel.click(panel.form.resume.resume)
    qtbot.waitUntil(lambda: panel.current is not None, timeout=20_000)
    panel.widget.annotator.settle()
    assert panel.widget.session.autosave.waits == []
    assert status(panel).startswith("saved ")
    stroke(panel, 7)
    assert status(panel) == "not saved"
    assert human(panel.sidecar) == [5] * 5
    panel.click(panel.form.saving.save)
    saved(panel)
    assert human(panel.sidecar) == [5] * 5 + [7] * 5


@on_the_screen
def test_the_work_of_a_closed_panel_is_kept_for_the_next(panel, qtbot):
    stroke(panel, 5)
    panel.close()
    assert not is_sidecar(panel.sidecar)
    again = Panel(qtbot, panel.viewer, panel.method, by_napari=True)
    switch_off(again.widget)
    again.widget.session.closing.ask_to_save = lambda: "lose"
    qtbot.waitUntil(lambda: bool(again.widget.session.places.found), timeout=20_000)
    assert status(again) == "not saved"
    again.click(again.form.saving.save)
    saved(again)
    assert human(panel.sidecar) == [5] * 5


@on_the_screen
def test_the_window_asks_for_the_work_of_a_closed_panel(panel, qtbot):
    stroke(panel, 5)
    panel.close()
    assert panel.let_go() is not None, "nobody would ask"
    texts = answer(panel, "save")
    assert closes(panel)
    assert texts == ["Save the work on 'photo'?"]
    assert human(panel.sidecar) == [5] * 5


def test_what_only_the_machine_made_is_saved_if_a_person_says_so(panel):
    panel.click(panel.form.saving.save)
    saved(panel)
    assert is_sidecar(panel.sidecar)
    assert human(panel.sidecar) == []
