"""BioIO and ome-types read OME-TIFF and OME-Zarr: ids, physical sizes with their units, names."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.measure import label

from drawn import many
from hard_pictures import CATEGORIES, NAME_OF, PIXEL_SIZE, PLAIN, TURNED, VOID, labels, shown
from napari_ovseg.export import export
from programs import program

bioio = program("bioio")
bioio_ome_tiff = program("bioio_ome_tiff")
bioio_ome_zarr = program("bioio_ome_zarr")
ome_types = program("ome_types")


def plane(read) -> np.ndarray:
    (pixels,) = read.get_image_data("CYX")
    return pixels


def numbered(drawn: np.ndarray) -> np.ndarray:
    return label(np.where(drawn == VOID, 0, drawn), connectivity=2)


@pytest.mark.parametrize("name", [TURNED, PLAIN])
def test_ome_tiff(exported, name):
    read = bioio.BioImage(exported("ome-tiff") / f"{name}_masks.ome.tif")
    assert isinstance(read.reader, bioio_ome_tiff.Reader)
    np.testing.assert_array_equal(plane(read), labels(name == TURNED))
    assert (read.physical_pixel_sizes.Y, read.physical_pixel_sizes.X) == PIXEL_SIZE
    assert read.channel_names[0].startswith("2 🧫 cell, 細胞, 3 ")


@pytest.mark.parametrize("name", [TURNED, PLAIN])
def test_the_xml_is_valid_and_holds_the_names(exported, name):
    read = ome_types.from_tiff(exported("ome-tiff") / f"{name}_masks.ome.tif", validate=True)
    (image,) = read.images
    assert image.name == name
    sizes = [getattr(image.pixels, f"physical_size_{axis}_quantity") for axis in "yx"]
    assert [size.to("nanometer").magnitude for size in sizes] == pytest.approx([500, 250])
    (names,) = read.structured_annotations.map_annotations
    assert {int(key): said for key, said in dict(names.value).items()} == NAME_OF


def test_ome_tiff_of_three_hundred_categories(tmp_path):
    export([many()], tmp_path, "ome-tiff")
    read = bioio.BioImage(tmp_path / "many_masks.ome.tif")
    np.testing.assert_array_equal(plane(read), many().labels)
    (names,) = read.ome_metadata.structured_annotations.map_annotations
    assert dict(names.value) == {str(category.id): category.name for category in many().categories}


def test_things_are_the_second_image_of_ome_tiff(exported):
    for name in (TURNED, PLAIN):
        read = bioio.BioImage(exported("ome-tiff", things=True) / f"{name}_masks.ome.tif")
        assert len(read.scenes) == 2
        np.testing.assert_array_equal(plane(read), labels(name == TURNED))
        read.set_scene(1)
        np.testing.assert_array_equal(plane(read), numbered(labels(name == TURNED)))
        assert (read.physical_pixel_sizes.Y, read.physical_pixel_sizes.X) == PIXEL_SIZE


@pytest.mark.parametrize("name", [TURNED, PLAIN])
def test_ome_zarr_is_the_upright_picture_with_its_labels(exported, name):
    folder = exported("ome-zarr", things=True) / f"{name}.ome.zarr"
    read = bioio.BioImage(folder)
    assert isinstance(read.reader, bioio_ome_zarr.Reader)
    np.testing.assert_array_equal(np.moveaxis(read.get_image_data("CYX"), 0, -1), shown(name == TURNED))
    drawn = labels(name == TURNED)
    for group, expected in {"masks": drawn, "things": numbered(drawn)}.items():
        masks = bioio.BioImage(folder / "labels" / group, reader=bioio_ome_zarr.Reader)
        np.testing.assert_array_equal(plane(masks), expected)
        for each in (read, masks):
            assert (each.physical_pixel_sizes.Y, each.physical_pixel_sizes.X) == PIXEL_SIZE
            assert {str(getattr(each.dimension_properties, axis).unit) for axis in "YX"} == {"micrometer"}


def test_ome_zarr_of_labels_alone_opens_as_an_image(tmp_path):
    export([many()], tmp_path, "ome-zarr")
    np.testing.assert_array_equal(plane(bioio.BioImage(tmp_path / "many.ome.zarr")), many().labels)


def test_colours_are_read_from_the_palette(exported):
    for name in (TURNED, PLAIN):
        with bioio_ome_tiff.reader.TiffFile(exported("ome-tiff") / f"{name}_masks.ome.tif") as file:
            palette = np.asarray(file.pages[0].colormap).T // 257
        for category in CATEGORIES:
            assert tuple(palette[category.id]) == category.colour
