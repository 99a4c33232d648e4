"""The dialog alone, in napari's style: all that it says is readable."""

import numpy as np
import pytest
from qtpy.QtWidgets import QPushButton

from napari_ovseg._napari.export_dialog import ExportDialog
from napari_ovseg.labelled import LabelledPicture, named_labels


@pytest.fixture
def dialog(qtbot, make_napari_viewer, tmp_path):
    # touching rings, of which each has a hole, so that the summary has several lines
    labels = np.zeros((40, 60), np.uint8)
    labels[5:35, 5:25] = labels[5:35, 25:50] = 1
    labels[10:30, 10:20] = labels[10:30, 30:45] = 0
    pictures = [LabelledPicture(name, labels, named_labels(("ring",))) for name in ("left", "right")]
    window = make_napari_viewer(show=True).window._qt_window
    dialog = ExportDialog(lambda: pictures, tmp_path / "a folder with a name of its own", window)
    dialog.show()
    return dialog


def export(qtbot, dialog, name):
    dialog.format.setCurrentIndex(dialog.format.findData(name))
    dialog.export.click()
    qtbot.waitUntil(lambda: dialog.export.isEnabled() and dialog.summary.text() != "Writing...")
    qtbot.wait(50)


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
