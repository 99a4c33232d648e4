"""The demo in the window: what is run with which model, with and without the one for photos."""

import numpy as np
import pytest

from napari_ovseg._napari import demonstration
from napari_ovseg._napari.demonstration import Demonstration
from napari_ovseg._napari.layers.result_layers import METADATA_KEY
from napari_ovseg.models.photos.card import PhotosCard


@pytest.fixture
def said(monkeypatch):
    said = []
    monkeypatch.setattr(demonstration, "show_info", said.append)
    return said


@pytest.fixture
def panel(make_panel):
    return make_panel()


def installed(monkeypatch, here):
    monkeypatch.setattr(PhotosCard, "is_here", lambda self: here)


def model_of(panel, layer):
    return panel.viewer.layers[layer].metadata[METADATA_KEY]["record"]["model"]


def test_the_photo_follows_the_scene_with_its_own_model(panel, said, monkeypatch, qtbot):
    installed(monkeypatch, True)
    Demonstration(panel.viewer, panel.widget).start()
    scene, photo = panel.viewer.layers["scene"], panel.viewer.layers["coffee"]
    qtbot.waitUntil(lambda: "coffee masks" in panel.viewer.layers)
    panel.wait_until_idle()
    assert model_of(panel, "scene masks") == "demo"
    assert model_of(panel, "coffee masks") == "photos"
    assert panel.method.looked_for == [scene.metadata[METADATA_KEY]["names"], ["coffee cup"]]
    assert said == []
    # side by side, each under its masks
    assert photo.extent.world[0, 1] > scene.extent.world[1, 1]
    for image, masks in ((scene, "scene masks"), (photo, "coffee masks")):
        np.testing.assert_array_equal(panel.viewer.layers[masks].extent.world, image.extent.world)
    # the next run is the person's own
    panel.click_run()
    panel.wait_until_idle()
    assert panel.method.calls == 3


def test_without_the_model_for_photos_one_line_says_how_to_get_it(panel, said, monkeypatch, qtbot):
    installed(monkeypatch, False)
    Demonstration(panel.viewer, panel.widget).start()
    qtbot.waitUntil(lambda: "scene masks" in panel.viewer.layers)
    panel.wait_until_idle()
    assert "coffee" not in panel.viewer.layers
    assert panel.method.calls == 1
    assert len(said) == 1
    assert 'pip install "napari-ovseg[photos]"' in said[0]


def test_whoever_cancels_the_first_run_is_left_alone(panel, said, monkeypatch, qtbot):
    installed(monkeypatch, True)
    panel.method.hold.clear()
    Demonstration(panel.viewer, panel.widget).start()
    qtbot.waitUntil(panel.method.holding.is_set)
    panel.widget.cancel()
    panel.wait_until_idle()
    qtbot.wait(50)
    assert panel.method.calls == 1
    assert "coffee" in panel.viewer.layers
