"""The button, the dialog and what they share with the export, used as a person would."""

import numpy as np

from .panel import CORNERS


def test_things_become_a_layer_while_the_window_goes_on(qtbot, make_panel):
    panel = make_panel()
    panel.viewer.add_image(CORNERS, name="photo", scale=(0.5, 0.5), units=("um", "um"))
    panel.click(panel.form.saving.things)
    assert "run first" in panel.message
    panel.run()
    panel.click(panel.form.saving.things)
    dialog = panel.widget.measuring.dialog
    panel.click(dialog.measure)
    assert not dialog.measure.isEnabled()
    qtbot.waitUntil(dialog.measure.isEnabled, timeout=20_000)
    things = panel.viewer.layers["photo things"]
    masks = panel.viewer.layers["photo masks"].data
    np.testing.assert_array_equal(things.data > 0, masks > 0)
    assert dialog.summary.text().startswith(f"{len(things.features)} things")
    assert "Features table widget" in dialog.summary.text()
    np.testing.assert_array_equal(things.features["area_um2"], things.features["area_px"] / 4)
    assert "mean_red" in things.features
    assert panel.layers.count("photo things") == 1


def test_what_counts_as_a_thing_is_kept_for_the_export(qtbot, make_panel):
    from napari_ovseg._napari.export_dialog import ExportDialog

    panel = make_panel()
    panel.viewer.add_image(CORNERS, name="photo")
    panel.run()
    panel.click(panel.form.saving.things)
    dialog = panel.widget.measuring.dialog
    dialog.choices.smallest_area.setValue(7)
    dialog.choices.corners_touch.setChecked(False)
    panel.click(dialog.measure)
    qtbot.waitUntil(dialog.measure.isEnabled, timeout=20_000)
    dialog.close()
    qtbot.waitUntil(lambda: panel.widget.measuring.dialog is None)
    panel.click(panel.form.saving.export)
    (export,) = panel.form.saving.findChildren(ExportDialog)
    assert export.choices.options().smallest_area == 7
    assert export.choices.options().connectivity == 4
    export.close()


def test_masks_without_things_make_no_layer(qtbot, make_panel):
    panel = make_panel()
    panel.viewer.add_image(CORNERS, name="photo")
    panel.run()
    masks = panel.viewer.layers["photo masks"]
    masks.data = np.zeros_like(masks.data)
    panel.click(panel.form.saving.things)
    dialog = panel.widget.measuring.dialog
    panel.click(dialog.measure)
    qtbot.waitUntil(dialog.measure.isEnabled, timeout=20_000)
    assert dialog.summary.text() == "There are no things in these masks."
    assert panel.layers.count("photo things") == 0
