"""The plugin's page in napari's preferences, as napari makes it from the manifest."""

import napari.settings
import pytest
from qtpy.QtCore import QSettings
from qtpy.QtWidgets import QComboBox

from napari_ovseg._napari import preferences
from napari_ovseg._napari.widget import OpenVocabularyWidget

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


def test_a_panel_begins_as_preferred(make_napari_viewer, page, tmp_path):
    page.preset, page.model, page.folder = "best", "ViT-L-14/openai", str(tmp_path)
    widget = OpenVocabularyWidget(make_napari_viewer())
    assert widget.form.preset.value == "best"
    assert widget.form.model_name() == "ViT-L-14/openai"
    assert widget.session.places.elsewhere == tmp_path
    widget.close()


def test_what_is_changed_in_the_window_of_preferences_acts_at_once(make_napari_viewer, page, tmp_path):
    viewer = make_napari_viewer()
    widget = OpenVocabularyWidget(viewer)
    viewer.window.add_dock_widget(widget)
    window = viewer.window._open_preferences_dialog()
    titles = [window._list.item(row).text() for row in range(window._list.count())]
    form = window._stack.widget(titles.index("napari-ovseg"))
    (preset,) = (box for box in form.findChildren(QComboBox) if box.findText("balanced") >= 0)
    preset.setCurrentText("fast")
    assert widget.form.preset.value == "fast"
    window.close()
    page.folder = str(tmp_path / "not there")
    assert widget.session.places.elsewhere is None
    page.folder = str(tmp_path)
    assert widget.session.places.elsewhere == tmp_path
    page.folder = ""
    assert widget.session.places.elsewhere is None


def test_a_folder_chosen_in_the_panel_goes_into_the_preferences(make_napari_viewer, page, tmp_path):
    QSettings("napari-ovseg", "napari-ovseg").setValue("sidecar_folder", str(tmp_path))
    widget = OpenVocabularyWidget(make_napari_viewer())
    assert page.folder == str(tmp_path)
    widget.form.saving.folder_chosen.emit(None)
    assert page.folder == ""
    widget.close()


def test_where_napari_has_no_such_page_nothing_is_missed(make_napari_viewer):
    assert preferences.page() is None
    widget = OpenVocabularyWidget(make_napari_viewer())
    assert widget.form.preset.value == "balanced"
    widget.close()
