"""Masks: the numbers in a file, whatever its palette, codec and orientation, and what is no mask."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_ovseg.errors import InputError
from napari_ovseg.pictures import read_ids

rng = np.random.default_rng(0)
IDS = rng.integers(0, 200, (23, 31), np.uint8)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_indices_of_any_depth_are_not_looked_up(tmp_path, bits):
    ids = IDS & (2**bits - 1)
    picture = Image.fromarray(ids).convert("P")
    picture.putpalette(rng.integers(0, 256, 768, np.uint8).tobytes())
    picture = Image.fromarray(ids)
    picture.putpalette([7, 0, 9] * 256)
    picture.save(tmp_path / "a.png", bits=bits)
    np.testing.assert_array_equal(read_ids(tmp_path / "a.png"), ids)
    picture.save(tmp_path / "a.tif")
    np.testing.assert_array_equal(read_ids(tmp_path / "a.tif"), ids)
    tifffile.imwrite(tmp_path / "b.tif", ids, bitspersample=bits if bits > 1 else None)
    np.testing.assert_array_equal(read_ids(tmp_path / "b.tif"), ids)


def test_grey_of_few_bits_is_not_spread(tmp_path):
    from imagecodecs import png_encode

    plain = tmp_path / "a.png"
    plain.write_bytes(png_encode(IDS))
    np.testing.assert_array_equal(read_ids(plain), IDS)
    # Pillow writes no grey of 4 bits
    import struct
    import zlib

    ids = IDS[:, :30] % 16
    rows = b"".join(b"\0" + bytes(row[::2] << 4 | row[1::2]) for row in ids)
    content = b"\x89PNG\r\n\x1a\n"
    header = struct.pack(">IIBBBBB", 30, 23, 4, 0, 0, 0, 0)
    for chunk in (b"IHDR" + header, b"IDAT" + zlib.compress(rows), b"IEND"):
        content += struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    plain.write_bytes(content)
    np.testing.assert_array_equal(read_ids(plain), ids)


@pytest.mark.parametrize("kind", ["uint8", "uint16", "uint32", "int16", "int32", "bool"])
@pytest.mark.parametrize("codec", [None, "lzw", "zstd"])
def test_every_whole_number(tmp_path, kind, codec):
    ids = (IDS.astype(np.int64) * 150).astype(kind) if kind not in ("uint8", "bool") else IDS.astype(kind)
    tifffile.imwrite(tmp_path / "a.tif", ids, compression=None if kind == "bool" else codec)
    read = read_ids(tmp_path / "a.tif")
    np.testing.assert_array_equal(read, ids)
    assert read.dtype.kind == "u"


def test_white_at_zero_counts_as_it_is_stored(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", IDS, photometric="miniswhite")
    np.testing.assert_array_equal(read_ids(tmp_path / "a.tif"), IDS)


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_ids_are_turned_upright(tmp_path, ending):
    exif = Image.Exif()
    exif[274] = 6
    path = tmp_path / f"a.{ending}"
    more = {"tiffinfo": exif} if ending == "tif" else {"exif": exif}
    Image.fromarray(IDS).save(path, **more)
    np.testing.assert_array_equal(read_ids(path), np.rot90(IDS, -1))


def test_large_masks_are_read(tmp_path, monkeypatch):
    """Pillow alone refuses what is twice its limit as a decompression bomb."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    Image.fromarray(IDS).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_ids(tmp_path / "a.png"), IDS)
    assert Image.MAX_IMAGE_PIXELS == 100


@pytest.mark.parametrize(
    ("save", "why"),
    [
        (lambda at: Image.fromarray(np.zeros((4, 5, 3), np.uint8)).save(at), "has 3 channels"),
        (lambda at: Image.fromarray(np.zeros((4, 5, 2), np.uint8)).save(at), "has 2 channels"),
        (lambda at: tifffile.imwrite(at, np.zeros((4, 5), np.float32)), "holds float32 values"),
        (
            lambda at: tifffile.imwrite(at, np.zeros((3, 4, 5), np.uint8), photometric="minisblack"),
            "has 3 pages",
        ),
        (lambda at: tifffile.imwrite(at, np.full((4, 5), -2, np.int16)), "holds the value -2"),
        (lambda at: at.write_bytes(b"no mask"), "can't be read as a mask"),
    ],
)
def test_what_is_no_mask_is_named(tmp_path, save, why):
    path = tmp_path / "a.tif"
    save(path)
    with pytest.raises(InputError, match=rf"a\.tif {why}"):
        read_ids(path)
