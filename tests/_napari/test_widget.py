import sys
from types import SimpleNamespace

import numpy as np
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog, QMessageBox

from napari_ovseg._napari.category_cells import NAME, PRESENCE, SHARE
from napari_ovseg._napari.form import LOCAL_FILE, PRESETS
from napari_ovseg._napari.layers import METADATA_KEY
from napari_ovseg.errors import InputError, ModelError

from .fakes import FakeMethod
from .panel import NOISE


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
    assert table.item(1, NAME).foreground().color().name() == "#808080"
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


def test_cancel_stops_within_a_step_and_changes_nothing(make_panel, qtbot):
    panel = make_panel(FakeMethod(steps=400, seconds=0.01))
    panel.viewer.add_image(NOISE, name="photo")
    panel.type_names("bright")
    panel.click_run()
    qtbot.waitUntil(lambda: "of 400" in panel.form.progress.format(), timeout=20_000)
    assert not panel.form.run.isEnabled()
    done = panel.method.steps_done
    panel.click_cancel()
    assert panel.message == "Cancelled; the layers are as they were."
    panel.wait_until_idle()
    assert panel.method.steps_done <= done + 2
    assert panel.layers == ["photo"]
    assert panel.form.run.isEnabled()


def test_cancel_after_the_pseudo_labels_takes_them_back(make_panel, qtbot):
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    panel.method.hold.clear()
    panel.type_names("bright")
    panel.click_run()
    qtbot.waitUntil(lambda: "photo pseudo-labels" in panel.viewer.layers, timeout=20_000)
    panel.click_cancel()
    assert panel.layers == ["photo"]
    panel.wait_until_idle()
    assert panel.layers == ["photo"]


def test_cancelling_a_second_run_restores_the_first(make_panel, qtbot):
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    panel.run("bright, dark")
    before = {layer.name: layer.data.copy() for layer in panel.viewer.layers}
    panel.method.hold.clear()
    panel.method.holding.clear()
    panel.type_names("other, bright")
    panel.click_run()
    qtbot.waitUntil(panel.method.holding.is_set, timeout=20_000)
    qtbot.wait(50)
    panel.click_cancel()
    panel.wait_until_idle()
    assert {layer.name: layer.data.tolist() for layer in panel.viewer.layers} == {
        name: data.tolist() for name, data in before.items()
    }


def test_a_run_after_a_cancelled_one_works(make_panel, qtbot):
    panel = make_panel(FakeMethod(steps=20, seconds=0.01))
    panel.viewer.add_image(NOISE, name="photo")
    panel.type_names("bright")
    panel.click_run()
    panel.click_cancel()
    panel.wait_until_idle()
    panel.run("bright")
    assert "photo masks" in panel.viewer.layers


def test_deleting_the_picture_stops_its_run(make_panel, qtbot):
    panel = make_panel()
    image = panel.viewer.add_image(NOISE, name="photo")
    other = panel.viewer.add_image(NOISE, name="other")
    panel.viewer.layers.selection.active = image
    panel.method.hold.clear()
    panel.type_names("bright")
    panel.click_run()
    qtbot.waitUntil(lambda: "photo pseudo-labels" in panel.viewer.layers, timeout=20_000)
    panel.viewer.layers.remove(image)
    assert panel.message == "'photo' was removed, so its run was stopped."
    panel.wait_until_idle()
    assert list(panel.viewer.layers) == [other]


def test_renaming_the_picture_mid_run_is_no_matter(make_panel, qtbot):
    panel = make_panel()
    image = panel.viewer.add_image(NOISE, name="photo")
    panel.method.hold.clear()
    panel.type_names("bright")
    panel.click_run()
    qtbot.waitUntil(lambda: len(panel.viewer.layers) == 2, timeout=20_000)
    image.name = "renamed"
    panel.method.hold.set()
    panel.wait_until_idle()
    assert panel.layers == ["renamed", "photo pseudo-labels", "renamed masks"]


def test_deleting_the_pseudo_labels_mid_run_is_no_matter(make_panel, qtbot):
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    panel.method.hold.clear()
    panel.type_names("bright")
    panel.click_run()
    qtbot.waitUntil(lambda: len(panel.viewer.layers) == 2, timeout=20_000)
    panel.viewer.layers.pop()
    panel.method.hold.set()
    panel.wait_until_idle()
    assert panel.layers == ["photo", "photo masks"]


def test_closing_the_panel_mid_run_stops_it(make_panel, qtbot):
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    panel.method.hold.clear()
    panel.type_names("bright")
    panel.click_run()
    qtbot.waitUntil(lambda: len(panel.viewer.layers) == 2, timeout=20_000)
    panel.dock.destroyOnClose()
    panel.wait_until_idle()
    assert panel.layers == ["photo"]


def test_closing_the_window_mid_run_breaks_nothing(make_panel, qtbot):
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    panel.method.hold.clear()
    panel.type_names("bright")
    panel.click_run()
    qtbot.waitUntil(panel.method.holding.is_set, timeout=20_000)
    panel.viewer.close()
    panel.wait_until_idle()


@pytest.mark.parametrize(
    ("names", "words"),
    [("", "no name to find"), ("a, a", "typed twice"), ("background: sky", "no name"), (": x", "no name")],
)
def test_bad_names_are_said_and_nothing_changes(make_panel, names, words):
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    panel.run(names)
    assert words in panel.message
    assert panel.layers == ["photo"]
    assert panel.method.calls == 0


def test_no_picture_is_said(make_panel):
    panel = make_panel()
    panel.run("bright")
    assert "no image layer" in panel.message
    panel.viewer.add_labels(np.zeros((5, 5), np.uint8))
    panel.run("bright")
    assert "no image layer" in panel.message


@pytest.mark.parametrize("shape", [(1, 1), (8, 8)], ids=["one pixel", "zeros"])
def test_bad_pictures_are_said(make_panel, shape):
    panel = make_panel()
    panel.viewer.add_image(np.zeros(shape, np.uint8), name="photo")
    panel.run("bright")
    assert panel.message
    assert panel.layers == ["photo"]


@pytest.mark.parametrize("error", [InputError("Mend this."), ModelError("Mend this.")])
def test_errors_of_the_method_are_one_sentence(make_panel, error):
    panel = make_panel(FakeMethod(error=error))
    panel.viewer.add_image(NOISE, name="photo")
    panel.run("bright")
    assert panel.message == "Mend this."
    assert panel.layers == ["photo"]


def test_missing_torch_gets_advice(make_panel):
    panel = make_panel(FakeMethod(error=ImportError("DLL load failed while importing torch")))
    panel.viewer.add_image(NOISE, name="photo")
    panel.run("bright")
    assert "napari-ovseg open" in panel.message


def test_mistakes_of_ours_are_reported_and_the_panel_lives_on(make_panel, monkeypatch):
    panel = make_panel(FakeMethod(error=RuntimeError("boom")))
    panel.viewer.add_image(NOISE, name="photo")
    reported = []
    monkeypatch.setattr(
        notification_manager, "receive_error", lambda kind, error, trace: reported.append(error)
    )
    panel.run("bright")
    assert reported == [panel.method.error]
    assert "boom" in panel.message
    panel.method.error = None
    panel.run("bright")
    assert "photo masks" in panel.viewer.layers


def test_picture_follows_the_selected_layer(make_panel):
    panel = make_panel()
    first = panel.viewer.add_image(NOISE, name="first")
    panel.viewer.add_image(NOISE, name="second")
    assert panel.form.image.currentText() == "second"
    panel.viewer.layers.selection.active = first
    assert panel.form.image.currentText() == "first"
    panel.viewer.add_labels(np.zeros((5, 5), np.uint8))
    assert panel.form.image.currentText() == "first"
    first.name = "renamed"
    assert panel.form.image.currentText() == "renamed"
    panel.viewer.layers.remove(first)
    assert panel.form.image.currentText() == "second"


def test_channels_are_an_explicit_choice(make_panel):
    panel = make_panel(show=True)
    data = np.random.default_rng(1).random((4, 24, 32)).astype(np.float32)
    panel.viewer.add_image(NOISE, name="photo")
    assert not panel.form.channel_axis.isVisible()
    panel.viewer.add_image(data, name="cells", rgb=False)
    panel.qtbot.waitUntil(panel.form.channel_axis.isVisible)
    assert panel.form.channel_axis.currentText() == "slice by slice"
    panel.form.channel_axis.setCurrentIndex(1)
    panel.form.channels.selectAll()
    panel.qtbot.keyClicks(panel.form.channels, "3, 1")
    panel.run("bright")
    picture = panel.method.pictures[-1]
    assert np.corrcoef(picture[..., 0].ravel(), data[3].ravel())[0, 1] > 0.99
    assert panel.viewer.layers["cells masks"].data.shape == (1, 24, 32)
    for bad in ("x", "9", "0,1,2,3"):
        panel.form.channels.setText(bad)
        panel.run("bright")
        assert "hannel" in panel.message


def test_no_more_channels_are_offered_than_the_picture_has(make_panel):
    panel = make_panel()
    channels = panel.form.channels
    for count, offered in ((2, "0, 1"), (4, "0, 1, 2")):
        panel.viewer.add_image(np.zeros((count, 24, 32)), name=str(count), rgb=False)
        panel.form.channel_axis.setCurrentIndex(1)
        assert channels.text() == offered
    channels.setText("3")
    panel.form.image.setCurrentIndex(1)
    panel.form.image.setCurrentIndex(0)
    panel.form.channel_axis.setCurrentIndex(1)
    assert channels.text() == "3"


def test_choosing_a_range_leaves_the_picture_its_room(make_panel, qtbot):
    panel = make_panel(show=True)
    panel.viewer.window.resize(1000, 700)
    panel.viewer.add_image(np.zeros((5, 24, 32)), name="stack")
    qtbot.wait(100)
    before = panel.dock.width()
    panel.form.slices.scope.setCurrentText("a range")
    qtbot.wait(100)
    assert panel.form.slices.last.isVisible()
    assert panel.dock.width() <= before + 50


def test_slice_of_a_stack(make_panel):
    panel = make_panel()
    stack = np.random.default_rng(1).random((5, 24, 32))
    panel.viewer.add_image(stack, name="stack")
    panel.viewer.dims.set_current_step(0, 3)
    panel.run("bright, dark")
    masks = panel.viewer.layers["stack masks"]
    assert masks.data.shape == (5, 24, 32)
    assert np.nonzero(masks.data.any(axis=(1, 2)))[0].tolist() == [3]
    third = masks.data[3].copy()
    panel.viewer.dims.set_current_step(0, 1)
    panel.run("bright, dark")
    assert panel.layers == ["stack", "stack pseudo-labels", "stack masks"]
    assert np.nonzero(masks.data.any(axis=(1, 2)))[0].tolist() == [1, 3]
    assert np.array_equal(masks.data[3], third)


def test_ctrl_enter_runs(make_panel, qtbot):
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    panel.type_names("bright")
    qtbot.keyClick(panel.form.names, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: "photo masks" in panel.viewer.layers, timeout=20_000)


def test_licences_are_shown_before_first_use(make_panel, monkeypatch):
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    asked = []
    answers = iter([QMessageBox.StandardButton.No, QMessageBox.StandardButton.Yes])
    monkeypatch.setattr(QMessageBox, "question", lambda *args: (asked.append(args[2]), next(answers))[1])
    model = panel.form.model
    model.setCurrentIndex(next(i for i in range(model.count()) if "MobileCLIP2-B/" in model.itemText(i)))
    panel.run("bright")
    assert "research only" in asked[0]
    assert panel.method.calls == 0
    panel.run("bright")
    panel.run("bright")
    assert (len(asked), panel.method.calls) == (2, 2)
    assert (
        panel.viewer.layers["photo masks"].metadata[METADATA_KEY]["record"]["model"]
        == "MobileCLIP2-B/dfndr2b"
    )


def test_models_say_where_they_are_and_any_name_can_be_typed(make_panel):
    panel = make_panel()
    titles = [panel.form.model.itemText(i) for i in range(panel.form.model.count())]
    assert titles[0] == "demo - bundled"
    assert any("ViT-B-16-quickgelu/openai" in title and "MIT" in title for title in titles)
    panel.viewer.add_image(NOISE, name="photo")
    panel.form.model.setEditText("hf-hub:someone/something")
    panel.run("bright")
    assert (
        panel.viewer.layers["photo masks"].metadata[METADATA_KEY]["record"]["model"]
        == "hf-hub:someone/something"
    )
    assert panel.form.model.currentText() == "hf-hub:someone/something"


def test_typed_research_weights_show_their_licence_too(make_panel, monkeypatch):
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    asked = []
    no = QMessageBox.StandardButton.No
    monkeypatch.setattr(QMessageBox, "question", lambda *args: (asked.append(args[2]), no)[1])
    panel.form.model.setEditText("ViT-B-16-quickgelu/metaclip_400m")
    panel.run("bright")
    assert "CC BY-NC" in asked[0]
    assert panel.method.calls == 0


def test_weights_from_a_local_file(make_panel, tmp_path, qtbot, monkeypatch):
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    weights = panel.form.weights
    assert weights.isHidden()
    panel.form.model.setCurrentIndex(panel.form.model.findText(LOCAL_FILE))
    assert not weights.isHidden()
    panel.run("bright")
    assert "No file of weights" in panel.message
    path = tmp_path / "mine.safetensors"
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (str(path), ""))
    qtbot.mouseClick(weights.browse, Qt.MouseButton.LeftButton)
    weights.architecture.setText(" ViT-L-14 ")
    panel.run("bright")
    assert panel.method.checkpoints == [path]
    assert panel.model_used == "ViT-L-14"
    assert panel.form.model.currentText() == LOCAL_FILE


def test_unloading_frees_the_models(make_panel, qtbot, monkeypatch):
    panel = make_panel()
    freed = []
    loading = SimpleNamespace(unload=lambda: freed.append(1))
    monkeypatch.setitem(sys.modules, "napari_ovseg.clip.loading", loading)
    qtbot.mouseClick(panel.form.unload, Qt.MouseButton.LeftButton)
    assert freed == [1]
    assert "No model is in memory" in panel.message


def test_names_of_a_sample_are_filled_in_but_never_over_typed_ones(make_panel):
    panel = make_panel()
    panel.viewer.add_image(NOISE, metadata={METADATA_KEY: {"names": ["cat", "dog"]}})
    assert panel.form.names.toPlainText() == "cat\ndog"
    panel.viewer.add_image(NOISE)
    assert panel.form.names.toPlainText() == ""
    panel.type_names("mine")
    panel.viewer.add_image(NOISE, metadata={METADATA_KEY: {"names": ["cat", "dog"]}})
    assert panel.form.names.toPlainText() == "mine"


def test_presets_are_those_of_the_method():
    from napari_ovseg import augmentation

    assert tuple(augmentation.PRESETS) == PRESETS


def test_an_axis_of_channels_has_no_slices_to_choose(make_panel):
    panel = make_panel(show=True)
    panel.viewer.add_image(np.moveaxis(NOISE, -1, 0), name="photo")
    assert not panel.form.slices.isHidden()
    assert panel.form.channel_axis.itemText(1) == "channels: axis 0"
    panel.form.channel_axis.setCurrentIndex(1)
    assert panel.form.slices.isHidden()
    panel.form.channel_axis.setCurrentIndex(0)
    assert not panel.form.slices.isHidden()


def test_what_was_said_of_one_picture_is_not_said_of_the_next(make_panel):
    panel = make_panel()
    panel.viewer.add_image(NOISE, name="photo")
    panel.run()
    assert "Segmented" in panel.message
    panel.viewer.layers.selection.active = panel.viewer.layers["photo"]
    assert "Segmented" in panel.message
    panel.viewer.add_image(NOISE, name="other")
    assert panel.message == ""


def test_the_background_is_guessed_unless_chosen_and_the_message_says_which(make_panel):
    panel = make_panel()
    panel.viewer.add_image(NOISE)
    panel.method.guessed = "microscopy"
    panel.run()
    assert panel.method.packs == ["guess"]
    assert "Background: microscopy (guessed)." in panel.form.message.text()
    panel.form.pack.value = "aerial"
    panel.run()
    assert panel.method.packs == ["guess", "aerial"]
    assert "Background: aerial." in panel.form.message.text()
    masks = panel.viewer.layers.selection.active
    assert masks.metadata[METADATA_KEY]["record"]["pack"] == "aerial"
