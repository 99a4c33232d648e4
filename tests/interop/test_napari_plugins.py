"""The readers that napari's users have for OME-Zarr and TIFF."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hard_pictures import COLOUR_OF, NAME_OF, PIXEL_SIZE, PLAIN, TURNED, labels, shown
from programs import program

napari_ome_zarr = program("napari_ome_zarr")
napari_tiff = program("napari_tiff.napari_tiff_reader")


def layers(plugin, path: Path) -> list:
    from napari.components import ViewerModel

    viewer = ViewerModel()
    for given in plugin.napari_get_reader(str(path))(str(path)):
        viewer._add_layer_from_data(*given)
    return list(viewer.layers)


@pytest.mark.parametrize("name", [TURNED, PLAIN])
def test_ome_zarr_opens_as_the_picture_and_named_coloured_labels(exported, name):
    *colours, masks, things = layers(napari_ome_zarr, exported("ome-zarr", things=True) / f"{name}.ome.zarr")
    picture = np.stack([np.asarray(layer.data) for layer in colours], axis=-1)
    np.testing.assert_array_equal(picture, shown(name == TURNED))
    assert [layer.colormap.name for layer in colours] == ["red", "green", "blue"]
    assert {type(layer).__name__ for layer in (masks, things)} == {"Labels"}
    np.testing.assert_array_equal(np.asarray(masks.data), labels(name == TURNED))
    names = dict(zip(masks.features["index"], masks.features["name"], strict=True))
    assert {number: names[number] for number in NAME_OF} == NAME_OF
    for number, colour in COLOUR_OF.items():
        np.testing.assert_allclose(masks.get_color(number)[:3], np.divide(colour, 255), atol=1e-6)
    assert things.features["category_id"].tolist() == [
        np.unique(labels(name == TURNED)[np.asarray(things.data) == number]).item()
        for number in things.features["index"]
    ]
    for layer in (*colours, masks, things):
        assert tuple(layer.scale) == PIXEL_SIZE
        assert [str(unit) for unit in layer.units] == ["micrometer"] * 2


@pytest.mark.parametrize(
    ("format", "ending"),
    [("tiff", "_masks.tif"), ("ome-tiff", "_masks.ome.tif"), ("things-tiff", "_things.tif")],
)
def test_tiff_opens_in_its_physical_size(exported, format, ending):
    for name in (TURNED, PLAIN):
        (layer,) = layers(napari_tiff, exported(format) / f"{name}{ending}")
        drawn = labels(name == TURNED)
        if format != "things-tiff":
            np.testing.assert_array_equal(np.asarray(layer.data), drawn)
        assert layer.data.shape == drawn.shape
        assert tuple(layer.scale) == PIXEL_SIZE
        assert [str(unit) for unit in layer.units] == ["micrometer"] * 2
