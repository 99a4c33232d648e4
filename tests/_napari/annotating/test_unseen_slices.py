"""Slices that were only looked at are no ground truth: the panel says so, and no export has them."""

from __future__ import annotations

import numpy as np
import pytest

from napari_ovseg._napari.layers.labelled_layers import pictures_of
from napari_ovseg._napari.panel.category_cells import SHARE
from napari_ovseg._napari.panel.export_dialog import ExportDialog
from napari_ovseg.annotation.labelled_pictures import labelled_pictures
from napari_ovseg.annotation.sidecar import load, save
from napari_ovseg.export.plan import Notes

from ..brush import drag

STACK = np.random.default_rng(1).random((6, 24, 32))


@pytest.fixture
def panel(make_panel):
    """Slice 2 was run, 4 was painted with what is there, and all others but 0 were looked at."""
    panel = make_panel()
    panel.viewer.add_image(STACK, name="stack")
    dims = panel.viewer.dims
    dims.set_current_step(0, 2)
    panel.run("bright, dark")
    for z in (1, 2, 3, 4, 5):
        dims.set_current_step(0, z)
        panel.widget.annotator.settle()
    dims.set_current_step(0, 4)
    drag(panel.viewer.layers["stack masks"], (4, 5, 5), (4, 5, 9), label=0)
    panel.widget.annotator.settle()
    return panel


def left_out(text):
    return "Slices 0, 1, 3, 5 were neither run nor painted and left out." in text


def test_only_what_was_run_or_painted_is_exported_unless_more_is_wanted(panel, tmp_path):
    panel.click(panel.form.saving.export)
    (dialog,) = panel.widget.findChildren(ExportDialog)
    dialog.folder.setText(str(tmp_path / "out"))
    panel.click(dialog.export)
    panel.qtbot.waitUntil(lambda: dialog.export.isEnabled() and "Wrote" in dialog.summary.text())
    assert sorted(path.name for path in (tmp_path / "out").glob("*.png")) == [
        "stack_0002_masks.png",
        "stack_0004_masks.png",
    ]
    assert left_out(dialog.summary.text())
    dialog.empty.setChecked(True)
    dialog.folder.setText(str(tmp_path / "all"))
    panel.click(dialog.export)
    panel.qtbot.waitUntil(
        lambda: dialog.export.isEnabled() and str(tmp_path / "all") in dialog.summary.text()
    )
    assert len(list((tmp_path / "all").glob("*.png"))) == 6
    assert "left out" not in dialog.summary.text()
    dialog.close()


def test_a_slice_that_was_never_run_says_so_and_no_file_or_saved_work_hands_it_out(panel, tmp_path):
    dims, table = panel.viewer.dims, panel.form.table
    dims.set_current_step(0, 3)
    assert panel.message.startswith("Slice 3 was never run")
    assert {table.item(row, SHARE).text() for row in range(table.rowCount())} == {"-"}
    panel.click(panel.form.correct.next_uncertain)
    assert "press Run first" in panel.message
    dims.set_current_step(0, 2)
    assert panel.message == ""
    assert table.item(0, SHARE).text().endswith("%")
    data, meta, _ = panel.viewer.layers["stack masks"].as_layer_data_tuple()
    notes = Notes()
    names = [picture.name for picture in pictures_of(data, meta, notes)]
    assert names == ["stack masks_0002", "stack masks_0004"]
    assert left_out(" ".join(notes.sentences()))
    save(panel.current.snapshot(), tmp_path / "stack.tif.ovseg")
    again = load(tmp_path / "stack.tif.ovseg")
    (first, second) = labelled_pictures(again, "stack", stack=(6,))
    assert (first.name, second.name) == ("stack_0002", "stack_0004")
    assert left_out(first.record["notes"][-1])
    assert len(labelled_pictures(again, "stack", empty=True, stack=(6,))) == 6
