from __future__ import annotations

import json
from xml.etree import ElementTree

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from PIL import Image

from drawn import labelled, many
from napari_ovseg.export import export
from napari_ovseg.labelled import LabelledPicture, NamedLabel
from napari_ovseg.units import unit_of_length

CAT = (NamedLabel(1, "Köter, 猫", (200, 100, 50)),)


def sized(unit: str | None) -> LabelledPicture:
    return LabelledPicture("a", np.eye(4, 6, dtype=np.uint8), CAT, None, (0.5, 0.25), unit)


@settings(max_examples=40)
@given(labelled())
def test_pixels_come_back_from_both_kinds(tmp_path_factory, one):
    folder = tmp_path_factory.mktemp("tiff")
    for kind, ending in (("tiff", ".tif"), ("ome-tiff", ".ome.tif")):
        export([one], folder / kind, kind)
        path = folder / kind / f"a_masks{ending}"
        read = tifffile.imread(path)
        assert read.dtype.itemsize == one.labels.dtype.itemsize
        np.testing.assert_array_equal(read, one.labels)
        with Image.open(path) as file:
            np.testing.assert_array_equal(np.asarray(file), one.labels)


def test_three_hundred_categories(tmp_path):
    export([many()], tmp_path, "ome-tiff")
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "many_masks.ome.tif"), many().labels)


@pytest.mark.parametrize("unit", ["micrometer", "µm", "um", "Microns"])
def test_imagej_finds_size_names_and_colours(tmp_path, unit):
    export([sized(unit)], tmp_path, "tiff")
    with tifffile.TiffFile(tmp_path / "a_masks.tif") as file:
        found = file.imagej_metadata
        across, down = (tag.value for tag in map(file.pages[0].tags.get, ("XResolution", "YResolution")))
    assert found["unit"] == "um"
    assert across[0] / across[1] == pytest.approx(4)
    assert down[0] / down[1] == pytest.approx(2)
    assert json.loads(found["Info"]) == {"1": "Köter, 猫"}
    assert found["LUTs"][:, 1].tolist() == [200, 100, 50]


def test_ome_xml_has_size_name_and_categories(tmp_path):
    export([sized("nanometer")], tmp_path, "ome-tiff")
    with tifffile.TiffFile(tmp_path / "a_masks.ome.tif") as file:
        assert file.is_ome
        xml = ElementTree.fromstring(file.ome_metadata)
    (pixels,) = xml.iter("{http://www.openmicroscopy.org/Schemas/OME/2016-06}Pixels")
    assert [pixels.get(f"PhysicalSize{side}") for side in ("Y", "YUnit", "X", "XUnit")] == [
        "0.5",
        "nm",
        "0.25",
        "nm",
    ]
    values = [(key.get("K"), key.text) for key in xml.iter() if key.tag.endswith("}M")]
    assert values == [("1", "Köter, 猫")]


def test_a_unit_that_is_no_length_is_said_and_pixels_are_not(tmp_path):
    assert any("'second'" in note for note in export([sized("second")], tmp_path / "1", "tiff").notes)
    for number, unit in enumerate(("pixel", None), 2):
        assert not export([sized(unit)], tmp_path / str(number), "ome-tiff").notes


def test_units_by_any_name():
    assert unit_of_length("μm") == unit_of_length("Micrometers") == ("micrometer", "µm", 1e-6)
    assert unit_of_length("pixel") is unit_of_length(None) is unit_of_length("second") is None
