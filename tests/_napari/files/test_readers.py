"""File > Open: what is asked, what opens as named labels, and what is left to napari's own reader."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel
from napari.errors import MultipleReaderError
from napari.layers import Image as ImageLayer
from napari.layers import Labels
from npe2 import PluginManager
from PIL import Image

from napari_ovseg._napari.files.readers import labelled_layers
from napari_ovseg.export import export
from napari_ovseg.labelled import LabelledPicture, NamedLabel

CAT, DOG = NamedLabel(2, "cat", (10, 200, 30)), NamedLabel(9, "Köter", (250, 0, 90))
# How the files of each format are called, without question where no other reader has such names.
OPENS = {
    "png": ["categories.json"],
    "npz": ["categories.json"],
    "tiff": ["categories.json"],
    "ome-tiff": ["categories.json"],
    "things-tiff": ["categories.json"],
    "yolo": ["data.yaml", "categories.json"],
    "coco": ["instances.json", "categories.ovseg"],
    "geojson": ["a.geojson", "categories.ovseg"],
    "labelme": ["a.json", "categories.ovseg"],
    "ome-zarr": ["a.ome.zarr/zarr.json", "categories.json"],
}
ASKS = {
    "png": "a_masks.png",
    "tiff": "a_masks.tif",
    "ome-tiff": "a_masks.ome.tif",
    "things-tiff": "a_things.tif",
    "npz": "a.ovseg.npz",
}


@pytest.fixture(autouse=True)
def plugins():
    """Find the manifests of napari and of this package, as napari does when it starts."""
    PluginManager.instance().discover()


def exported(folder: Path, kind: str) -> np.ndarray:
    if kind == "ome-zarr":
        pytest.importorskip("zarr")
    labels = np.kron(np.array([[0, 2], [9, 2]], np.uint8), np.ones((5, 6), np.uint8))
    export([LabelledPicture("a", labels, (CAT, DOG))], folder, kind)
    return labels


def same(layers: list, labels: np.ndarray) -> None:
    (layer,) = layers
    assert isinstance(layer, Labels)
    np.testing.assert_array_equal(layer.data, labels)
    assert layer.features["name"].tolist() == ["background", "cat", "Köter", "unsure"]
    np.testing.assert_allclose(layer.colormap.color_dict[9][:3], np.array(DOG.colour) / 255, atol=1e-6)


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in OPENS.items() for name in names])
def test_opens_without_a_question(tmp_path, kind, name):
    labels = exported(tmp_path, kind)
    same(ViewerModel().open(str(tmp_path / name), plugin=None), labels)


@pytest.mark.parametrize("kind", ASKS)
def test_what_napari_could_open_too_is_asked_about(tmp_path, kind):
    labels = exported(tmp_path, kind)
    path = str(tmp_path / ASKS[kind])
    with pytest.raises(MultipleReaderError):
        ViewerModel().open(path, plugin=None)
    same(ViewerModel().open(path, plugin="napari-ovseg"), labels)


@pytest.mark.parametrize(
    "name", ["photo.png", "photo.tif", "masks.png", "a_masks.jpg", "x.npz", "photo.ome.tif"]
)
def test_ordinary_pictures_are_not_asked_about(name):
    readers = PluginManager.instance().iter_compatible_readers([name])
    assert "napari-ovseg" not in {reader.plugin_name for reader in readers}


@pytest.mark.parametrize(
    "name", ["x_masks.png", "x_masks.tif", "x_masks.ome.tif", "x_things.tif", "x_pseudo.png"]
)
@pytest.mark.parametrize("stack", [False, True])
def test_masks_of_others_open_as_napari_opens_them(tmp_path, name, stack):
    pixels = np.arange(24, dtype=np.uint8).reshape(4, 6)
    path = tmp_path / name
    Image.fromarray(pixels).save(path) if name.endswith("png") else tifffile.imwrite(path, pixels)
    paths = [str(path)] * 2 if stack else str(path)
    (layer,) = ViewerModel().open(paths, plugin="napari-ovseg", stack=stack)
    assert isinstance(layer, ImageLayer)
    np.testing.assert_array_equal(np.asarray(layer.data)[0] if stack else layer.data, pixels)


def test_of_several_pictures_the_first_is_seen(tmp_path):
    labels = [
        LabelledPicture(n, np.eye(9, 12, dtype=np.uint8), (NamedLabel(1, "cell", (1, 2, 3)),)) for n in "abc"
    ]
    export(labels, tmp_path, "coco")
    layers, _ = labelled_layers(tmp_path / "instances.json")
    assert [(layer[1]["name"], layer[1]["visible"]) for layer in layers] == [
        ("a", True),
        ("b", False),
        ("c", False),
    ]
