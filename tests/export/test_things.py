"""One id per thing, and the table of them, read by other libraries."""

from __future__ import annotations

import csv
import time
from xml.etree import ElementTree

import numpy as np
import pandas
import pytest
import skimage.io
import tifffile
from hypothesis import given, settings
from PIL import Image
from scipy import ndimage

from drawn import labelled
from napari_ovseg.errors import InputError
from napari_ovseg.export import export
from napari_ovseg.export import things as things_module
from napari_ovseg.export.things import colours_at_random, table_text
from napari_ovseg.labelled import LabelledPicture, NamedLabel

CATS = (NamedLabel(1, "cat", (200, 100, 50)), NamedLabel(7, "Köter", (1, 2, 3)))


def blobs(name: str = "a", **more) -> LabelledPicture:
    labels = np.zeros((60, 80), np.uint8)
    labels[5:15, 5:25] = 1
    labels[30:40, 30:60] = 7
    labels[50:, 70:] = 1
    labels[0, 0] = 255
    return LabelledPicture(name, labels, CATS, **more)


@settings(max_examples=15, deadline=None)
@given(labelled())
def test_each_connected_region_has_an_id_and_a_row(tmp_path_factory, one):
    folder = tmp_path_factory.mktemp("things")
    export([one], folder, "things-tiff")
    things = skimage.io.imread(folder / "a_things.tif")
    assert things.dtype == np.uint16
    with Image.open(folder / "a_things.tif") as file:
        np.testing.assert_array_equal(np.asarray(file), things)
    table = pandas.read_csv(folder / "a_things.csv", keep_default_na=False)
    expected = np.zeros(one.labels.shape, int)
    for category in one.categories:
        regions, count = ndimage.label(one.labels == category.id, np.ones((3, 3)))
        for number in range(1, count + 1):
            (value,) = np.unique(things[regions == number])
            expected[regions == number] = value
            (row,) = table[table["id"] == value].to_dict("records")
            assert (row["category_id"], row["area_px"]) == (category.id, (regions == number).sum())
            assert row["category"].removeprefix("'") == category.name
    np.testing.assert_array_equal(things, expected)
    assert len(table) == len(np.unique(expected[expected > 0]))


def test_imagej_finds_size_and_colours(tmp_path):
    export([blobs(pixel_size=(0.5, 0.25), unit="um")], tmp_path, "things-tiff")
    with tifffile.TiffFile(tmp_path / "a_things.tif") as file:
        found, page = file.imagej_metadata, file.pages[0]
        assert page.tags["ColorMap"].count == 768
        assert (found["unit"], found["min"], found["max"]) == ("um", 0, 255)
        assert page.tags["XResolution"].value[0] / page.tags["XResolution"].value[1] == pytest.approx(4)
    shades = colours_at_random(256)
    assert shades[0].tolist() == [0, 0, 0]
    assert len(np.unique(shades, axis=0)) == 256


def test_the_table_has_units_intensities_and_says_what_is_missing(tmp_path):
    Image.fromarray(np.arange(4800, dtype=np.uint16).reshape(60, 80)).save(tmp_path / "p.png")
    one = blobs(picture_path=tmp_path / "p.png", pixel_size=(0.5, 0.5), unit="micrometer")
    assert not any("intensities" in note for note in export([one], tmp_path / "o", "things-tiff").notes)
    with (tmp_path / "o" / "a_things.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["category"] for row in rows] == ["cat", "Köter", "cat"]
    assert [float(row["area_um2"]) for row in rows] == [50, 75, 25]
    assert float(rows[0]["mean_intensity"]) == 80 * 9.5 + 14.5
    assert [row["touches_edge"] for row in rows] == ["false", "false", "true"]
    assert any("intensities" in note for note in export([blobs("b")], tmp_path / "p", "things-tiff").notes)


def test_a_spreadsheet_opens_the_table_and_runs_nothing():
    assert (
        table_text({"id": np.array([1]), "category": np.array(["cat"], object)}) == "id,category\r\n1,cat\r\n"
    )
    names = np.array(["=1+1", "+x", "-y", "@z", 'a,b\n"c"', "é"], object)
    text = table_text({"id": np.arange(6), "category": names})
    assert text.startswith("\ufeffid")
    read = [row[1] for row in csv.reader(text.removeprefix("\ufeff").splitlines(keepends=True))][1:]
    assert read == ["'=1+1", "'+x", "'-y", "'@z", 'a,b\n"c"', "é"]
    assert table_text({"x": np.array([1234567.25, 0.1, np.nan])}).split() == ["x", "1234567", "0.1", '""']


def test_more_things_than_16_bits_hold(tmp_path, monkeypatch):
    # measuring so many takes a minute, and is not what is asked here
    monkeypatch.setattr(things_module, "measured", lambda things, item, dataset: {"id": np.arange(3)})
    labels = np.zeros((514, 514), np.uint8)
    labels[::2, ::2] = 1
    export([LabelledPicture("a", labels, CATS)], tmp_path, "things-tiff")
    things = skimage.io.imread(tmp_path / "a_things.tif")
    assert things.dtype == np.uint32
    assert things.max() == len(np.unique(things)) - 1 == 257**2


def test_smallest_area_and_touching_are_obeyed(tmp_path):
    yy, xx = np.mgrid[:40, :80]
    two = ((yy - 20) ** 2 + (xx - 25) ** 2 < 225) | ((yy - 20) ** 2 + (xx - 51) ** 2 < 225)
    labels = two.astype(np.uint8)
    labels[0, 0] = 1
    one = LabelledPicture("a", labels, CATS)
    for number, (options, count) in enumerate(
        [({}, 2), ({"split_touching": True}, 3), ({"smallest_area": 2}, 1)]
    ):
        export([one], tmp_path / str(number), "things-tiff", **options)
        assert tifffile.imread(tmp_path / str(number) / "a_things.tif").max() == count


def test_ome_tiff_has_them_as_a_second_image_on_request(tmp_path):
    export([blobs(pixel_size=(0.5, 0.25), unit="um")], tmp_path, "ome-tiff", things=True, smallest_area=150)
    with tifffile.TiffFile(tmp_path / "a_masks.ome.tif") as file:
        masks, things = (series.asarray() for series in file.series)
        assert [series.axes for series in file.series] == ["YX", "YX"]
        xml = ElementTree.fromstring(file.ome_metadata)
    np.testing.assert_array_equal(masks, blobs().labels)
    np.testing.assert_array_equal(
        things > 0, ndimage.binary_opening(masks == 1, np.ones((9, 19))) | (masks == 7)
    )
    images = xml.findall("{*}Image")
    assert [image.get("Name") for image in images] == ["a", "a things"]
    assert {pixels.get("PhysicalSizeX") for pixels in xml.findall(".//{*}Pixels")} == {"0.25"}
    reference = images[1].find("{*}AnnotationRef").get("ID")
    (note,) = [note for note in xml.findall(".//{*}MapAnnotation") if note.get("ID") == reference]
    assert [(key.get("K"), key.text) for key in note.findall(".//{*}M")] == [("1", "1"), ("2", "7")]


def test_formats_without_a_place_for_both_say_so(tmp_path):
    with pytest.raises(InputError, match="no place for things"):
        export([blobs()], tmp_path, "png", things=True)
    with pytest.raises(InputError, match="holds every pixel of each category"):
        export([blobs()], tmp_path, "ome-tiff", smallest_area=3)


def test_a_thousand_things_take_seconds(tmp_path):
    yy, xx = np.mgrid[:560, :560] % 14 - 7
    one = LabelledPicture("a", (yy**2 + xx**2 < 36).astype(np.uint8), CATS)
    start = time.process_time()
    export([one], tmp_path, "things-tiff")
    assert time.process_time() - start < 10
    assert tifffile.imread(tmp_path / "a_things.tif").max() > 1500
