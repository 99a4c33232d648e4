"""Which slices of a stack an update takes, in the panel: those with new strokes, others on request."""

from threading import current_thread, main_thread

import numpy as np
import pytest
import tifffile
from qtpy.QtCore import Qt

from napari_ovseg._napari.layers import human_pixels
from napari_ovseg._napari.layers.human_pixels import HumanPixels
from napari_ovseg._napari.panel import resume
from napari_ovseg._napari.panel.slices_row import ALL, RANGE
from napari_ovseg.annotation.news import digest_of

from ..brush import drag
from ..used_panel import NOISE
from ..waits import laid_out

SLICES = 5


@pytest.fixture(params=[False, True], ids=["ours", "by napari"])
def panel(make_panel, request):
    """A stack of noise that was run as a whole."""
    panel = make_panel(show=True, by_napari=request.param)
    stack = np.random.default_rng(1).random((SLICES, 24, 32))
    panel.viewer.add_image(stack, name="photo", contrast_limits=(0, 1))
    panel.form.slices.scope.setCurrentText(ALL)
    panel.run()
    return panel


def stroke(panel, z):
    panel.viewer.dims.set_current_step(0, z)
    drag(panel.viewer.layers["photo masks"], (z, 5, 5), (z, 5, 9), label=2)


def update(panel):
    panel.click(panel.form.correct.update_masks)
    panel.wait_until_idle()


def changed(panel, before):
    after = panel.viewer.layers["photo masks"].data
    return [z for z in range(SLICES) if (after[z] != before[z]).any()]


def test_an_update_takes_the_slices_that_were_painted_whatever_run_takes(panel):
    for z in (1, 3):
        stroke(panel, z)
    panel.viewer.dims.set_current_step(0, 4)
    before = panel.viewer.layers["photo masks"].data.copy()
    update(panel)
    assert changed(panel, before) == [1, 3]
    assert panel.message.startswith("Updated slices 1, 3: ")
    stroke(panel, 0)
    before = panel.viewer.layers["photo masks"].data.copy()
    update(panel)
    assert changed(panel, before) == [0]
    assert panel.message.startswith("Updated slice 0: ")


def test_without_new_strokes_it_says_so_and_the_arrow_updates_all_the_same(panel):
    stroke(panel, 1)
    update(panel)
    count = len(panel.method.updates)
    update(panel)
    assert len(panel.method.updates) == count
    assert panel.message.startswith("Nothing new was painted. The arrow beside")
    assert panel.form.correct.more.isVisible()
    panel.form.correct.in_view.trigger()
    panel.wait_until_idle()
    assert len(panel.method.updates) == count + 1
    panel.form.correct.all_slices.trigger()
    panel.wait_until_idle()
    assert len(panel.method.updates) == count + 1 + SLICES


def test_a_slice_that_was_only_painted_is_refused(panel):
    panel.viewer.layers.selection.active = panel.viewer.add_image(
        np.zeros((SLICES, 24, 32)) + NOISE[:24, :32, 0]
    )
    panel.form.slices.scope.setCurrentText(RANGE)
    panel.form.slices.last.setValue(1)
    panel.run()
    panel.viewer.dims.set_current_step(0, 3)
    layer = panel.current.masks.layer
    drag(layer, (3, 5, 5), (3, 5, 9), label=2)
    update(panel)
    assert "not looked at this slice yet: press Run first" in panel.message


def test_what_was_said_of_a_run_gives_way_to_an_update(panel, qtbot):
    assert "Segmented" in panel.message
    stroke(panel, 1)
    panel.click(panel.form.correct.update_masks)
    assert "Segmented" not in panel.message
    panel.wait_until_idle()


def test_what_was_updated_is_no_news_after_turning_to_another_picture(panel):
    stroke(panel, 1)
    update(panel)
    photo = panel.viewer.layers["photo"]
    panel.viewer.layers.selection.active = panel.viewer.add_image(NOISE, name="other")
    panel.viewer.layers.selection.active = photo
    panel.viewer.dims.set_current_step(0, 2)
    update(panel)
    assert "Nothing new was painted" in panel.message


def test_an_update_that_was_undone_can_be_asked_for_again_and_one_that_was_redone_can_not(panel):
    stroke(panel, 1)
    update(panel)
    masks = panel.viewer.layers["photo masks"]
    updated = masks.data.copy()
    masks.undo()
    panel.widget.annotator.settle()
    assert (masks.data != updated).any()
    update(panel)
    assert panel.message.startswith("Updated slice 1: ")
    np.testing.assert_array_equal(masks.data, updated)
    masks.undo()
    masks.redo()
    panel.widget.annotator.settle()
    update(panel)
    assert panel.message.startswith("Nothing new was painted")


def test_live_updates_follow_strokes_and_not_the_undo_of_an_update(panel, qtbot):
    panel.form.correct.live.setChecked(True)
    requests, masks = panel.widget.annotator.update_requests, panel.viewer.layers["photo masks"]
    stroke(panel, 1)
    requests.update_live()
    panel.wait_until_idle()
    assert len(panel.method.updates) == 1
    masks.undo()
    panel.widget.annotator.settle()
    requests.update_live()
    panel.wait_until_idle()
    assert len(panel.method.updates) == 1
    drag(masks, (1, 15, 5), (1, 15, 9), label=1)
    panel.widget.annotator.settle()
    requests.update_live()
    panel.wait_until_idle()
    assert len(panel.method.updates) == 2


def test_only_slices_that_were_touched_are_looked_at_for_what_is_new(panel, monkeypatch):
    looked, of = [], HumanPixels.of
    for z in range(SLICES):
        panel.viewer.dims.set_current_step(0, z)
    panel.widget.annotator.updates.with_news()
    monkeypatch.setattr(HumanPixels, "of", lambda self, at: looked.append(at) or of(self, at))
    panel.widget.next_step.look()
    assert panel.widget.annotator.updates.with_news() == []
    assert not looked
    stroke(panel, 3)
    panel.widget.annotator.settle()
    panel.widget.next_step.look()
    assert panel.widget.annotator.updates.with_news() == [(3,)]
    assert set(looked) == {(3,)}
    masks = panel.viewer.layers["photo masks"]
    masks.undo()
    assert panel.widget.annotator.updates.with_news() == []
    # as a script may do it
    masks.data[3, 2, 2] = 1
    masks.refresh()
    assert panel.widget.annotator.updates.with_news() == [(3,)]


def test_a_flat_picture_has_no_arrow(make_panel):
    panel = make_panel(show=True)
    panel.viewer.add_image(NOISE, name="photo")
    panel.run()
    assert not panel.form.correct.more.isVisible()


def test_a_range_makes_the_dock_no_wider(make_panel, qtbot):
    panel = make_panel(show=True)
    window = panel.viewer.window._qt_window
    panel.viewer.window.resize(1000, 700)
    panel.viewer.add_image(np.zeros((1200, 24, 32)), name="stack")
    window.resizeDocks([panel.dock], [300], Qt.Orientation.Horizontal)
    laid_out(qtbot, panel.dock, panel.form)
    before = panel.dock.width(), panel.form.minimumSizeHint().width()
    panel.form.slices.scope.setCurrentText(RANGE)
    qtbot.waitUntil(panel.form.slices.last.isVisible)
    laid_out(qtbot, panel.dock, panel.form)
    assert (panel.dock.width(), panel.form.minimumSizeHint().width()) == before


def test_after_resuming_an_update_reads_the_painted_slice_only(make_panel, qtbot, tmp_path, monkeypatch):
    """To find out which slices have new strokes, all were once read on the main thread."""
    tifffile.imwrite(tmp_path / "photo.tif", np.random.default_rng(1).random((SLICES, 24, 32), np.float32))
    panel = make_panel()
    panel.viewer.open(tmp_path / "photo.tif", plugin="napari")
    panel.form.slices.scope.setCurrentText(ALL)
    panel.run()
    stroke(panel, 3)
    panel.viewer.close()
    panel = make_panel()
    panel.viewer.open(tmp_path / "photo.tif", plugin="napari")
    threads = []

    def noted(human):
        threads.append(current_thread())
        return digest_of(human)

    for module in (human_pixels, resume):
        monkeypatch.setattr(module, "digest_of", noted)
    qtbot.waitUntil(lambda: not panel.form.resume.isHidden())
    panel.click(panel.form.resume.resume)
    qtbot.waitUntil(lambda: panel.current is not None)
    assert len(threads) == SLICES
    assert main_thread() not in threads
    stroke(panel, 1)
    panel.click(panel.form.correct.update_masks)
    assert threads.count(main_thread()) == 1
    panel.wait_until_idle()
    # the strokes of before are no less new than this one
    assert panel.message.startswith("Updated slices 1, 3: ")
