"""In a real window: work is saved though the disk, the look-up or the network drive fails for a while."""

from __future__ import annotations

import errno
import gc
import shutil
import threading
import weakref
from pathlib import Path

import numpy as np
import pytest
import tifffile
from napari.utils.notifications import notification_manager
from PIL import Image
from qtpy.QtWidgets import QApplication, QFileDialog

from napari_ovseg._napari.panel import resume as resume_module
from napari_ovseg._napari.saving import autosave as autosave_module
from napari_ovseg._napari.widget import OpenVocabularyWidget
from napari_ovseg.annotation import Annotation
from napari_ovseg.annotation.last_save import is_sidecar
from napari_ovseg.annotation.resuming import look_up
from napari_ovseg.annotation.sidecar import Sidecar, load, save
from napari_ovseg.labelled import NamedLabel

from ..fakes import FakeMethod

WORK_OF_VERSION_1 = Path(__file__).parents[2] / "data" / "work_of_version_1"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(autosave_module, "_WAIT_MS", 100)
    monkeypatch.setattr(autosave_module, "_RETRY_MS", 200)


@pytest.fixture
def pictures(tmp_path):
    paths = [tmp_path / f"{name}.png" for name in ("first", "second")]
    for seed, path in enumerate(paths):
        noise = np.random.default_rng(seed).integers(0, 256, (40, 48, 3), np.uint8)
        Image.fromarray(noise).save(path)
    return paths


@pytest.fixture
def panel(make_viewer, qtbot):
    viewer = make_viewer()
    widget = OpenVocabularyWidget(viewer, FakeMethod().engine)
    viewer.window.add_dock_widget(widget)
    widget.session.closing.ask = lambda why: pytest.fail(f"asked: {why}")
    return widget


def run(qtbot, panel, path):
    """Open a picture and segment it."""
    before = panel.annotator.current
    (image,) = panel.viewer.open(path, plugin="napari")
    panel.form.names.setPlainText("bright, dark")
    panel.form.run.click()
    qtbot.waitUntil(lambda: not panel.busy and panel.annotator.current not in (None, before), timeout=20_000)
    assert panel.annotator.current.image is image
    return image


def paint(panel, *index):
    panel.annotator.current.masks.layer.data_setitem(tuple(np.array([i]) for i in index), 7)


def painted(folder):
    return int((load(folder).slices[()].human == 7).sum()) if is_sidecar(folder) else 0


def test_work_on_a_full_disk_survives_its_layers(qtbot, panel, pictures, disk):
    first, second = (path.with_name(f"{path.name}.ovseg") for path in pictures)
    image = run(qtbot, panel, pictures[0])
    disk["full"] = True
    paint(panel, 1, 1)
    masks = panel.annotator.current.masks.layer
    run(qtbot, panel, pictures[1])
    for layer in (masks, image):
        panel.viewer.layers.remove(layer)
    paint(panel, 2, 2)
    paint(panel, 3, 3)
    qtbot.waitUntil(lambda: "not saved" in panel.form.saving.problem.text())
    assert "There is no room on the disk" in panel.form.saving.problem.text()
    assert not panel.form.saving.problem.isHidden()
    panel.form.show_message("something else")
    assert [painted(first), painted(second)] == [0, 0]
    disk["full"] = False
    qtbot.waitUntil(lambda: [painted(first), painted(second)] == [1, 2], timeout=10_000)
    qtbot.waitUntil(lambda: panel.form.saving.problem.isHidden())


def test_work_begun_before_its_place_is_known_is_saved_there(qtbot, panel, pictures, monkeypatch):
    go = threading.Event()
    monkeypatch.setattr(resume_module, "look_up", lambda *a, **k: (go.wait(20), look_up(*a, **k))[1])
    first = pictures[0].with_name("first.png.ovseg")
    run(qtbot, panel, pictures[0])
    paint(panel, 1, 1)
    panel.viewer.open(pictures[1], plugin="napari")
    assert panel.annotator.current is None
    go.set()
    qtbot.waitUntil(lambda: painted(first) == 1, timeout=10_000)
    assert load(first).picture.path == pictures[0]
    assert panel.form.saving.problem.isHidden()


def test_where_the_look_up_fails_work_goes_to_the_users_own_folder(
    qtbot, panel, pictures, monkeypatch, own_folders
):
    def fail(*args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(resume_module, "look_up", fail)
        run(qtbot, panel, pictures[0])
        paint(panel, 1, 1)
        own = own_folders / "annotations"
        qtbot.waitUntil(lambda: own.is_dir() and sum(map(painted, own.iterdir())) == 1, timeout=10_000)
    assert look_up("first", np.zeros(1), pictures[0]).sidecar == next(own.iterdir())


def test_where_there_is_no_place_at_all_it_stays_said(qtbot, panel, pictures, monkeypatch):
    with monkeypatch.context() as patch:
        for name in ("look_up", "not_looked_up"):
            patch.setattr(resume_module, name, lambda *_, **__: 1 / 0)
        run(qtbot, panel, pictures[0])
        paint(panel, 1, 1)
        qtbot.waitUntil(lambda: "ZeroDivisionError" in panel.form.saving.problem.text(), timeout=10_000)
        for _again in range(2):
            with qtbot.waitSignal(panel.session.autosave._timer.timeout, timeout=10_000):
                pass
        assert not panel.form.saving.problem.isHidden()
    first = pictures[0].with_name("first.png.ovseg")
    qtbot.waitUntil(lambda: painted(first) == 1 and panel.form.saving.problem.isHidden(), timeout=10_000)


def test_a_folder_chosen_while_saving_fails_gets_the_work(qtbot, panel, pictures, tmp_path, monkeypatch):
    bad, save_to = pictures[0].with_name("first.png.ovseg"), Sidecar.save

    def failing(sidecar, *args, **kwargs):
        if sidecar.folder == bad:
            raise OSError(errno.EROFS, "Read-only file system")
        save_to(sidecar, *args, **kwargs)

    monkeypatch.setattr(Sidecar, "save", failing)
    run(qtbot, panel, pictures[0])
    paint(panel, 1, 1)
    panel.viewer.layers.clear()
    asked = []

    def ask(why):
        asked.append(why)
        panel.session.places.choose(tmp_path / "chosen")
        return "elsewhere"

    panel.session.closing.ask = ask
    assert panel.viewer.window._qt_window.close()
    assert len(asked) == 1
    (folder,) = (tmp_path / "chosen").iterdir()
    assert painted(folder) == 1
    assert look_up("first", np.zeros(1), pictures[0], elsewhere=tmp_path / "chosen").sidecar == folder
    assert look_up("first", np.zeros(1), pictures[0], earlier=[tmp_path / "chosen"]).sidecar == folder


def test_a_stack_that_has_to_go_elsewhere_is_written_whole_and_unmixed(qtbot, panel, tmp_path):
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, np.random.default_rng(0).integers(0, 256, (3, 40, 48), np.uint8))
    image = run(qtbot, panel, path)
    for at in (0, 1):
        panel.viewer.dims.set_current_step(0, at)
        panel.form.run.click()
        qtbot.waitUntil(lambda: not panel.busy, timeout=20_000)
    paint(panel, 0, 5, 5)
    place = panel.session.places.of(image).place
    qtbot.waitUntil(lambda: is_sidecar(place))
    panel.session.flush()
    save(Annotation((NamedLabel(1, "theirs", (1, 2, 3)),)), place, overwrite=True)
    # what is painted after the snapshot of slice 0 must not be in what is written of slice 1
    paint(panel, 0, 6, 6)
    panel.session.flush()
    beside = load(place / "beside" / "1")
    assert load(place).labels[0].name == "theirs"
    assert int((beside.slices[(0,)].human == 7).sum()) == 2
    for position, piece in beside.slices.items():
        np.testing.assert_array_equal(piece.masks, panel.annotator.current.masks.labels(position))


def test_where_work_goes_is_said_once_with_another_place_to_choose(make_panel, qtbot, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(notification_manager, "dispatch", said.append)
    panel = make_panel(show=True)
    path = tmp_path / "photo.tif"
    tifffile.imwrite(path, np.random.default_rng(0).integers(0, 256, (40, 48), np.uint8))
    panel.viewer.open(path, plugin="napari")
    panel.run()
    panel.dock.hide()
    panel.paint((3, 4), 1)
    panel.widget.session.flush()
    assert said == []
    panel.dock.show()
    panel.paint((4, 4), 1)
    qtbot.waitUntil(lambda: len(said) == 1, timeout=10_000)
    assert said[0].message.startswith(f"Work is saved in photo.tif.ovseg, which is in {tmp_path}: ")
    panel.paint((5, 6), 1)
    with qtbot.waitSignal(panel.widget.session.autosave.saved):
        panel.widget.session.flush()
    QApplication.processEvents()
    (notice,) = said
    asked = []
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *args: asked.append(args) or "")
    ((title, act),) = notice.actions
    act(None)
    assert (title, len(asked)) == ("Save elsewhere...", 1)
    panel.viewer.close()
    # neither is the next window told
    panel = make_panel(show=True)
    panel.viewer.add_image(np.random.default_rng(2).random((40, 48)), name="no file")
    panel.run()
    panel.paint((3, 4), 1, "no file masks")
    qtbot.waitUntil(lambda: len(said) == 2, timeout=10_000)
    path = tmp_path / "other.tif"
    tifffile.imwrite(path, np.random.default_rng(1).integers(0, 256, (40, 48), np.uint8))
    panel.viewer.open(path, plugin="napari")
    panel.run()
    panel.paint((3, 4), 1, "other masks")
    with qtbot.waitSignal(panel.widget.session.autosave.saved):
        panel.widget.session.flush()
    QApplication.processEvents()
    assert len(said) == 2


def test_saved_work_is_offered_again_when_its_picture_is_turned_to_again(qtbot, panel, pictures):
    found = look_up("first", np.zeros(1), pictures[0])
    save(Annotation((NamedLabel(1, "cell", (1, 2, 3)),), picture=found.picture), found.place)
    (first,) = panel.viewer.open(pictures[0], plugin="napari")
    offer = panel.form.resume
    qtbot.waitUntil(lambda: not offer.isHidden())
    (second,) = panel.viewer.open(pictures[1], plugin="napari")
    qtbot.waitUntil(lambda: panel.session.places.of(second) is not None)
    assert offer.isHidden()
    panel.viewer.layers.selection.active = first
    assert not offer.isHidden()
    offer.ignore.click()
    panel.viewer.layers.selection.active = second
    panel.viewer.layers.selection.active = first
    assert offer.isHidden()


def test_channels_axes_model_and_device_come_back(qtbot, panel, tmp_path, make_viewer):
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, np.random.default_rng(0).integers(0, 256, (4, 3, 40, 48), np.uint8))
    form, viewer = panel.form, panel.viewer
    viewer.open(path, plugin="napari")
    # rows are the stack's second axis, channels are its first
    viewer.dims.order = (0, 2, 1, 3)
    form.channels.choose(0, (3, 1))
    form.model.setEditText("RN50/openai")
    form.preset.value, form.pack.value, form.device.value = "fast", "histology", "cpu"
    form.method.value = "explain"
    form.size_row.take("bright 12")
    form.names.setPlainText("bright, dark")
    form.run.click()
    qtbot.waitUntil(lambda: not panel.busy and panel.annotator.current is not None, timeout=20_000)
    (position,) = panel.annotator.current.pieces
    panel.annotator.current.masks.layer.data_setitem(tuple(np.array([0]) for _ in range(4)), 7)
    panel.annotator.current.unsaved.add(position)
    saved = panel.annotator.current.slice(position).masks
    assert saved.shape == (3, 48)
    panel.annotator.changed.emit()
    viewer.close()
    again = OpenVocabularyWidget(make_viewer(), FakeMethod().engine)
    again.viewer.window.add_dock_widget(again)
    again.viewer.open(path, plugin="napari")
    qtbot.waitUntil(lambda: not again.form.resume.isHidden())
    again.form.resume.resume.click()
    qtbot.waitUntil(lambda: again.annotator.current is not None)
    form = again.form
    assert again.viewer.dims.order[-2:] == (1, 3)
    assert (form.channels.key, form.channels.ticked()) == (0, (3, 1))
    assert (form.chosen_model(), form.preset.value, form.device.value) == ("RN50/openai", "fast", "cpu")
    assert (form.pack.value, form.method.value) == ("histology", "explain")
    assert form.size_row.text == "bright 12 px"
    source = again.annotator.current.sources[position]
    assert source.channels == (3, 1)
    np.testing.assert_array_equal(again.annotator.current.masks.labels(position), saved)


def test_work_from_before_there_were_sizes_goes_on_without_one(qtbot, panel, tmp_path):
    shutil.copytree(WORK_OF_VERSION_1, tmp_path / "earlier")
    panel.form.size_row.take("40")
    panel.viewer.open(tmp_path / "earlier" / "cells.png", plugin="napari")
    qtbot.waitUntil(lambda: not panel.form.resume.isHidden())
    assert panel.form.size_row.text == "40"
    panel.form.resume.resume.click()
    qtbot.waitUntil(lambda: panel.annotator.current is not None)
    assert panel.form.size_row.text == ""


def test_work_whose_layers_are_gone_takes_no_memory_and_is_still_not_overwritten(qtbot, panel, pictures):
    image = run(qtbot, panel, pictures[0])
    paint(panel, 5, 5)
    panel.session.flush()
    place = panel.session.places.found[panel.annotator.current.key].place
    work = weakref.ref(panel.annotator.current)
    for layer in [layer for layer in panel.viewer.layers if layer is not image]:
        panel.viewer.layers.remove(layer)
        panel.viewer.window._qt_window.repaint()
        qtbot.wait(1)
    del layer
    assert panel.annotator.current is None
    gc.collect()
    assert work() is None
    panel.form.run.click()
    qtbot.waitUntil(lambda: not panel.busy and panel.annotator.current is not None, timeout=20_000)
    paint(panel, 20, 20)
    paint(panel, 20, 21)
    panel.session.flush()
    assert painted(place) == 2
    assert [painted(one) for one in place.rglob("*") if is_sidecar(one) and one != place] == [1]
