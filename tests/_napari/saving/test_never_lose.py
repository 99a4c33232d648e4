"""In a real window: what is painted is on the disk soon, whatever is closed, and comes back."""

from __future__ import annotations

import importlib
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_ovseg._napari.widget import OpenVocabularyWidget
from napari_ovseg.annotation.last_save import is_sidecar
from napari_ovseg.annotation.sidecar import load

from ..fakes import FakeMethod


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 48, 3), np.uint8)).save(path)
    return path


@pytest.fixture
def open_panel(make_viewer, qtbot, picture):
    def open_picture():
        viewer = make_viewer()
        widget = OpenVocabularyWidget(viewer, FakeMethod().engine)
        viewer.window.add_dock_widget(widget)
        viewer.open(picture, plugin="napari")
        qtbot.waitUntil(lambda: bool(widget.session.places.found))
        return widget

    return open_picture


@pytest.fixture
def panel(open_panel, qtbot):
    widget = open_panel()
    widget.form.names.setPlainText("bright, dark")
    widget.form.run.click()
    qtbot.waitUntil(lambda: not widget.busy and widget.annotator.current is not None, timeout=20_000)
    return widget


def painted_on_disk(picture):
    folder = picture.with_name(f"{picture.name}.ovseg")
    return int((load(folder).slices[()].human != 255).sum()) if is_sidecar(folder) else 0


def run_anew(qtbot, panel, before):
    panel.form.run.click()
    qtbot.waitUntil(lambda: not panel.busy and panel.annotator.current not in (None, before), timeout=20_000)


def paint(panel, number):
    panel.annotator.current.masks.layer.data_setitem((np.array([number // 40]), np.array([number % 40])), 7)


def test_painting_without_a_pause_is_saved_within_five_seconds(qtbot, panel, picture):
    started, number = time.monotonic(), 0
    while not painted_on_disk(picture):
        paint(panel, number)
        number += 1
        qtbot.wait(20)
        assert time.monotonic() - started < 5
    assert number > 20


@pytest.mark.parametrize("way", ["viewer", "window", "panel", "layer", "picture"])
def test_whatever_is_closed_saves_first(qtbot, panel, picture, way):
    paint(panel, 0)
    viewer, masks = panel.viewer, panel.annotator.current.masks.layer
    assert painted_on_disk(picture) == 0, "too late to tell"
    if way == "viewer":
        viewer.close()
    elif way == "window":
        viewer.window._qt_window.close()
    elif way == "panel":
        viewer.window.remove_dock_widget(panel)
    elif way == "layer":
        viewer.layers.remove(masks)
    else:
        viewer.layers.remove("photo")
    assert painted_on_disk(picture) == 1


def test_what_was_painted_comes_back(qtbot, panel, picture, open_panel):
    masks = panel.annotator.current.masks.layer
    for number in range(30):
        paint(panel, number)
    qtbot.waitUntil(lambda: painted_on_disk(picture) == 30)
    expected = masks.data.copy()
    panel.viewer.close()
    again = open_panel()
    qtbot.waitUntil(lambda: not again.form.resume.isHidden())
    again.form.resume.resume.click()
    qtbot.waitUntil(lambda: again.annotator.current is not None)
    np.testing.assert_array_equal(again.annotator.current.masks.layer.data, expected)
    assert int((again.annotator.current.human_pixels(()) != 255).sum()) == 30
    paint(again, 31)
    qtbot.waitUntil(lambda: painted_on_disk(picture) == 31)
    assert not (picture.with_name("photo.png.ovseg") / "earlier").exists()


def test_layers_of_one_file_are_saved_apart(qtbot, panel, picture):
    viewer, first = panel.viewer, panel.annotator.current
    paint(panel, 0)
    viewer.open(picture, plugin="napari", name="second")
    qtbot.waitUntil(lambda: len(panel.session.places.found) == 2)
    panel.form.run.click()
    qtbot.waitUntil(lambda: not panel.busy and panel.annotator.current not in (None, first), timeout=20_000)
    paint(panel, 1)
    paint(panel, 2)
    other = picture.with_name("photo.png-second.ovseg")
    qtbot.waitUntil(lambda: is_sidecar(other))
    assert int((load(other).slices[()].human != 255).sum()) == 2
    assert painted_on_disk(picture) == 1


def test_a_run_after_the_corrected_layers_were_removed_leaves_what_was_saved(qtbot, panel, picture):
    paint(panel, 0)
    paint(panel, 1)
    qtbot.waitUntil(lambda: painted_on_disk(picture) == 2)
    first = panel.annotator.current
    for tracked in (first.masks, first.pseudo_labels):
        panel.viewer.layers.remove(tracked.layer)
    panel.form.run.click()
    qtbot.waitUntil(lambda: not panel.busy and panel.annotator.current not in (None, first), timeout=20_000)
    paint(panel, 5)
    earlier = picture.with_name("photo.png.ovseg") / "earlier" / "1"
    qtbot.waitUntil(lambda: painted_on_disk(picture) == 1)
    assert int((load(earlier).slices[()].human != 255).sum()) == 2
    qtbot.waitUntil(lambda: panel.form.message.text().endswith("photo.png.ovseg/earlier/1."))


def test_work_on_another_picture_in_between_does_not_make_a_new_run_replace_corrections(
    qtbot, panel, picture, tmp_path
):
    paint(panel, 0)
    paint(panel, 1)
    qtbot.waitUntil(lambda: painted_on_disk(picture) == 2)
    viewer, first = panel.viewer, panel.annotator.current
    for tracked in (first.masks, first.pseudo_labels):
        viewer.layers.remove(tracked.layer)
    other = picture.with_name("other.png")
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (40, 48, 3), np.uint8)).save(other)
    viewer.open(other, plugin="napari")
    run_anew(qtbot, panel, first)
    paint(panel, 3)
    qtbot.waitUntil(lambda: painted_on_disk(other) == 1)
    viewer.layers.selection.active = first.image
    run_anew(qtbot, panel, panel.annotator.current)
    paint(panel, 5)
    qtbot.waitUntil(lambda: painted_on_disk(picture) == 1)
    earlier = picture.with_name("photo.png.ovseg") / "earlier" / "1"
    assert int((load(earlier).slices[()].human != 255).sum()) == 2


@pytest.fixture
def stack_panel(make_viewer, qtbot, tmp_path):
    viewer = make_viewer()
    widget = OpenVocabularyWidget(viewer, FakeMethod().engine)
    viewer.window.add_dock_widget(widget)
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, np.random.default_rng(0).integers(0, 256, (3, 40, 48), np.uint8))
    viewer.open(path, plugin="napari")
    viewer.dims.set_current_step(0, 0)
    qtbot.waitUntil(lambda: bool(widget.session.places.found))
    widget.form.names.setPlainText("bright, dark")
    for at in range(3):
        viewer.dims.set_current_step(0, at)
        widget.form.run.click()
        qtbot.waitUntil(lambda: not widget.busy, timeout=20_000)
    assert list(widget.annotator.current.pieces) == [(0,), (1,), (2,)]
    return widget


def saved_sevens(panel):
    place = panel.session.places.of(panel.annotator.current.image).place
    if not is_sidecar(place):
        return []
    return [int((piece.human == 7).sum()) for piece in load(place).slices.values()]


def test_pixels_of_slices_out_of_view_are_saved_however_they_were_changed(qtbot, stack_panel):
    layer = stack_panel.annotator.current.masks.layer
    stack_panel.viewer.dims.set_current_step(0, 0)
    layer.data_setitem(tuple(np.array([[0], [5], [5]])), 7)
    qtbot.waitUntil(lambda: saved_sevens(stack_panel) == [1, 0, 0])
    changed = layer.data.copy()
    changed[1, :3, 0] = 7
    layer.data = changed
    qtbot.waitUntil(lambda: saved_sevens(stack_panel) == [1, 3, 0])
    layer.data_setitem(tuple(np.array([[1, 2], [5, 5], [5, 6]])), 7)
    qtbot.waitUntil(lambda: saved_sevens(stack_panel) == [1, 4, 1])
    layer.undo()
    qtbot.waitUntil(lambda: saved_sevens(stack_panel) == [1, 3, 0])


def test_a_new_run_with_other_names_saves_its_pixels_with_them(qtbot, panel, picture):
    annotated = panel.annotator.current
    annotated.masks.layer.data_setitem((np.array([3]), np.array([4])), 2)
    qtbot.waitUntil(lambda: painted_on_disk(picture) > 0, timeout=10_000)
    panel.form.names.setPlainText("tree, bright, dark")
    panel.form.run.click()
    qtbot.waitUntil(lambda: not panel.busy and panel.annotator.current is not annotated, timeout=20_000)
    panel.session.flush()
    saved = [load(folder) for folder in picture.parent.glob("photo.png*.ovseg")]
    latest = next(one for one in saved if len(one.labels) == 3)
    names = {label.id: label.name for label in latest.labels}
    assert names[int(latest.slices[()].human[3, 4])] == "dark"
    assert np.array_equal(latest.slices[()].masks, panel.annotator.current.masks.labels(()))


def test_a_stroke_before_the_slider_moves_is_saved(make_viewer, qtbot, tmp_path):
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, np.random.default_rng(0).integers(0, 256, (3, 24, 32), np.uint8))
    viewer = make_viewer()
    widget = OpenVocabularyWidget(viewer, FakeMethod().engine)
    viewer.window.add_dock_widget(widget)
    viewer.open(path, plugin="napari")
    qtbot.waitUntil(lambda: bool(widget.session.places.found))
    widget.form.names.setPlainText("bright, dark")
    viewer.dims.set_current_step(0, 0)
    widget.form.run.click()
    qtbot.waitUntil(lambda: not widget.busy and widget.annotator.current is not None, timeout=20_000)
    widget.annotator.current.masks.layer.data_setitem((np.array([0]), np.array([3]), np.array([4])), 2)
    viewer.dims.set_current_step(0, 1)
    folder = tmp_path / "stack.tif.ovseg"
    qtbot.waitUntil(lambda: is_sidecar(folder), timeout=10_000)
    assert load(folder).slices[(0,)].human[3, 4] == 2


def test_the_benchmark_that_kills_can_run_and_run_again(make_panel, qtbot, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3] / "benchmarks"))
    tireless = importlib.import_module("tireless")
    viewer = make_panel(SimpleNamespace(engine=tireless.engine(), hold=threading.Event())).viewer
    (panel,) = viewer.window._qt_window.findChildren(OpenVocabularyWidget)
    noise = np.random.default_rng(0).integers(0, 256, (tireless.SIDE, tireless.SIDE, 3), np.uint8)
    viewer.add_image(noise, name="photo")
    panel.form.names.setPlainText("bright, dark")
    for _ in range(2):
        panel.form.run.click()
        qtbot.waitUntil(lambda: not panel.busy, timeout=20_000)
        assert "Segmented 'bright', 'dark'" in panel.form.message.text()
        panel.annotator.current.masks.layer.data_setitem((np.array([3]), np.array([4])), 2)
        panel.annotator.settle()
    assert [layer.name for layer in viewer.layers][-1] == "photo masks [1]"
    assert panel.annotator.current.human_pixels(())[3, 4] == 2
