"""Damaged files give pixels or our own error, in bounded time and memory; wild sizes are refused."""

from __future__ import annotations

import contextlib
import io
import os
import struct
import zlib
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from napari_ovseg.errors import InputError
from napari_ovseg.pictures import (
    limits,
    picture_size,
    read_ids,
    read_picture,
    read_pixel_size,
    stored_as_shown,
)

pytestmark = pytest.mark.filterwarnings("ignore")
PIXELS = np.asarray(
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (5, 6, 3), np.uint8)).resize((40, 30))
)
READERS = (read_picture, picture_size, read_ids, read_pixel_size, stored_as_shown)


def check(read, path):
    """Read, or be refused with the name of the file; any other exception fails the test."""
    said = str(path)
    with contextlib.suppress(InputError):
        try:
            read(path)
        except InputError as error:
            said = str(error)
            raise
    assert str(path) in said


def by_pillow(kind, mode="RGB", **options):
    content = io.BytesIO()
    Image.fromarray(PIXELS).convert(mode).save(content, kind, **options)
    return content.getvalue()


def by_tifffile(pixels=PIXELS, **options):
    content = io.BytesIO()
    tifffile.imwrite(content, pixels, **options)
    return content.getvalue()


WHOLE = {
    "png": by_pillow("png"),
    "jpeg": by_pillow("jpeg"),
    "webp": by_pillow("webp"),
    "gif": by_pillow("gif"),
    "ppm": by_pillow("ppm"),
    "lzw": by_pillow("tiff", compression="tiff_lzw"),
    "tiff-jpeg": by_pillow("tiff", compression="jpeg"),
    "fax": by_pillow("tiff", "1", compression="group4"),
    "cmyk": by_pillow("tiff", "CMYK"),
    "palette": by_pillow("tiff", "P"),
    "tiles": by_tifffile(tile=(16, 16), compression="zlib", photometric="rgb"),
    "ome": by_tifffile(ome=True, photometric="rgb", metadata={"PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5}),
    "imagej": by_tifffile(
        PIXELS.astype(np.uint16)[..., 0], imagej=True, resolution=(2, 2), metadata={"unit": "um"}
    ),
    "big": by_tifffile(bigtiff=True, byteorder=">", photometric="rgb"),
}
CASES = int(os.environ.get("OVSEG_WILD_CASES", "0"))


@pytest.mark.parametrize("kind", WHOLE)
@settings(max_examples=CASES or 12, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_damaged_files_give_pixels_or_our_error(tmp_path, kind, data):
    content = bytearray(WHOLE[kind])
    if data.draw(st.booleans(), "cut"):
        content = content[: data.draw(st.integers(0, len(content)), "length")]
    for _ in range(data.draw(st.integers(0, 4), "flips")):
        # the front and the end hold what a file claims
        place = data.draw(st.integers(0, 5000) | st.integers(-60, 60), "place")
        if content:
            content[place % len(content)] = data.draw(
                st.sampled_from([0, 1, 127, 128, 255]) | st.integers(0, 255)
            )
    path = tmp_path / f"a.{kind}"
    path.write_bytes(content)
    for read in READERS:
        check(read, path)


@settings(max_examples=CASES or 40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from([b"", b"II*\0", b"MM\0+", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"P5 ", b"GIF89a"]),
    st.binary(),
)
def test_random_bytes(tmp_path, start, rest):
    path = tmp_path / "a.tif"
    path.write_bytes(start + rest)
    for read in READERS:
        check(read, path)


def wild_png(path):
    header = b"IHDR" + struct.pack(">IIBBBBB", 200_000, 200_000, 8, 2, 0, 0, 0)
    whole = bytearray(WHOLE["png"])
    whole[12:33] = header + struct.pack(">I", zlib.crc32(header))
    path.write_bytes(whole)


def wild_tiff(kind):
    def write(path):
        path.write_bytes(WHOLE[kind])
        with tifffile.TiffFile(path, mode="r+") as tiff:
            for name in ("ImageWidth", "ImageLength"):
                tiff.pages[0].tags[name].overwrite(200_000, dtype="I")

    return write


WILD = {
    "png": wild_png,
    "ppm": lambda path: path.write_bytes(b"P6 200000 200000 255\n" + bytes(99)),
    "gif": lambda path: path.write_bytes(WHOLE["gif"][:6] + b"\xff\xff\xff\xff" + WHOLE["gif"][10:]),
    **{kind: wild_tiff(kind) for kind in ("lzw", "tiff-jpeg", "fax", "cmyk", "tiles")},
}


@pytest.mark.parametrize("kind", WILD)
@pytest.mark.parametrize("read", [read_picture, picture_size, read_ids], ids=lambda read: read.__name__)
def test_wild_sizes_are_refused_before_memory_is_taken(tmp_path, monkeypatch, kind, read):
    monkeypatch.setattr(limits.psutil, "virtual_memory", lambda: SimpleNamespace(available=2**30))
    path = tmp_path / f"a.{kind}"
    WILD[kind](path)
    with pytest.raises(InputError, match=r"claims .* and is too short to hold them|GB are free"):
        read(path)


def test_a_large_picture_of_one_colour_is_genuine(tmp_path):
    """Nothing is as short for its size, and Pillow's own limit stops it."""
    large = np.zeros((13_500, 13_500), np.uint8)
    Image.fromarray(large).save(tmp_path / "a.png", compress_level=9)
    assert picture_size(tmp_path / "a.png") == large.shape
    assert not read_picture(tmp_path / "a.png").pixels.any()
    tifffile.imwrite(tmp_path / "a.tif", large, compression="zlib", compressionargs={"level": 9})
    assert picture_size(tmp_path / "a.tif") == large.shape


def test_a_codec_that_is_missing_is_named(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", PIXELS, photometric="rgb")
    with tifffile.TiffFile(tmp_path / "a.tif", mode="r+") as tiff:
        tiff.pages[0].tags["Compression"].overwrite(34661)
    with pytest.raises(InputError, match=r"a\.tif is compressed with JBIG, which can't be read here"):
        read_picture(tmp_path / "a.tif")
    heic = b"\0\0\0\x18ftypheic" + bytes(40)
    (tmp_path / "a.heic").write_bytes(heic)
    with pytest.raises(InputError, match="pillow-heif"):
        read_picture(tmp_path / "a.heic")


def test_programs_are_never_run(tmp_path):
    (tmp_path / "a.eps").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n")
    with pytest.raises(InputError, match="can't be read as a picture"):
        read_picture(tmp_path / "a.eps")
