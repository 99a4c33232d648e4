"""Pictures are read as they are shown: Pillow is the judge of 8 bits, exact values of the rest."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from napari_ovseg.errors import InputError
from napari_ovseg.images import read_image
from napari_ovseg.pictures import picture_size, read_flat_picture, read_picture

rng = np.random.default_rng(0)
COLOURS = rng.integers(0, 256, (37, 53, 3), np.uint8)
# Neighbours are alike, so that lossy codecs keep something.
SMOOTH = np.asarray(Image.fromarray(COLOURS[:7, :9]).resize((53, 37), Image.Resampling.BICUBIC))


def seen(path):
    """What Pillow shows, upright."""
    with Image.open(path) as picture:
        upright = ImageOps.exif_transpose(picture)
        clear = upright.has_transparency_data and upright.mode != "I;16"
        other = upright.mode in {"P", "PA", "LA", "CMYK", "YCbCr", "LAB"}
        return np.asarray(upright.convert("RGBA" if clear else "RGB") if clear or other else upright)


def check_as_seen(path, tolerance=0):
    pixels = read_picture(path).pixels
    wanted = seen(path)
    assert pixels.shape == wanted.shape
    assert np.abs(pixels.astype(int) - wanted.astype(int)).max() <= tolerance
    assert picture_size(path) == wanted.shape[:2]


@pytest.mark.parametrize("orientation", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 65535])
@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif", "mpo", "avif"])
def test_every_orientation_is_turned_upright(tmp_path, orientation, ending):
    exif = Image.Exif()
    exif[274] = orientation
    path = tmp_path / f"a.{ending}"
    if ending == "tif":
        tifffile.imwrite(path, COLOURS, photometric="rgb", extratags=[(274, "H", 1, orientation, True)])
    elif ending == "mpo":
        page = Image.fromarray(SMOOTH)
        page.save(path, exif=exif, save_all=True, append_images=[page])
    else:
        Image.fromarray(SMOOTH).save(path, exif=exif)
    check_as_seen(path)


def test_an_orientation_after_the_pixels_of_a_png_counts(tmp_path):
    exif = Image.Exif()
    exif[274] = 6
    content = io.BytesIO()
    Image.fromarray(COLOURS).save(content, "png")
    told = b"eXIf" + exif.tobytes()[6:]
    chunk = struct.pack(">I", len(told) - 4) + told + struct.pack(">I", zlib.crc32(told))
    whole = content.getvalue()
    (tmp_path / "a.png").write_bytes(whole[:-12] + chunk + whole[-12:])
    check_as_seen(tmp_path / "a.png")
    assert picture_size(tmp_path / "a.png") == (53, 37)


@pytest.mark.parametrize("orientation", [3, 6, 7])
def test_stacks_are_turned_page_by_page(tmp_path, orientation):
    stack = rng.integers(0, 999, (4, 6, 8), np.uint16)
    tags = [(274, "H", 1, orientation, True)]
    tifffile.imwrite(tmp_path / "a.tif", stack, photometric="minisblack", extratags=tags)
    turned = {3: np.rot90(stack, 2, (1, 2)), 6: np.rot90(stack, -1, (1, 2)), 7: np.rot90(stack, 2, (1, 2))}
    wanted = turned[orientation] if orientation != 7 else turned[7].transpose(0, 2, 1)
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), wanted)
    assert picture_size(tmp_path / "a.tif") == wanted.shape[1:]


@pytest.mark.parametrize(
    "compression",
    ["tiff_lzw", "jpeg", "tiff_deflate", "tiff_adobe_deflate", "packbits", "zstd", "lzma"],
)
def test_codecs_of_colour(tmp_path, compression):
    Image.fromarray(SMOOTH).save(tmp_path / "a.tif", compression=compression)
    check_as_seen(tmp_path / "a.tif")


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt", "packbits", "tiff_lzw"])
@pytest.mark.parametrize("white", [0, 1])
def test_codecs_of_black_and_white(tmp_path, compression, white):
    picture = Image.fromarray(SMOOTH).convert("1")
    picture.save(tmp_path / "a.tif", compression=compression, tiffinfo={262: white})
    check_as_seen(tmp_path / "a.tif")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["uint8", "uint16", "uint32", "int16", "float32"])
@pytest.mark.parametrize("codec", [None, "lzw", "zlib"])
def test_numbers_stay_exact_in_either_byte_order(tmp_path, order, kind, codec):
    dtype = np.dtype(kind)
    values = (rng.random((20, 30)) * 60_000).astype(dtype)
    options = {"photometric": "minisblack", "byteorder": order, "compression": codec}
    tifffile.imwrite(tmp_path / "a.tif", values, predictor=codec is not None, **options)
    read = read_image(tmp_path / "a.tif")
    np.testing.assert_array_equal(read, values)
    assert read.dtype == dtype


@pytest.mark.parametrize("kind", ["uint8", "uint16"])
def test_codecs_that_only_tifffile_writes(tmp_path, kind):
    values = rng.integers(0, np.iinfo(kind).max, (20, 30, 3), kind)
    lossless = {"webp": {"lossless": True}, "jpeg2000": {"reversible": True, "level": 0}, "jpegxl": None}
    for codec, how in lossless.items():
        if (codec, kind) != ("webp", "uint16"):
            options = {"photometric": "rgb", "compression": codec, "compressionargs": how}
            tifffile.imwrite(tmp_path / f"{codec}.tif", values, **options)
            np.testing.assert_array_equal(read_image(tmp_path / f"{codec}.tif"), values)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["uint8", "uint16", "uint32"])
def test_white_at_zero_is_turned_round(tmp_path, order, kind):
    values = rng.integers(0, np.iinfo(kind).max, (20, 30), kind, endpoint=True)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="miniswhite", byteorder=order)
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), np.iinfo(kind).max - values)


def test_a_sixteen_bit_png_keeps_every_bit(tmp_path):
    from imagecodecs import png_encode

    for samples in (1, 2, 3, 4):
        values = rng.integers(0, 65536, (20, 30, samples), np.uint16)
        (tmp_path / "a.png").write_bytes(png_encode(values.squeeze()))
        wanted = values[..., [0, 0, 0, 1]] if samples == 2 else values.squeeze()
        np.testing.assert_array_equal(read_image(tmp_path / "a.png"), wanted)


def test_bad_claims_are_refused_before_memory_is_taken(tmp_path):
    content = io.BytesIO()
    Image.fromarray(COLOURS).save(content, "png")
    whole = bytearray(content.getvalue())
    header = b"IHDR" + struct.pack(">II", 200_000, 200_000) + whole[24:29]
    whole[12:33] = header + struct.pack(">I", zlib.crc32(header))
    (tmp_path / "a.png").write_bytes(whole)
    for read in (read_picture, picture_size):
        with pytest.raises(InputError, match=r"a\.png can't be read as a picture: it claims 200000 x 200000"):
            read(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("shape", "how", "held"),
    [
        ((5, 2, 20, 30), {"imagej": True, "metadata": {"axes": "ZCYX"}}, "5 slices of 2 channels"),
        ((2, 20, 30), {"imagej": True, "metadata": {"axes": "TYX"}}, "2 times"),
        ((4, 20, 30), {"photometric": "minisblack"}, "4 planes"),
        ((20, 30, 5), {"metadata": {"axes": "YXC"}}, "5 channels"),
        ((20, 30, 4), {"photometric": "minisblack", "planarconfig": "contig"}, "4 channels"),
        ((2, 20, 30, 3), {"photometric": "rgb"}, "2 planes"),
    ],
)
def test_what_is_no_flat_picture_is_told_by_what_it_holds(tmp_path, shape, how, held):
    path = tmp_path / "cells.tif"
    tifffile.imwrite(path, np.zeros(shape, np.uint8), **how)
    with pytest.raises(InputError, match=f"cells.tif holds {held}, and one picture a file"):
        read_flat_picture(path)


def test_colours_with_and_without_alpha_are_flat(tmp_path):
    for count in (3, 4):
        tifffile.imwrite(tmp_path / "colours.tif", np.zeros((20, 30, count), np.uint8), photometric="rgb")
        assert read_flat_picture(tmp_path / "colours.tif").has_colours
