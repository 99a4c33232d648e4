"""The whole loop in a real window with the bundled model: the mouse paints, buttons and keys are pressed."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_ovseg._napari import launch
from napari_ovseg._napari.panel.export_dialog import ExportDialog
from napari_ovseg.annotation.last_save import is_sidecar
from napari_ovseg.annotation.sidecar import load
from napari_ovseg.demo.scenes import sample_scene
from napari_ovseg.models.clip.registry import DEMO_FOLDER

pytestmark = [
    pytest.mark.skipif(
        not (DEMO_FOLDER / "demo.safetensors").is_file(), reason="the bundled model has not been trained yet"
    ),
    pytest.mark.usefixtures("little_training"),
]

LEFT = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier
NAMES = ("green rods", "white debris")


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "scene.png"
    Image.fromarray(sample_scene(3)[0]).save(path)
    return path


@pytest.fixture
def open_window(monkeypatch, make_napari_viewer, qtbot, picture):
    import napari

    monkeypatch.setattr(napari, "Viewer", lambda title, show: make_napari_viewer(title=title, show=show))

    def open_picture():
        viewer, widget = launch.build_window([picture])
        viewer.window.resize(1200, 800)
        qtbot.waitUntil(lambda: bool(widget.session.places.found), timeout=20_000)
        qtbot.wait(300)
        return viewer, widget

    return open_picture


def wait_until_idle(qtbot, widget):
    qtbot.waitUntil(lambda: not widget.busy, timeout=120_000)


def stroke(qtbot, viewer, *points):
    """Drag the mouse over the canvas along (row, column) points of the picture."""
    canvas = viewer.window._qt_viewer.canvas.native
    camera, size = viewer.camera, canvas.size()
    places = []
    for point in points:
        row, column = (np.asarray(point) - np.asarray(camera.center)[-2:]) * camera.zoom
        places.append(QPoint(round(column + size.width() / 2), round(row + size.height() / 2)))
    QTest.mouseMove(canvas, places[0])
    QTest.mousePress(canvas, LEFT, Qt.KeyboardModifier.NoModifier, places[0])
    for place in places:
        QTest.mouseMove(canvas, place)
        qtbot.wait(20)
    QTest.mouseRelease(canvas, LEFT, Qt.KeyboardModifier.NoModifier, places[-1])
    qtbot.wait(50)


def type_and_run(qtbot, widget):
    form = widget.form
    form.model.setCurrentIndex(0)
    form.preset.value = "fast"
    qtbot.keyClicks(form.names, ", ".join(NAMES))
    qtbot.mouseClick(form.run, LEFT)
    wait_until_idle(qtbot, widget)


def choose_row(qtbot, widget, row):
    table = widget.form.table
    place = table.visualItemRect(table.item(row, 1)).center()
    qtbot.mouseClick(table.viewport(), LEFT, pos=place)


def export(qtbot, widget, name, folder):
    qtbot.mouseClick(widget.form.saving.export, LEFT)
    dialog = widget.findChild(ExportDialog)
    dialog.format.setCurrentIndex(dialog.format.findData(name))
    dialog.folder.setText(str(folder))
    qtbot.mouseClick(dialog.export, LEFT)
    qtbot.waitUntil(lambda: dialog.export.isEnabled() and dialog.summary.text() != "Writing...")
    said = dialog.summary.text()
    qtbot.mouseClick(dialog.export, LEFT)
    qtbot.waitUntil(lambda: dialog.export.isEnabled() and dialog.summary.text() not in (said, "Writing..."))
    assert (
        "already: tick 'replace files of an earlier export', or choose another folder"
        in dialog.summary.text()
    )
    dialog.folder.setText(" ")
    qtbot.mouseClick(dialog.export, LEFT)
    assert dialog.summary.text() == "No folder is chosen: choose one for the export."
    dialog.deleteLater()
    qtbot.waitUntil(lambda: widget.findChild(ExportDialog) is None)
    return said


def test_open_type_run_paint_update_undo_resume_export(open_window, qtbot, picture, tmp_path):
    viewer, widget = open_window()
    type_and_run(qtbot, widget)
    masks = viewer.layers["scene masks"]
    window = viewer.window._qt_window
    machine = masks.data.copy()
    assert set(np.unique(machine)) == {0, 1, 2}

    # debris is painted where the picture is empty
    choose_row(qtbot, widget, 1)
    qtbot.keyClick(window, Qt.Key.Key_2)
    stroke(qtbot, viewer, (180, 20), (190, 40), (200, 60))
    painted = (masks.data != machine) & (masks.data == 2)
    assert painted[[180, 190, 200], [20, 40, 60]].all()
    stroked = masks.data.copy()
    human = widget.annotator.current.human_pixels(())
    assert (human[painted] == 2).all()

    qtbot.keyClick(window, Qt.Key.Key_U)
    wait_until_idle(qtbot, widget)
    qtbot.waitUntil(lambda: not np.array_equal(masks.data, stroked))
    updated = masks.data.copy()
    assert (updated[painted] == 2).all()

    qtbot.keyClick(window, Qt.Key.Key_Z, CONTROL)
    np.testing.assert_array_equal(masks.data, stroked)
    qtbot.keyClick(window, Qt.Key.Key_Z, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    np.testing.assert_array_equal(masks.data, updated)

    folder = picture.with_name("scene.png.ovseg")
    qtbot.waitUntil(
        lambda: is_sidecar(folder) and np.array_equal(load(folder).slices[()].masks, updated), timeout=6000
    )
    viewer.close()

    viewer, widget = open_window()
    qtbot.waitUntil(widget.form.resume.isVisible, timeout=10_000)
    qtbot.mouseClick(widget.form.resume.resume, LEFT)
    qtbot.waitUntil(lambda: widget.annotator.current is not None, timeout=10_000)
    np.testing.assert_array_equal(viewer.layers["scene masks"].data, updated)
    np.testing.assert_array_equal(widget.annotator.current.human_pixels(()), human)

    assert export(qtbot, widget, "png", tmp_path / "png").startswith("Wrote 2 files for 1 picture")
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "png" / "scene_masks.png")), updated)
    export(qtbot, widget, "coco", tmp_path / "coco")
    np.testing.assert_array_equal(read_coco(tmp_path / "coco" / "instances.json"), updated)


def read_coco(path):
    from pycocotools.coco import COCO

    coco = COCO(str(path))
    assert [category["name"] for category in coco.loadCats(coco.getCatIds())] == list(NAMES)
    [image] = json.loads(path.read_text())["images"]
    labels = np.zeros((image["height"], image["width"]), np.uint8)
    for annotation in coco.loadAnns(coco.getAnnIds()):
        labels[coco.annToMask(annotation) == 1] = annotation["category_id"]
    return labels


def test_what_can_not_be_done_is_said_and_forgotten_once_something_else_is(open_window, qtbot):
    viewer, widget = open_window()
    form = widget.form
    qtbot.keyClick(viewer.window._qt_window, Qt.Key.Key_U)
    assert form.message.text() == "There are no masks to update yet: press Run first."
    type_and_run(qtbot, widget)
    qtbot.keyClicks(form.table_actions.add, NAMES[0])
    qtbot.keyClick(form.table_actions.add, Qt.Key.Key_Return)
    assert form.message.text() == f"'{NAMES[0]}' is in the table already: choose another name."
    shown = []
    widget.annotator.updates.progressed.connect(
        lambda event: event and shown.append((form.stage.text(), form.cancel.isEnabled()))
    )
    qtbot.mouseClick(form.correct.update_masks, LEFT)
    qtbot.waitUntil(lambda: ("Updating the masks", True) in shown, timeout=20_000)
    wait_until_idle(qtbot, widget)
    assert form.message.text() == "Updated: no pixel changed."
