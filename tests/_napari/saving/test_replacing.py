"""Another picture is put into a layer by a script or a plugin: its work and that on the first stay apart."""

from __future__ import annotations

import time

import dask.array as da
import numpy as np
import pytest
from qtpy.QtCore import QTimer

from napari_ovseg._napari.saving import autosave
from napari_ovseg.annotation.last_save import is_sidecar
from napari_ovseg.annotation.sidecar import load

from ..brush import drag
from ..used_panel import CORNERS

VOID = 255
OTHER = np.ascontiguousarray(CORNERS[::-1, ::-1])
# one pixel that a glance at a few does not see
NEARLY = np.full((700, 800), 100, np.uint8)
NEARLY[:50, :50] = 250


@pytest.fixture(params=[False, True], ids=["by us", "by napari"])
def panel(request, make_panel, tmp_path, monkeypatch):
    """A picture from a file, segmented, with one stroke of five pixels."""
    monkeypatch.setattr(autosave, "_WAIT_MS", 50)
    panel = make_panel(by_napari=request.param)
    panel.widget.session.closing.ask = lambda why: "close"
    panel.image = panel.open_photo(tmp_path)
    panel.sidecar = tmp_path / "photo.png.ovseg"
    panel.run("bright, dark")
    stroke(panel)
    return panel


def stroke(panel, row=5):
    drag(panel.viewer.layers["photo masks"], (row, 5), (row, 9), label=2)


def painted(folder):
    return np.argwhere(load(folder).slices[()].human != VOID).tolist() if is_sidecar(folder) else []


def of_row(row):
    return [[row, column] for column in range(5, 10)]


def test_strokes_go_into_the_picture_they_were_painted_on_and_into_its_sidecar(panel, qtbot, own_folders):
    first = panel.viewer.layers["photo masks"]
    panel.image.data = OTHER
    assert "'photo' shows another picture now. Work on the one before is saved" in panel.message
    assert panel.current is None
    assert painted(panel.sidecar) == of_row(5)
    assert (first.name, first.visible, first.editable) == ("photo masks (earlier picture)", False, False)
    panel.run("bright, dark")
    assert panel.viewer.layers["photo masks"] is not first
    assert not panel.current.has_corrections(())
    stroke(panel, row=7)
    panel.widget.session.flush()
    own = own_folders / "annotations"
    qtbot.waitUntil(lambda: own.is_dir() and any(map(painted, own.iterdir())), timeout=20_000)
    (folder,) = own.iterdir()
    assert painted(folder) == of_row(7)
    assert load(folder).picture.path is None
    assert painted(panel.sidecar) == of_row(5)
    assert (first.data[7, 5:10] != 2).any()
    (picture,) = panel.widget.exporting.labelled_pictures()
    assert picture.picture_path is None


def test_the_first_picture_comes_back_with_its_work(panel, qtbot):
    first = panel.viewer.layers["photo masks"]
    panel.image.data = OTHER
    panel.run("tree")
    second = panel.viewer.layers["photo masks"]
    panel.image.data = CORNERS.copy()
    qtbot.waitUntil(lambda: panel.current is not None and panel.current.masks.layer is first, timeout=20_000)
    assert "shows an earlier picture again" in panel.message
    assert (first.name, first.visible, first.editable) == ("photo masks", True, True)
    assert "(earlier picture)" in second.name
    assert not second.visible
    assert panel.names[:2] == ["bright", "dark"]
    stroke(panel, row=7)
    panel.widget.session.flush()
    assert painted(panel.sidecar) == of_row(5) + of_row(7)
    first.undo()
    panel.widget.session.flush()
    assert painted(panel.sidecar) == of_row(5)
    assert not panel.sidecar.with_name("photo.png.2.ovseg").exists()


@pytest.mark.parametrize("same", [np.copy, lambda a: a, da.from_array], ids=["copy", "same", "lazy"])
def test_the_same_pixels_set_again_are_the_same_picture(panel, qtbot, same):
    first = panel.current
    panel.image.data = same(panel.image.data)
    panel.image.contrast_limits = (0, 100)
    qtbot.waitUntil(lambda: not panel.widget._replacing.busy, timeout=20_000)
    assert panel.current is first
    assert first.masks.layer.name == "photo masks"
    assert first.masks.layer.visible
    stroke(panel, row=7)
    panel.widget.session.flush()
    assert painted(panel.sidecar) == of_row(5) + of_row(7)


def test_a_picture_of_another_shape_and_a_stack(panel):
    for data in (OTHER[:30, :20, 0], da.from_array(np.stack([OTHER[..., 0]] * 3))):
        panel.viewer.layers.remove("photo")
        panel.image = panel.viewer.add_image(CORNERS[..., 0], name="photo")
        panel.run("bright, dark")
        stroke(panel)
        panel.image.data = data
        assert panel.current is None
        panel.run("bright, dark")
        assert panel.current.masks.layer.data.shape == data.shape


def test_one_pixel_that_a_glance_does_not_see_is_noticed(make_panel, qtbot):
    panel = make_panel()
    panel.image = panel.viewer.add_image(NEARLY, name="photo", contrast_limits=(0, 255))
    panel.run("bright, dark")
    changed = NEARLY.copy()
    changed[5, 5] = 7
    panel.image.data = changed
    qtbot.waitUntil(lambda: panel.current is None, timeout=20_000)
    assert "shows another picture now" in panel.message
    # in the same array, and said by setting it again
    panel.run("bright, dark")
    changed[301, 303] = 7
    panel.image.data = changed
    qtbot.waitUntil(lambda: panel.current is None, timeout=20_000)


def test_a_run_and_an_update_end_with_their_picture(panel):
    panel.start_held("tree")
    panel.image.data = OTHER
    assert "What was running was stopped." in panel.message
    panel.finish()
    assert panel.current is None
    assert "photo masks" not in panel.layers
    assert painted(panel.sidecar) == of_row(5)
    panel.run("bright, dark")
    stroke(panel)
    panel.click(panel.form.correct.update_masks)
    panel.image.data = CORNERS[::-1]
    panel.finish()
    assert panel.current is None
    assert painted(panel.sidecar) == of_row(5)


def test_a_live_view_neither_freezes_the_window_nor_is_kept(make_panel, qtbot):
    panel = make_panel()
    frames = np.random.default_rng(0).integers(0, 255, (4, 1024, 1024), np.uint8)
    image = panel.viewer.add_image(frames[0], name="photo")
    panel.run("bright, dark")
    ticks, shown = [], []

    def show():
        shown.append(1)
        image.data = frames[len(shown) % 4] + np.uint8(len(shown) // 4)

    timers = [QTimer(), QTimer()]
    for timer, action, wait in zip(
        timers, (lambda: ticks.append(time.monotonic()), show), (10, 100), strict=True
    ):
        timer.timeout.connect(action)
        timer.start(wait)
    qtbot.waitUntil(lambda: len(shown) >= 15, timeout=20_000)
    for timer in timers:
        timer.stop()
    assert np.diff(ticks).max() < 0.5
    from napari_ovseg._napari.layers.shown import shown_by

    # the first has masks, the last is shown
    assert len(shown_by(image).contents) <= 3
    panel.run("bright, dark")
    assert panel.current.image is image


def test_a_picture_that_was_replaced_while_the_panel_was_closed(panel, qtbot):
    panel.viewer.window.remove_dock_widget(panel.widget)
    assert panel.let_go() is None
    panel.image.data = OTHER
    from napari_ovseg._napari.widget import OpenVocabularyWidget

    again = OpenVocabularyWidget(panel.viewer, panel.method.engine)
    panel.viewer.window.add_dock_widget(again)
    assert again.annotator.current is None
    assert painted(panel.sidecar) == of_row(5)
