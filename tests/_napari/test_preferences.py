"""The plugin's page in napari's preferences, as napari makes it from the manifest."""

import napari.settings
import numpy as np
import pytest
from PIL import Image
from qtpy.QtCore import QPoint, QSettings, Qt
from qtpy.QtWidgets import QCheckBox, QComboBox, QSpinBox

from napari_ovseg._napari import panel_preferences, preferences
from napari_ovseg._napari.widget import OpenVocabularyWidget
from napari_ovseg.annotation.last_save import is_sidecar
from napari_ovseg.colours import PALETTES

pytestmark = pytest.mark.skipif(
    not hasattr(napari.settings, "get_plugin_settings"), reason="new in napari 0.9"
)


@pytest.fixture
def page(monkeypatch, tmp_path):
    """The real settings, in a file of this test."""
    monkeypatch.setattr(napari.settings, "_PLUGIN_SETTINGS", {})
    settings = napari.settings.get_plugin_settings("napari-ovseg", path_dir=tmp_path)
    monkeypatch.setattr(preferences, "page", lambda: settings.panel)
    return settings.panel


def test_a_panel_begins_as_preferred(make_viewer, page, tmp_path):
    page.preset, page.model, page.folder = "best", "ViT-L-14/openai", str(tmp_path)
    widget = OpenVocabularyWidget(make_viewer())
    assert widget.form.preset.value == "best"
    assert widget.form.model_name() == "ViT-L-14/openai"
    assert widget.session.places.elsewhere == tmp_path
    widget.close()


@pytest.fixture
def calm(monkeypatch):
    monkeypatch.setattr(panel_preferences, "_CALM_MS", 50)


def calmed(qtbot, widget):
    qtbot.waitUntil(lambda: not widget.preferences._soon.isActive())


def test_what_is_changed_in_the_window_of_preferences_acts(make_viewer, page, tmp_path, qtbot, calm):
    viewer = make_viewer()
    widget = OpenVocabularyWidget(viewer)
    viewer.window.add_dock_widget(widget)
    window = viewer.window._open_preferences_dialog()
    titles = [window._list.item(row).text() for row in range(window._list.count())]
    form = window._stack.widget(titles.index("napari-ovseg"))
    (preset,) = (box for box in form.findChildren(QComboBox) if box.findText("balanced") >= 0)
    (palette,) = (box for box in form.findChildren(QComboBox) if box.findText("bright") >= 0)
    assert [palette.itemText(row) for row in range(palette.count())] == list(PALETTES)
    palette.setCurrentText("colour-blind")
    assert preferences.chosen_palette() == "colour-blind"
    preset.setCurrentText("fast")
    assert widget.form.preset.value == "fast"
    (seconds,) = (box for box in form.findChildren(QSpinBox) if box.maximum() == 300)
    assert (seconds.minimum(), seconds.value()) == (1, 1)
    seconds.setValue(20)
    assert widget.session.autosave._wait_ms == 20_000
    assert "20 seconds after a change" in widget.form.saving.folder.toolTip()
    (by_itself,) = form.findChildren(QCheckBox)
    assert by_itself.isChecked()
    assert widget.form.saving.save.isHidden()
    qtbot.mouseClick(by_itself, Qt.MouseButton.LeftButton, pos=QPoint(8, by_itself.height() // 2))
    assert not widget.session.autosave.by_itself
    assert not widget.form.saving.save.isHidden()
    assert "when you press Save" in widget.form.saving.folder.toolTip()
    qtbot.mouseClick(by_itself, Qt.MouseButton.LeftButton, pos=QPoint(8, by_itself.height() // 2))
    assert widget.session.autosave.by_itself
    window.close()
    page.folder = str(tmp_path / "not there")
    calmed(qtbot, widget)
    assert widget.session.places.elsewhere is None
    page.folder = str(tmp_path)
    calmed(qtbot, widget)
    assert widget.session.places.elsewhere == tmp_path
    page.folder = ""
    calmed(qtbot, widget)
    assert widget.session.places.elsewhere is None


def test_a_path_that_is_typed_moves_the_work_once_and_only_folders_with_work_are_kept_in_mind(
    make_panel, page, tmp_path, qtbot, calm
):
    real, typed, picture = tmp_path / "real", tmp_path / "a" / "b" / "masks", tmp_path / "photo.png"
    real.mkdir()
    typed.mkdir(parents=True)
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 48, 3), np.uint8)).save(picture)
    page.folder = str(real)
    panel = make_panel()
    places = panel.widget.session.places
    panel.viewer.open(picture, plugin="napari")
    panel.run()
    panel.paint((5, 5), 2)
    panel.widget.session.flush()
    assert len(list(real.iterdir())) == 1
    moved = []
    places.moved.connect(lambda: moved.append(places.elsewhere))
    for end in range(1, len(str(typed)) + 1):
        page.folder = str(typed)[:end]
    calmed(qtbot, panel.widget)
    assert moved == [typed]
    assert places._earlier() == [real]
    qtbot.waitUntil(lambda: any(typed.iterdir()))
    panel.widget.session.flush()
    assert [one.name for one in (tmp_path / "a").iterdir()] == ["b"]
    # nothing is painted in between: the folders that were chosen for a moment are not listed
    panel.viewer.layers.clear()
    for number in range(6):
        empty = tmp_path / str(number)
        empty.mkdir()
        places.choose(empty)
    assert places._earlier() == [typed, real]


def test_saving_waits_as_preferred_but_not_when_it_is_asked_for(make_panel, page, tmp_path, qtbot):
    picture = tmp_path / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 48, 3), np.uint8)).save(picture)
    page.autosave = 300
    panel = make_panel()
    panel.viewer.open(picture, plugin="napari")
    panel.run()
    panel.paint((5, 5), 2)
    autosave = panel.widget.session.autosave
    assert autosave._timer.remainingTime() > 200_000
    panel.widget.session.save()
    qtbot.waitUntil(lambda: not autosave.unsaved)
    assert is_sidecar(tmp_path / "photo.png.ovseg")
    panel.paint((6, 6), 2)
    page.autosave = 1
    assert autosave._timer.remainingTime() < 2000
    qtbot.waitUntil(lambda: not autosave.unsaved)


def test_a_folder_chosen_in_the_panel_goes_into_the_preferences(make_viewer, page, tmp_path):
    QSettings("napari-ovseg", "napari-ovseg").setValue("sidecar_folder", str(tmp_path))
    widget = OpenVocabularyWidget(make_viewer())
    assert page.folder == str(tmp_path)
    widget.form.saving.folder_chosen.emit(None)
    assert page.folder == ""
    widget.close()


def test_where_napari_has_no_such_page_nothing_is_missed(make_viewer):
    assert preferences.page() is None
    widget = OpenVocabularyWidget(make_viewer())
    assert widget.form.preset.value == "balanced"
    widget.close()


def test_new_categories_take_the_colours_that_are_preferred_and_others_keep_theirs(
    make_panel, page, tmp_path, qtbot
):
    panel = make_panel()
    panel.open_photo(tmp_path)
    panel.run("bright, dark")
    page.palette = "bright"
    panel.form.table_actions.add.setFocus()
    qtbot.keyClicks(panel.form.table_actions.add, "tree")
    qtbot.keyClick(panel.form.table_actions.add, Qt.Key.Key_Return)
    panel.wait_until_idle()
    colours = [label.colour for label in panel.current.table.labels]
    assert colours == [*PALETTES["standard"][:2], PALETTES["bright"][0]]
    assert (panel.viewer.layers["photo masks"].get_color(3)[:3] * 255).round().tolist() == list(colours[2])
    panel.run("sky, sea")
    colours = {label.name: label.colour for label in panel.current.table.labels}
    assert (colours["sky"], colours["sea"]) == PALETTES["bright"][:2]
