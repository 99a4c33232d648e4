"""The dialog alone, in napari's style: all that it says is readable."""

from dataclasses import replace

import numpy as np
import pytest
import tifffile
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton

from napari_ovseg._napari.panel.export_dialog import ExportDialog
from napari_ovseg.labelled import LabelledPicture, named_labels

from ..waits import laid_out


def twice(pictures):
    """What is listed, and what is taken."""

    def take(empty=False):
        return pictures

    return take, take


@pytest.fixture
def dialog(qtbot, make_viewer, tmp_path):
    # touching rings, of which each has a hole, so that the summary has several lines
    labels = np.zeros((40, 60), np.uint8)
    labels[5:35, 5:25] = labels[5:35, 25:50] = 1
    labels[10:30, 10:20] = labels[10:30, 30:45] = 0
    pictures = [LabelledPicture(name, labels, named_labels(("ring",))) for name in ("left", "right")]
    window = make_viewer(show=True).window._qt_window
    dialog = ExportDialog(*twice(pictures), tmp_path / "a folder with a name of its own", window)
    dialog.show()
    return dialog


def export(qtbot, dialog, name):
    dialog.format.setCurrentIndex(dialog.format.findData(name))
    dialog.export.click()
    qtbot.waitUntil(lambda: dialog.export.isEnabled() and dialog.summary.text() != "Writing...")
    laid_out(qtbot, dialog)


@pytest.mark.parametrize("name", ["coco", "yolo"])
def test_nothing_is_squeezed_by_a_long_summary(qtbot, dialog, name):
    export(qtbot, dialog, name)
    written = dialog.summary.text()
    assert written.startswith("Wrote ")
    export(qtbot, dialog, name)
    assert "of an earlier run are there already: tick" in dialog.summary.text()
    dialog.summary.setText(written)
    export(qtbot, dialog, name)
    for field in (dialog.format, dialog.folder, dialog.overwrite, *dialog.findChildren(QPushButton)):
        assert field.height() >= field.minimumSizeHint().height()
    assert dialog.summary.height() >= dialog.summary.heightForWidth(dialog.summary.width())


def test_a_folder_without_its_beginning_is_said_in_full(qtbot, dialog, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert not dialog.place.isVisible()
    dialog.folder.setText("masks")
    assert dialog.place.text() == f"That is {tmp_path / 'masks'}"
    assert dialog.place.isVisible()
    export(qtbot, dialog, "png")
    assert (tmp_path / "masks" / "left_masks.png").exists()
    assert str(tmp_path / "masks") in dialog.summary.text()


def test_a_format_whose_package_is_missing_can_not_be_chosen(make_viewer, tmp_path, monkeypatch):
    monkeypatch.setattr("napari_ovseg.export.formats.find_spec", lambda name: None)
    pictures = [LabelledPicture("a", np.eye(4, 6, dtype=np.uint8), named_labels(("ring",)))]
    dialog = ExportDialog(*twice(pictures), tmp_path, make_viewer().window._qt_window)
    row = dialog.format.findData("ome-zarr")
    assert not dialog.format.model().item(row).isEnabled()
    assert "one more package is needed" in dialog.format.itemText(row)
    assert 'pip install "napari-ovseg[ome-zarr]"' in dialog.format.itemData(row, Qt.ItemDataRole.ToolTipRole)
    dialog.close()


def test_things_go_along_where_the_format_has_a_place_for_them(qtbot, dialog, tmp_path):
    dialog.format.setCurrentIndex(dialog.format.findData("ome-tiff"))
    assert dialog.things.isVisible()
    assert not dialog.choices.smallest_area.isVisible()
    dialog.things.setChecked(True)
    assert dialog.choices.smallest_area.isVisible()
    export(qtbot, dialog, "ome-tiff")
    with tifffile.TiffFile(tmp_path / "a folder with a name of its own" / "left_masks.ome.tif") as file:
        assert len(file.series) == 2
    dialog.format.setCurrentIndex(dialog.format.findData("png"))
    assert not dialog.things.isVisible()
    assert not dialog.choices.smallest_area.isVisible()


def test_the_dialog_says_which_slices_will_be_written(qtbot, make_viewer, tmp_path):
    masks = np.eye(4, 6, dtype=np.uint8)
    slices = [
        LabelledPicture(
            f"embryo_{at:04d}", masks, named_labels(("cell",)), done=at < 4, stack="embryo", position=(at,)
        )
        for at in (0, 3, 4, 5)
    ]

    def take(empty=False):
        extra = replace(slices[0], name="embryo_0001", position=(1,), done=False)
        return [*slices, extra] if empty else slices

    window = make_viewer().window._qt_window
    dialog = ExportDialog(take, take, tmp_path / "masks", window, stacks=True)
    dialog.show()
    assert dialog.what.text() == "slices 0, 3 to 5 of 'embryo'"
    dialog.empty.setChecked(True)
    assert dialog.what.text() == "slices 0 to 1, 3 to 5 of 'embryo'"
    dialog.only_done.setChecked(True)
    assert dialog.what.text() == "slices 0, 3 of 'embryo'"
    export(qtbot, dialog, "png")
    assert "for slices 0, 3 of 'embryo' into" in dialog.summary.text()
    dialog.close()


def test_a_share_for_validation_is_not_asked_for_where_it_can_not_be_set(qtbot, make_viewer, tmp_path):
    pictures = [LabelledPicture("a", np.eye(4, 6, dtype=np.uint8), named_labels(("ring",)))]
    window = make_viewer().window._qt_window
    dialog = ExportDialog(*twice(pictures), tmp_path / "masks", window)
    dialog.show()
    export(qtbot, dialog, "yolo")
    assert not dialog.validation.isVisible()
    assert "validation share" not in dialog.summary.text()
    assert "export several to set some apart" in dialog.summary.text()
    dialog.close()
