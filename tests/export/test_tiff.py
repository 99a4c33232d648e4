from __future__ import annotations

import json
from xml.etree import ElementTree

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from PIL import Image

from drawn import labelled, many, void_of
from napari_ovseg.export import export
from napari_ovseg.labelled import LabelledPicture, NamedLabel
from napari_ovseg.units import unit_of_length

CAT = (NamedLabel(1, "Köter, 猫\n🧫 <&>", (200, 100, 50), ("tom",)),)
OME = "{http://www.openmicroscopy.org/Schemas/OME/2016-06}"


def sized(unit: str | None) -> LabelledPicture:
    return LabelledPicture("a", np.eye(4, 6, dtype=np.uint8), CAT, None, (0.5, 0.25), unit)


@settings(max_examples=20)
@given(labelled())
def test_pixels_and_colours_come_back_from_both_kinds(tmp_path_factory, one):
    folder = tmp_path_factory.mktemp("tiff")
    for kind, ending in (("tiff", ".tif"), ("ome-tiff", ".ome.tif")):
        export([one], folder / kind, kind)
        path = folder / kind / f"a_masks{ending}"
        read = tifffile.imread(path)
        assert read.dtype.itemsize == one.labels.dtype.itemsize
        np.testing.assert_array_equal(read, one.labels)
        with Image.open(path) as file:
            np.testing.assert_array_equal(np.asarray(file), one.labels)
            if read.dtype == np.uint8:
                assert file.mode == "P"
                shown = np.asarray(file.convert("RGB"))
                for category in one.categories:
                    assert (shown[read == category.id] == category.colour).all()
                assert (shown[read == void_of(one)] == 255).all()
                assert (shown[read == 0] == 0).all()


@pytest.mark.parametrize("kind", ["tiff", "ome-tiff"])
def test_three_hundred_categories(tmp_path, kind):
    export([many()], tmp_path, kind)
    np.testing.assert_array_equal(tifffile.imread(next(tmp_path.glob("*.tif"))), many().labels)


def test_imagej_has_a_shade_for_every_few_ids_of_16_bits(tmp_path):
    export([many()], tmp_path, "tiff")
    with tifffile.TiffFile(tmp_path / "many_masks.tif") as file:
        low, high = file.imagej_metadata["min"], file.imagej_metadata["max"]
        colours = file.pages[0].colormap // 257
    colour_of = {category.id: category.colour for category in many().categories}
    # as ImageJ's ShortProcessor brings 16 bits to 8
    shade = lambda value: int(min((value - low) * 256 / (high - low + 1) + 0.5, 255))  # noqa: E731
    for number in (2, 150, 300):
        alike = [colour_of[n] for n in colour_of if shade(n) == shade(number)]
        assert tuple(colours[:, shade(number)].tolist()) in alike
        assert len(alike) <= 2
    assert colours[:, shade(65535)].tolist() == [255] * 3
    assert colours[:, 0].tolist() == [0] * 3


@pytest.mark.parametrize("unit", ["micrometer", "µm", "um", "Microns"])
def test_imagej_finds_size_names_and_colours(tmp_path, unit):
    export([sized(unit)], tmp_path, "tiff")
    with tifffile.TiffFile(tmp_path / "a_masks.tif") as file:
        found = file.imagej_metadata
        page = file.pages[0]
        across, down = (tag.value for tag in map(page.tags.get, ("XResolution", "YResolution")))
        # the tag that ImageJ takes a lookup table from, 8-bit colours as 16-bit ones
        assert page.tags["ColorMap"].count == 768
        assert (page.colormap[:, 1] // 257).tolist() == [200, 100, 50]
    assert found["unit"] == "um"
    assert found["images"] == 1
    assert across[0] / across[1] == pytest.approx(4)
    assert down[0] / down[1] == pytest.approx(2)
    assert found["Labels"] == "1 Köter, 猫 🧫 <&>"
    shown, ours = found["Info"].splitlines()
    assert shown == "1: Köter, 猫 🧫 <&>"
    assert json.loads(ours.removeprefix("napari-ovseg: "))["categories"][0]["name"] == CAT[0].name


def test_either_file_alone_says_what_its_ids_mean(tmp_path):
    one = LabelledPicture(
        "p", np.eye(4, 6, dtype=np.uint8), CAT, tmp_path / "p.png", (0.5, 0.25), "um", done=True
    )
    for kind in ("tiff", "ome-tiff"):
        export([one], tmp_path / kind, kind)
    with tifffile.TiffFile(tmp_path / "tiff" / "p_masks.tif") as file:
        info = file.imagej_metadata["Info"].splitlines()[-1].removeprefix("napari-ovseg: ")
    with tifffile.TiffFile(tmp_path / "ome-tiff" / "p_masks.ome.tif") as file:
        xml = ElementTree.fromstring(file.ome_metadata)
    (note,) = xml.iter(f"{OME}CommentAnnotation")
    assert note.get("Namespace") == "napari-ovseg"
    for text in (info, note.find(f"{OME}Value").text):
        assert json.loads(text) == {
            "format": "labels 1",
            "name": "p",
            "picture": "../p.png",
            "pixel_size": [0.5, 0.25],
            "unit": "um",
            "done": True,
            "size": [4, 6],
            "void": 255,
            "categories": [{"id": 1, "name": CAT[0].name, "synonyms": ["tom"], "colour": [200, 100, 50]}],
        }


def test_ome_xml_has_size_name_and_categories(tmp_path):
    export([sized("nanometer")], tmp_path, "ome-tiff")
    with tifffile.TiffFile(tmp_path / "a_masks.ome.tif") as file:
        assert file.is_ome
        assert file.series[0].axes == "YX"
        assert file.pages[0].photometric == tifffile.PHOTOMETRIC.PALETTE
        xml = ElementTree.fromstring(file.ome_metadata)
    (pixels,) = xml.iter(f"{OME}Pixels")
    assert [pixels.get(f"PhysicalSize{side}") for side in ("Y", "YUnit", "X", "XUnit")] == [
        "0.5",
        "nm",
        "0.25",
        "nm",
    ]
    shown = "Köter, 猫 🧫 <&>"
    values = [(key.get("K"), key.text) for key in xml.iter(f"{OME}M")]
    assert values == [("1", shown)]
    assert [channel.get("Name") for channel in xml.iter(f"{OME}Channel")] == [f"1 {shown}"]
    assert [text.text for text in xml.iter(f"{OME}Description")] == [f"1: {shown}"]


def test_a_unit_that_is_no_length_is_said_and_pixels_are_not(tmp_path):
    assert any("'second'" in note for note in export([sized("second")], tmp_path / "1", "tiff").notes)
    for number, unit in enumerate(("pixel", None), 2):
        assert not export([sized(unit)], tmp_path / str(number), "ome-tiff").notes


def test_units_by_any_name():
    assert unit_of_length("μm") == unit_of_length("Micrometers") == ("micrometer", "µm", 1e-6)
    assert unit_of_length("pixel") is unit_of_length(None) is unit_of_length("second") is None
