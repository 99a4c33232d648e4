"""The panel in a window: what a run shows, and what becomes of it when a person edits or runs again."""

import sys
from types import SimpleNamespace

import numpy as np
from qtpy.QtCore import Qt

from napari_ovseg._napari.layers.result_layers import METADATA_KEY
from napari_ovseg._napari.panel.category_cells import NAME, PRESENCE, SHARE
from napari_ovseg.errors import InputError

from .fakes import FakeMethod
from .used_panel import NOISE


def test_names_typed_and_run_clicked_give_two_labels_layers(make_panel):
    panel = make_panel(show=True)
    image = panel.viewer.add_image(NOISE, name="photo", scale=(2, 3), translate=(5, 6))
    panel.run()
    assert panel.layers == ["photo", "photo pseudo-labels", "photo masks"]
    masks, pseudo = panel.viewer.layers["photo masks"], panel.viewer.layers["photo pseudo-labels"]
    expected = panel.method.masks_of(panel.method.pictures[0], ["bright", "dark"])
    assert np.array_equal(masks.data, expected)
    assert (pseudo.data[:2] == 255).all()
    np.testing.assert_allclose(masks.scale, image.scale)
    np.testing.assert_allclose(masks.translate, image.translate)
    assert masks.metadata[METADATA_KEY]["record"]["model"] == "demo"
    assert panel.message == "Segmented 'bright', 'dark'."
    assert panel.form.run.isEnabled()
    assert not panel.form.progress.isVisible()


def test_table_shows_names_shares_and_presence(make_panel):
    panel = make_panel(FakeMethod(absent=("dark",)))
    panel.viewer.add_image(NOISE, name="photo")
    panel.run()
    table = panel.form.table
    cells = [[table.item(row, column).text() for column in (NAME, SHARE, PRESENCE)] for row in range(2)]
    share = (panel.viewer.layers["photo masks"].data == 1).mean()
    assert cells == [
        ["bright", f"{100 * share:.1f} %", "93 %"],
        ["dark", "0.0 %", "no, 12 %"],
    ]
    text, grey = (table.item(row, NAME).foreground().color() for row in range(2))
    assert text != grey
    assert "Probably absent, and not painted: 'dark'." in panel.message
    assert 2 not in panel.viewer.layers["photo masks"].data


def test_clicking_a_row_selects_the_label_for_painting(make_panel):
    panel = make_panel(show=True)
    panel.viewer.add_image(NOISE, name="photo")
    panel.run()
    panel.viewer.layers.selection.active = panel.viewer.layers["photo"]
    panel.click_row(1)
    masks = panel.viewer.layers["photo masks"]
    assert panel.viewer.layers.selection.active is masks
    assert masks.selected_label == 2
    masks.selected_label = 1
    assert panel.form.table.currentRow() == 0


def test_shares_follow_edits(make_panel, qtbot):
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    panel.run()
    masks = panel.viewer.layers["photo masks"]
    masks.brush_size = 100
    masks.paint((10, 10), 2)
    qtbot.waitUntil(lambda: panel.form.table.item(1, SHARE).text() == "100.0 %", timeout=20_000)
    masks.undo()
    qtbot.waitUntil(lambda: panel.form.table.item(1, SHARE).text() != "100.0 %", timeout=20_000)


def test_a_second_run_leaves_edits_alone_and_says_so(make_panel):
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    panel.run()
    masks = panel.viewer.layers["photo masks"]
    masks.paint((10, 10), 7)
    by_hand = masks.data.copy()
    panel.run()
    assert np.array_equal(masks.data, by_hand)
    assert panel.layers == ["photo", "photo pseudo-labels", "photo masks", "photo masks [1]"]
    assert "'photo masks' was edited and is left alone: the new result is 'photo masks [1]'." in panel.message


def test_a_second_run_replaces_untouched_layers(make_panel):
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    panel.run()
    panel.run("bright, dark, third")
    assert panel.layers == ["photo", "photo pseudo-labels", "photo masks"]
    assert panel.form.table.rowCount() == 4


def test_ctrl_enter_runs(make_panel, qtbot):
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    panel.type_names("bright")
    qtbot.keyClick(panel.form.names, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: "photo masks" in panel.viewer.layers, timeout=20_000)


def test_unloading_frees_the_models(make_panel, qtbot, monkeypatch):
    panel = make_panel()
    freed = []
    loading = SimpleNamespace(unload=lambda: freed.append(1))
    monkeypatch.setitem(sys.modules, "napari_ovseg.models.loading", loading)
    qtbot.mouseClick(panel.form.unload, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "No model is in memory" in panel.message)
    assert freed == [1]


def test_names_of_a_sample_are_filled_in_but_never_over_typed_ones(make_panel):
    panel = make_panel()
    panel.viewer.add_image(NOISE, metadata={METADATA_KEY: {"names": ["cat", "dog"]}})
    assert panel.form.names.toPlainText() == "cat\ndog"
    panel.viewer.add_image(NOISE)
    assert panel.form.names.toPlainText() == ""
    panel.type_names("mine")
    panel.viewer.add_image(NOISE, metadata={METADATA_KEY: {"names": ["cat", "dog"]}})
    assert panel.form.names.toPlainText() == "mine"


def test_what_was_said_of_one_picture_is_not_said_of_the_next(make_panel):
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    panel.run()
    assert "Segmented" in panel.message
    panel.viewer.layers.selection.active = panel.viewer.layers["photo"]
    assert "Segmented" in panel.message
    panel.viewer.add_image(NOISE, name="other")
    assert panel.message == ""


def test_a_refusal_goes_once_it_is_mended_or_something_else_is_done(make_panel):
    """Red stands for what is wrong now; a run, a stroke or an edit that works takes it away."""
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    panel.click_run()
    assert panel.form.refusal == panel.message != ""
    panel.type_names("bright")
    assert (panel.form.refusal, panel.message) == ("", "")
    panel.type_names("bright, bright")
    panel.click_run()
    assert "bright" in panel.form.refusal
    panel.run("bright, dark")
    assert panel.form.refusal == ""
    table = panel.form.table
    for mend in (
        lambda: panel.paint((5, 5), 2),
        lambda: table.renamed.emit(1, "light"),
        lambda: panel.click(panel.form.correct.done),
        lambda: panel.click(panel.form.saving.things),
    ):
        table.add_requested.emit("dark")
        assert "dark" in panel.form.refusal
        mend()
        assert panel.form.refusal == ""


def test_why_a_job_failed_stays_until_the_next_one_begins(make_panel):
    """Who paints during a run sees afterwards why it failed, whatever is said and done meanwhile."""
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    panel.run()
    failing = panel.method.error = InputError("There is not enough memory: close something.")
    panel.run()
    assert str(failing) in panel.message
    panel.paint((5, 5), 1)
    assert str(failing) in panel.message
    panel.form.table.add_requested.emit("dark")
    assert "dark" in panel.form.refusal
    panel.paint((6, 6), 1)
    assert str(failing) in panel.message
    panel.form.table.lock_changed.emit(2, True)
    panel.paint((7, 7), 2)
    assert "locked" in panel.message
    panel.paint((8, 8), 1)
    assert str(failing) in panel.message
    panel.method.error = None
    panel.click(panel.form.correct.update_masks)
    assert panel.message == ""
    panel.wait_until_idle()
    panel.widget.annotator.updates.said.emit(str(failing), True)
    panel.paint((10, 10), 1)
    assert str(failing) in panel.message
    panel.click_run()
    assert panel.message == ""


def test_what_is_wrong_with_saving_is_not_taken_back_by_a_stroke_or_an_update(make_panel):
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    panel.run()
    panel.widget.session.said.emit("What you do is saved in elsewhere.", True)
    panel.paint((5, 5), 1)
    assert "elsewhere" in panel.message
    panel.click(panel.form.correct.update_masks)
    assert "elsewhere" in panel.message
    panel.wait_until_idle()
    assert "Updated" in panel.message


def test_a_message_that_is_no_refusal_stays(make_panel):
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    panel.run("bright, dark")
    said = panel.message
    panel.type_names("bright")
    panel.form.table.renamed.emit(1, "light")
    assert panel.message == said != ""
