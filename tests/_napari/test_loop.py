"""The loop of correction in the panel: run, paint, run again, two pictures, stacks, export."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from napari_ovseg._napari.panel.export_dialog import ExportDialog
from napari_ovseg._napari.panel.slices_row import ALL, RANGE
from napari_ovseg.annotation.sidecar import DOCUMENT, load

from .fakes import FakeMethod
from .used_panel import CORNERS
from .waits import run_out

VOID = 255
STACK = np.random.default_rng(1).random((4, 24, 32))


@pytest.fixture
def panel(make_panel):
    panel = make_panel()
    panel.viewer.add_image(CORNERS, name="photo")
    panel.run("bright, dark")
    return panel


def test_running_again_with_other_names_keeps_corrections_by_name(panel):
    panel.paint((5, 5), 2)
    panel.paint((7, 7), 1)
    old = panel.viewer.layers["photo masks"].data.copy()
    panel.run("tree, bright")
    assert np.array_equal(panel.viewer.layers["photo masks"].data, old)
    new = panel.viewer.layers["photo masks [1]"].data
    assert panel.names[:3] == ["tree", "bright", "dark"]
    assert (new[5, 5], new[7, 7]) == (3, 2)
    human = panel.current.human_pixels(())
    assert np.argwhere(human != VOID).tolist() == [[5, 5], [7, 7]]
    assert "'photo masks' was edited and is left alone" in panel.message


def test_each_picture_has_its_own_table_and_painting_on_its_masks_turns_to_it(panel):
    panel.viewer.add_image(CORNERS[::-1], name="other")
    panel.run("tree")
    assert panel.names[0] == "tree"
    panel.viewer.layers.selection.active = panel.viewer.layers["photo masks"]
    assert panel.form.image.currentText() == "photo"
    assert panel.names[:2] == ["bright", "dark"]
    panel.paint((5, 5), 2)
    panel.viewer.layers.selection.active = panel.viewer.layers["other pseudo-labels"]
    assert panel.names[0] == "tree"
    assert not panel.current.has_corrections(())


def test_undo_on_a_picture_that_was_left_leaves_the_other_ones_table_alone(panel):
    table = panel.form.table
    first = panel.viewer.layers["photo masks"]
    table.merge_requested.emit(2, 1)
    panel.viewer.add_image(CORNERS[::-1], name="other")
    panel.run("tree")
    first.undo()
    panel.widget.exporting.labelled_pictures()
    assert panel.names[0] == "tree"
    panel.viewer.layers.selection.active = first
    assert panel.names[:2] == ["bright", "dark"]


def test_a_result_does_not_call_back_who_has_turned_to_another_picture(panel):
    panel.start_held("tree")
    other = panel.viewer.add_image(CORNERS, name="other")
    assert panel.viewer.layers.selection.active is other
    panel.method.hold.set()
    panel.wait_until_idle()
    assert panel.viewer.layers.selection.active is other
    assert panel.form.image.currentText() == "other"
    assert panel.current is None
    panel.viewer.layers.selection.active = panel.viewer.layers["photo"]
    assert panel.names[0] == "tree"


def test_an_added_category_is_paintable_at_once_and_looked_for_even_after_what_runs(panel, qtbot):
    calls = panel.method.calls
    panel.method.hold.clear()
    panel.method.holding.clear()
    panel.form.table.add_requested.emit("third")
    panel.paint((5, 5), 3)
    qtbot.waitUntil(panel.method.holding.is_set, timeout=20_000)
    panel.form.table.add_requested.emit("fourth")
    panel.method.hold.set()
    panel.wait_until_idle()
    qtbot.waitUntil(lambda: panel.method.calls == calls + 2 and not panel.widget.busy, timeout=20_000)
    assert panel.names[:4] == ["bright", "dark", "third", "fourth"]
    assert panel.viewer.layers["photo masks"].data[5, 5] == 3
    assert panel.form.names.toPlainText().split() == ["bright", "dark", "third", "fourth"]


def test_live_updates_only_after_painting(panel, qtbot):
    annotator = panel.widget.annotator
    panel.click(panel.form.correct.live)
    run_out(qtbot, annotator, annotator.update_requests)
    assert not panel.method.updates
    panel.paint((5, 5), 2)
    qtbot.waitUntil(lambda: len(panel.method.updates) == 1 and not panel.widget.busy, timeout=20_000)
    run_out(qtbot, annotator, annotator.update_requests)
    panel.wait_until_idle()
    assert len(panel.method.updates) == 1


@pytest.mark.parametrize("gone", ["photo pseudo-labels", "photo masks"])
def test_removing_a_result_breaks_nothing(panel, gone):
    panel.paint((5, 5), 2)
    panel.viewer.layers.remove(gone)
    panel.run("bright, dark")
    panel.paint((6, 6), 1, panel.current.masks.layer.name)
    panel.click(panel.form.correct.update_masks)
    panel.wait_until_idle()
    assert panel.current.masks.layer.data[6, 6] == 1


def test_stacks_by_range_skip_what_is_done_and_keep_what_was_finished(make_panel, qtbot):
    panel = make_panel(FakeMethod(steps=20, seconds=0.005))
    panel.viewer.add_image(STACK, name="photo", contrast_limits=(0, 1))
    panel.viewer.dims.set_current_step(0, 1)
    panel.run("bright")
    panel.click(panel.form.correct.done)
    panel.form.slices.scope.setCurrentText(RANGE)
    panel.form.slices.last.setValue(2)
    panel.run("bright")
    assert panel.current.masks.positions == [(0,), (1,), (2,)]
    assert len(panel.method.pictures) == 3
    panel.form.slices.scope.setCurrentText(ALL)
    panel.method.seconds = 0.05
    panel.click_run()
    qtbot.waitUntil(lambda: "lice 2 (of 0, 2, 3)" in panel.form.stage.text(), timeout=20_000)
    panel.click_cancel()
    panel.wait_until_idle()
    assert "1 of 3 slices are finished and kept" in panel.message


def test_one_slice_with_fewer_names_leaves_the_names_of_the_others(make_panel):
    panel = make_panel()
    panel.viewer.add_image(STACK, name="photo", contrast_limits=(0, 1))
    panel.viewer.dims.set_current_step(0, 1)
    panel.run("bright, dark")
    panel.viewer.dims.set_current_step(0, 2)
    panel.run("bright")
    current = panel.current
    assert panel.names[:2] == ["bright", "dark"]
    assert set(np.unique(current.masks.labels((1,))).tolist()) == {0, 1, 2}


def test_a_look_up_that_ends_after_the_first_run_still_tells_where_to_save(make_panel, qtbot, tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(CORNERS).save(path)
    panel = make_panel()
    panel.viewer.open(path, plugin="napari")
    # before the background has found the place
    panel.widget.session.offer._background._timer.stop()
    panel.run("bright, dark")
    panel.paint((5, 5), 2)
    panel.widget.session.offer._background._timer.start()
    saved = tmp_path / "photo.png.ovseg"
    qtbot.waitUntil(lambda: (saved / DOCUMENT).exists(), timeout=10_000)
    assert load(saved).slices[()].human[5, 5] == 2


@pytest.fixture
def dialog(panel, tmp_path, qtbot):
    panel.paint((5, 5), 2)
    panel.click(panel.form.saving.export)
    dialog = panel.widget.findChild(ExportDialog)
    dialog.folder.setText(str(tmp_path / "out"))
    return dialog


def test_export_says_what_was_written_and_replaces_nothing_unasked(dialog, panel, tmp_path, qtbot):
    def export():
        panel.click(dialog.export)
        qtbot.waitUntil(dialog.export.isEnabled, timeout=20_000)
        return dialog.summary.text()

    assert "1" in export()
    files = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert any(path.suffix == ".png" for path in files)
    panel.paint((6, 6), 1)
    refusal = export()
    assert refusal.endswith(
        "there already: tick 'replace files of an earlier export', or choose another folder."
    )
    assert {path: path.read_bytes() for path in files} == files
    panel.click(dialog.overwrite)
    assert export() != refusal


def test_things_that_meet_at_a_corner_are_one_or_two(dialog, panel, tmp_path, qtbot):
    panel.paint((6, 6), 2)
    dialog.format.setCurrentIndex(dialog.format.findData("coco"))
    counts = []
    for folder in ("one", "two"):
        dialog.folder.setText(str(tmp_path / folder))
        panel.click(dialog.export)
        qtbot.waitUntil(dialog.export.isEnabled, timeout=20_000)
        (file,) = (path for path in (tmp_path / folder).glob("*.json") if "categories" not in path.name)
        counts.append(len(json.loads(file.read_text())["annotations"]))
        panel.click(dialog.choices.corners_touch)
    assert counts[1] == counts[0] + 1


def test_export_into_a_file_is_refused_in_one_sentence(dialog, panel, tmp_path, qtbot):
    (tmp_path / "out").write_text("mine")
    panel.click(dialog.export)
    qtbot.waitUntil(dialog.export.isEnabled, timeout=20_000)
    assert "went wrong" not in dialog.summary.text()
    assert (tmp_path / "out").read_text() == "mine"
