"""The size of a pixel, as programs write it, and what is no size of a pixel."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_ovseg.pictures import read_picture, read_pixel_size

PIXELS = np.arange(60, dtype=np.uint8).reshape(6, 10)


def said(path):
    read = read_picture(path)
    assert (read.pixel_size, read.unit) == read_pixel_size(path)
    return read.pixel_size, read.unit


@pytest.mark.parametrize(
    ("metadata", "wanted"),
    [
        ({"PhysicalSizeX": 0.25, "PhysicalSizeY": 0.5}, ((0.5, 0.25), "micrometer")),
        (
            {
                "PhysicalSizeX": 250,
                "PhysicalSizeXUnit": "nm",
                "PhysicalSizeY": 0.5,
                "PhysicalSizeYUnit": "µm",
            },
            ((500, 250), "nanometer"),
        ),
        (
            {"PhysicalSizeX": 2, "PhysicalSizeXUnit": "mm", "PhysicalSizeY": 2, "PhysicalSizeYUnit": "mm"},
            ((2, 2), "millimeter"),
        ),
        ({"PhysicalSizeX": 1, "PhysicalSizeXUnit": "pixel", "PhysicalSizeY": 1}, (None, None)),
        ({"PhysicalSizeX": 0.25}, (None, None)),
        ({"PhysicalSizeX": -1, "PhysicalSizeY": -1}, (None, None)),
        ({"PhysicalSizeX": "nan", "PhysicalSizeY": 1}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_ome(tmp_path, metadata, wanted):
    tifffile.imwrite(tmp_path / "a.ome.tif", PIXELS, ome=True, metadata=metadata)
    size, unit = said(tmp_path / "a.ome.tif")
    assert unit == wanted[1]
    assert size == (None if wanted[0] is None else pytest.approx(wanted[0]))


@pytest.mark.parametrize("unit", ["um", "micron", "\\u00B5m", "µm", "microns"])
def test_imagej(tmp_path, unit):
    stack = np.stack([PIXELS] * 3).astype(np.uint16)
    description = f"ImageJ=1.54f\nimages=3\nslices=3\nunit={unit}\nloop=false\n".encode("latin-1")
    resolution = {"resolution": (8, 4), "resolutionunit": 1}
    tifffile.imwrite(
        tmp_path / "a.tif",
        stack,
        photometric="minisblack",
        metadata=None,
        description=description,
        **resolution,
    )
    assert said(tmp_path / "a.tif") == ((0.25, 0.125), "micrometer")
    if unit.isascii():
        tifffile.imwrite(tmp_path / "b.tif", stack, imagej=True, metadata={"unit": unit}, **resolution)
        assert said(tmp_path / "b.tif") == ((0.25, 0.125), "micrometer")


@pytest.mark.parametrize("unit", ["pixel", "", "sec"])
def test_imagej_without_a_length(tmp_path, unit):
    tifffile.imwrite(tmp_path / "a.tif", PIXELS, imagej=True, resolution=(8, 4), metadata={"unit": unit})
    assert said(tmp_path / "a.tif") == (None, None)


def test_the_tags_of_tiff_where_they_are_believable(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", PIXELS, resolution=(40_000, 20_000), resolutionunit="CENTIMETER")
    assert said(tmp_path / "a.tif") == ((0.5, 0.25), "micrometer")
    for dots in (1, 72, 96, 300, 1200):
        tifffile.imwrite(tmp_path / "b.tif", PIXELS, resolution=(dots, dots), resolutionunit="INCH")
        assert said(tmp_path / "b.tif") == (None, None)
    tifffile.imwrite(tmp_path / "c.tif", PIXELS, resolution=(0, 0), resolutionunit="INCH")
    assert said(tmp_path / "c.tif") == (None, None)


@pytest.mark.parametrize("ending", ["png", "jpg", "tif"])
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_dots_and_a_turned_picture(tmp_path, ending, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    path = tmp_path / f"a.{ending}"
    more = {"tiffinfo": exif} if ending == "tif" else {"exif": exif}
    Image.fromarray(PIXELS).save(path, dpi=(50_800, 25_400), **more)
    upright = (1, 0.5) if orientation < 5 else (0.5, 1)
    size, unit = said(path)
    assert size == pytest.approx(upright, rel=1e-4)
    assert unit == "micrometer"
    Image.fromarray(PIXELS).save(path, dpi=(300, 300))
    assert said(path) == (None, None)


def test_aperio_and_zeiss(tmp_path):
    tile = {"tile": (16, 16), "photometric": "rgb", "metadata": None}
    slide = np.zeros((32, 48, 3), np.uint8)
    text = "Aperio Image Library v11.2.1 \r\n48x32 -> 48x32 - |AppMag = 20|MPP = 0.4990|Left = 25.6"
    tifffile.imwrite(tmp_path / "a.svs", slide, description=text, **tile)
    assert said(tmp_path / "a.svs") == ((0.499, 0.499), "micrometer")
    text = b"\r\n\r\nAP_IMAGE_PIXEL_SIZE\r\nImage Pixel Size = 3.2 nm\r\n"
    tifffile.imwrite(tmp_path / "sem.tif", PIXELS, extratags=[(34118, "s", 0, text, True)], metadata=None)
    assert said(tmp_path / "sem.tif") == ((3.2, 3.2), "nanometer")
