"""imageio, scikit-image, tifffile and Pillow: ids as they are stored, ImageJ's own metadata, tables."""

from __future__ import annotations

import imageio.v3 as iio
import numpy as np
import pandas
import pytest
import skimage.io
import tifffile
from PIL import Image

from drawn import many
from hard_pictures import CATEGORIES, COLOUR_OF, NAME_OF, PIXEL_SIZE, PLAIN, TURNED, VOID, labels, things
from napari_ovseg.export import export

FILES = [("tiff", "_masks.tif"), ("ome-tiff", "_masks.ome.tif")]


@pytest.mark.parametrize(("format", "ending"), [*FILES, ("png", "_masks.png")])
@pytest.mark.parametrize("name", [TURNED, PLAIN])
def test_ids_and_palette(exported, format, ending, name):
    path = exported(format) / f"{name}{ending}"
    with Image.open(path) as file:
        assert file.mode == "P"
        np.testing.assert_array_equal(np.asarray(file), labels(name == TURNED))
        palette = np.reshape(file.getpalette("RGB"), (-1, 3))
    for number, colour in COLOUR_OF.items():
        assert tuple(palette[number]) == colour
    if format != "png":
        for read in (iio.imread(path), skimage.io.imread(path), tifffile.imread(path)):
            np.testing.assert_array_equal(read, labels(name == TURNED))


@pytest.mark.parametrize(("format", "ending"), [*FILES, ("png", "_masks.png")])
def test_ids_of_16_bits(tmp_path, format, ending):
    export([many()], tmp_path, format)
    path = tmp_path / f"many{ending}"
    with Image.open(path) as file:
        np.testing.assert_array_equal(np.asarray(file), many().labels)
    for read in (iio.imread(path), skimage.io.imread(path)):
        np.testing.assert_array_equal(read, many().labels)


@pytest.mark.parametrize(("format", "ending"), [("tiff", "_masks.tif"), ("things-tiff", "_things.tif")])
def test_imagej_is_told_size_unit_and_names(exported, format, ending):
    for name in (TURNED, PLAIN):
        with tifffile.TiffFile(exported(format) / f"{name}{ending}") as file:
            assert file.is_imagej
            said, tags = file.imagej_metadata, file.pages[0].tags
            density = [np.divide(*tags[tag].value) for tag in ("YResolution", "XResolution")]
        np.testing.assert_allclose(density, np.reciprocal(PIXEL_SIZE))
        assert said["unit"] == "um"
        if format == "tiff":
            lines = said["Info"].splitlines()
            assert {f"{category.id}: {category.name}" for category in CATEGORIES} <= set(lines)


@pytest.mark.parametrize("name", [TURNED, PLAIN])
def test_the_table_says_what_each_thing_is(exported, name):
    folder = exported("things-tiff")
    regions = tifffile.imread(folder / f"{name}_things.tif")
    table = pandas.read_csv(folder / f"{name}_things.csv", keep_default_na=False)
    left = [(number, mask.tobytes()) for number, mask in things(labels(name == TURNED))]
    assert table["id"].tolist() == list(range(1, regions.max() + 1))
    for row in table.itertuples():
        mask = regions == row.id
        left.remove((row.category_id, mask.tobytes()))
        # An apostrophe keeps spreadsheets from running a name.
        assert row.category.removeprefix("'") == NAME_OF[row.category_id]
        assert row.area_px == mask.sum()
        assert row.area_um2 == pytest.approx(mask.sum() * np.prod(PIXEL_SIZE))
        rows, columns = np.nonzero(mask)
        assert (row.centroid_y_um, row.centroid_x_um) == pytest.approx(
            (rows.mean() * PIXEL_SIZE[0], columns.mean() * PIXEL_SIZE[1])
        )
    assert not left


@pytest.mark.parametrize("name", [TURNED, PLAIN])
def test_numpy_reads_the_archive_without_pickles(exported, name):
    with np.load(exported("npz") / f"{name}.ovseg.npz", allow_pickle=False) as read:
        np.testing.assert_array_equal(read["labels"], labels(name == TURNED))
        assert dict(zip(read["ids"].tolist(), read["names"].tolist(), strict=True)) == NAME_OF
        assert read["void"] == VOID
