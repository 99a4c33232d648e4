"""The panel opened both ways: made by us, or by napari, which hands a proxy of its viewer to plugins."""

from __future__ import annotations

import numpy as np
import pytest

from napari_ovseg._napari.launch import PANEL
from napari_ovseg._napari.saving import autosave
from napari_ovseg.annotation.last_save import is_sidecar
from napari_ovseg.annotation.sidecar import load

from .brush import drag
from .used_panel import CORNERS

VOID = 255


@pytest.fixture(params=[False, True], ids=["by us", "by napari"])
def panel(request, make_panel, tmp_path, monkeypatch):
    """A picture from a file, segmented, and saved soon after a stroke."""
    monkeypatch.setattr(autosave, "_WAIT_MS", 50)
    panel = make_panel(by_napari=request.param)
    panel.open_photo(tmp_path)
    panel.sidecar = tmp_path / "photo.png.ovseg"
    panel.run("bright, dark")
    return panel


def test_a_stroke_is_seen_learnt_from_and_saved_and_own_masks_are_not_offered_as_masks(panel, qtbot):
    for name in ("photo pseudo-labels", "photo masks"):
        panel.viewer.layers.selection.active = panel.viewer.layers[name]
        assert panel.form.take_in.isHidden()
    masks = panel.viewer.layers["photo masks"]
    drag(masks, (5, 5), (5, 9), label=2)
    panel.widget.annotator.settle()
    assert (panel.current.human_pixels(()) == 2).sum() == 5
    panel.click(panel.form.correct.update_masks)
    panel.wait_until_idle()
    grey = CORNERS[..., 0] == 100
    assert (masks.data[grey] == 2).all()
    qtbot.waitUntil(lambda: is_sidecar(panel.sidecar), timeout=20_000)
    panel.widget.session.flush()
    human = load(panel.sidecar).slices[()].human
    assert np.argwhere(human != VOID).tolist() == [[5, column] for column in range(5, 10)]


def test_table_and_box_follow_the_picture_and_a_removed_one_ends_its_run(panel):
    panel.viewer.add_image(CORNERS[::-1], name="other")
    panel.run("tree")
    panel.viewer.layers.selection.active = panel.viewer.layers["photo masks"]
    assert panel.form.image.currentText() == "photo"
    assert panel.names[:2] == ["bright", "dark"]
    panel.click_row(1)
    assert panel.viewer.layers["photo masks"].selected_label == 2
    panel.start_held("tree")
    panel.viewer.layers.remove("photo")
    panel.finish()
    assert "'photo' was removed" in panel.message


@pytest.mark.parametrize("by_napari", [False, True])
def test_the_dock_has_one_title_which_is_not_cut_and_the_menu_hides_it_and_opens_no_second(
    make_panel, by_napari, qtbot
):
    panel = make_panel(show=True, by_napari=by_napari)
    panel.dock.setFixedWidth(300)
    title = panel.dock.titleBarWidget().title
    qtbot.waitUntil(lambda: title.width() >= title.sizeHint().width())
    assert title.text() == panel.dock.windowTitle() == PANEL
    entries = [
        action for action in menu_entries(panel.viewer.window.plugins_menu) if "to masks" in action.text()
    ]
    assert [action.text() for action in entries] == [PANEL]
    entries[0].trigger()
    qtbot.waitUntil(lambda: not panel.dock.isVisible())
    assert list(panel.viewer.window.dock_widgets) == [PANEL]


def menu_entries(menu):
    menu.aboutToShow.emit()
    return [action for action in menu.actions() if action.menu() is None]
