"""The panel with the real method and the bundled model, by real clicks."""

import numpy as np
import pytest
from qtpy.QtCore import Qt

import napari_ovseg
from napari_ovseg._napari.files.samples import generated_scene
from napari_ovseg._napari.layers.result_layers import METADATA_KEY
from napari_ovseg._napari.widget import OpenVocabularyWidget
from napari_ovseg.models.clip.registry import DEMO_FOLDER

pytestmark = pytest.mark.skipif(
    not (DEMO_FOLDER / "demo.safetensors").is_file(), reason="the bundled model has not been trained yet"
)


@pytest.fixture
def panel(make_viewer, qtbot):
    viewer = make_viewer()
    widget = OpenVocabularyWidget(viewer)
    viewer.window.add_dock_widget(widget)
    widget.form.model.setCurrentIndex(0)
    widget.form.preset.value = "fast"
    (picture, settings, _), _truth = generated_scene()
    viewer.add_image(picture, **settings)
    yield widget
    widget.cancel()
    qtbot.waitUntil(lambda: not widget.busy, timeout=60_000)


def click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_a_sample_is_segmented_as_in_python(panel, qtbot):
    click(qtbot, panel.form.run)
    qtbot.waitUntil(lambda: not panel.busy, timeout=120_000)
    viewer, image = panel.viewer, panel.viewer.layers["scene"]
    masks = viewer.layers["scene masks"]
    names = image.metadata[METADATA_KEY]["names"]
    assert panel.form.table.rowCount() == len(names) + 1
    model = napari_ovseg.load_model("demo")
    expected = napari_ovseg.segment(image.data, names, model=model, preset="fast")
    np.testing.assert_array_equal(masks.data, expected.masks)
    np.testing.assert_array_equal(viewer.layers["scene pseudo-labels"].data, expected.pseudo_labels)
    assert masks.metadata[METADATA_KEY]["record"]["preset"] == "fast"


def test_cancel_stops_the_real_method(panel, qtbot):
    panel.form.preset.value = "best"
    click(qtbot, panel.form.run)
    qtbot.waitUntil(lambda: panel.form.progress.value() > 0, timeout=120_000)
    click(qtbot, panel.form.cancel)
    qtbot.waitUntil(lambda: not panel.busy, timeout=60_000)
    assert [layer.name for layer in panel.viewer.layers] == ["scene"]


def test_a_device_that_is_not_there_is_said(panel, qtbot):
    import torch

    # no machine has both
    missing = "cuda" if torch.backends.mps.is_available() else "mps"
    panel.form.device.value = missing
    click(qtbot, panel.form.run)
    qtbot.waitUntil(lambda: not panel.busy, timeout=120_000)
    assert missing in panel.form.message.text()
    assert len(panel.viewer.layers) == 1
