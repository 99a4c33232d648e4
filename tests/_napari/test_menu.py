"""The entries of napari's menus, as napari makes them from the manifest."""

from __future__ import annotations

import pytest

TITLES = (
    "Run",
    "Update masks",
    "Next uncertain place",
    "Save all work",
    "Export masks...",
    "Train a model...",
    "Keys and help",
)


def entry(menu, title):
    """Open a menu, and return the entry that begins like this."""
    menu.aboutToShow.emit()
    return next(action for action in menu.actions() if action.text().startswith(title))


@pytest.fixture
def choose():
    def choose(viewer, title):
        annotate = entry(viewer.window.layers_menu, "Annotate").menu()
        annotate.aboutToShow.emit()
        (masks,) = (action.menu() for action in annotate.actions() if action.text() == "Text to masks")
        entry(masks, title).trigger()

    return choose


@pytest.mark.parametrize("by_napari", [False, True])
def test_entries_act_on_the_panel_that_is_open(make_panel, tmp_path, choose, by_napari, monkeypatch):
    panel = make_panel(by_napari=by_napari)
    panel.open_photo(tmp_path)
    panel.type_names("bright, dark")
    choose(panel.viewer, "Run")
    panel.wait_until_idle()
    assert "photo masks" in panel.layers
    panel.paint((5, 5), 2)
    choose(panel.viewer, "Update masks")
    panel.wait_until_idle()
    assert "Updated" in panel.message
    choose(panel.viewer, "Next uncertain place")
    assert panel.message != ""
    choose(panel.viewer, "Save all work")
    assert panel.qtbot.waitUntil(lambda: not panel.widget.session.autosave.unsaved) is None
    assert (tmp_path / "photo.png.ovseg").is_dir()
    pressed = []
    panel.form.saving.export_requested.connect(lambda: pressed.append("export"))
    monkeypatch.setattr("napari_ovseg._napari.panel.export_dialog.ExportDialog.exec", lambda dialog: 0)
    choose(panel.viewer, "Export masks...")
    assert pressed == ["export"]
    choose(panel.viewer, "Train a model...")
    assert panel.widget.training.dialog.isVisible()
    assert len(panel.viewer.window.dock_widgets) == 1


def test_an_entry_opens_the_panel_where_it_is_not_and_shows_one_that_is_hidden(make_viewer, choose):
    viewer = make_viewer()
    choose(viewer, "Keys and help")
    (panel,) = viewer.window.dock_widgets.values()
    assert panel.keys.window.isVisible()
    panel.keys.window.close()
    dock = panel.parentWidget()
    dock.hide()
    choose(viewer, "Run")
    assert not dock.isHidden()
    assert "There is no" in panel.form.message.text()
