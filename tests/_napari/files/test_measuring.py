"""The button, the dialog and what they share with the export, used as a person would."""

import threading

import numpy as np

from napari_ovseg._napari.files import measuring
from napari_ovseg._napari.layers.annotated import Annotated

from ..used_panel import CORNERS, NOISE


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
    from napari_ovseg._napari.panel.export_dialog import ExportDialog

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


def test_work_is_copied_once_when_export_is_pressed_and_not_when_its_dialog_opens(
    qtbot, make_panel, monkeypatch, tmp_path
):
    from napari_ovseg._napari.panel.export_dialog import ExportDialog

    copies, snapshot = [], Annotated.snapshot
    panel = make_panel()
    panel.viewer.add_image(CORNERS, name="photo")
    panel.run()
    panel.widget.session.flush()
    monkeypatch.setattr(
        Annotated, "snapshot", lambda self, **how: copies.append(self) or snapshot(self, **how)
    )
    panel.click(panel.form.saving.export)
    (dialog,) = panel.form.saving.findChildren(ExportDialog)
    assert dialog.what.text() == "'photo'"
    assert not copies
    dialog.folder.setText(str(tmp_path / "masks"))
    panel.click(dialog.export)
    qtbot.waitUntil(dialog.export.isEnabled, timeout=20_000)
    assert len(copies) == 1
    assert (tmp_path / "masks" / "photo_masks.png").exists()
    dialog.close()


def test_what_is_listed_for_an_export_is_what_is_written(make_panel):
    panel = make_panel()
    panel.viewer.add_image(np.stack([CORNERS] * 4), name="photo", rgb=True)
    panel.viewer.dims.set_current_step(0, 1)
    panel.run()
    panel.viewer.dims.set_current_step(0, 3)
    panel.form.correct.done.setChecked(True)
    panel.paint((2, 4, 4), 1)
    exporting = panel.widget.exporting
    for empty, slices in ((False, [1, 2]), (True, [0, 1, 2, 3])):
        listed = exporting.listed(empty=empty)
        written = exporting.labelled_pictures(empty=empty)
        for field in ("name", "done", "stack", "position"):
            assert [getattr(one, field) for one in listed] == [getattr(one, field) for one in written]
        assert [one.position for one in listed] == [(at,) for at in slices]


def test_things_of_a_picture_that_was_replaced_meanwhile_are_not_shown_over_the_next(
    qtbot, make_panel, monkeypatch
):
    go, found = threading.Event(), measuring.find

    def find(masks, options):
        assert go.wait(20)
        return found(masks, options)

    monkeypatch.setattr(measuring, "find", find)
    panel = make_panel()
    image = panel.viewer.add_image(CORNERS, name="photo")
    panel.run()
    panel.click(panel.form.saving.things)
    dialog = panel.widget.measuring.dialog
    panel.click(dialog.measure)
    image.data = NOISE
    go.set()
    qtbot.waitUntil(dialog.measure.isEnabled, timeout=20_000)
    assert "shows another picture now" in dialog.summary.text()
    assert panel.layers.count("photo things") == 0
