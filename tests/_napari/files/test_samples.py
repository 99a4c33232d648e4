import importlib
from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer
from npe2 import PluginManifest

import napari_ovseg
from napari_ovseg._napari.launch import PANEL
from napari_ovseg._napari.layers.result_layers import METADATA_KEY
from napari_ovseg.errors import InputError
from napari_ovseg.models.photos.card import PhotosCard

MANIFEST = PluginManifest.from_file(Path(napari_ovseg.__file__).parent / "napari.yaml")
COMMANDS = {command.id: command for command in MANIFEST.contributions.commands}


@pytest.mark.parametrize("key", [sample.key for sample in MANIFEST.contributions.sample_data])
def test_every_sample_opens_with_names(key):
    (sample,) = [entry for entry in MANIFEST.contributions.sample_data if entry.key == key]
    module, name = COMMANDS[sample.command].python_name.split(":")
    layers = [Layer.create(*data) for data in getattr(importlib.import_module(module), name)()]
    viewer = ViewerModel()
    viewer.layers.extend(layers)
    assert isinstance(layers[0], Image)
    assert layers[0].metadata[METADATA_KEY]["names"]
    assert layers[0].rgb == (key != "coins")


def test_the_scene_comes_with_its_truth():
    from napari_ovseg._napari.files.samples import generated_scene

    picture, truth = (Layer.create(*data) for data in generated_scene())
    names = picture.metadata[METADATA_KEY]["names"]
    assert isinstance(truth, Labels)
    assert not truth.visible
    assert truth.features["name"].tolist() == ["background", *names, "unsure"]
    assert set(np.unique(truth.data)) == set(range(len(names) + 1))


@pytest.mark.parametrize(("here", "model"), [(True, "photos"), (False, "")])
def test_the_photo_says_which_model_suits_it_where_that_is_installed(monkeypatch, here, model):
    from napari_ovseg._napari.files.samples import coffee

    monkeypatch.setattr(PhotosCard, "is_here", lambda self: here)
    (photo,) = (Layer.create(*data) for data in coffee())
    assert photo.metadata[METADATA_KEY]["model"] == model


def test_a_sample_that_can_not_be_fetched_is_said(monkeypatch):
    import skimage.data

    from napari_ovseg._napari.files.samples import coins

    def offline():
        raise ConnectionError("no route to host")

    monkeypatch.setattr(skimage.data, "coins", offline)
    with pytest.raises(InputError, match=r"'coins' is not on this machine.*no route to host"):
        coins()


def test_the_manifest_offers_what_it_should():
    assert sorted(MANIFEST.categories) == ["Annotation", "Segmentation"]
    assert {"napari/layers/segment", "napari/layers/annotate"} <= set(MANIFEST.contributions.menus)
    (widget,) = MANIFEST.contributions.widgets
    assert f"{widget.display_name} ({MANIFEST.display_name})" == PANEL
