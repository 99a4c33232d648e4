"""Every colour model is read as Pillow shows it, and as its formula says where Pillow can't."""

from __future__ import annotations

import io

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_ovseg.images import read_image

from .test_picture import COLOURS, SMOOTH, check_as_seen, seen

rng = np.random.default_rng(1)


MODES = {
    "tif": ("L", "LA", "RGB", "RGBA", "P", "PA", "CMYK", "YCbCr", "LAB", "1", "I;16", "F"),
    "png": ("L", "LA", "RGB", "RGBA", "P", "1", "I;16"),
    "jpg": ("L", "RGB", "CMYK", "YCbCr", "1"),
}


@pytest.mark.parametrize(("ending", "mode"), [(ending, mode) for ending in MODES for mode in MODES[ending]])
def test_what_pillow_writes_in_every_mode(tmp_path, ending, mode):
    grey = Image.fromarray(SMOOTH[..., 0])
    picture = {
        "LAB": lambda: Image.frombytes("LAB", (53, 37), COLOURS.tobytes()),
        "I;16": lambda: Image.fromarray(COLOURS[..., 0].astype(np.uint16) * 257),
        "F": lambda: grey.convert("F"),
        "PA": lambda: Image.fromarray(np.dstack([COLOURS[..., 0], COLOURS[..., 1]])).convert("PA"),
    }.get(mode, lambda: Image.fromarray(SMOOTH).convert(mode))()
    picture.save(tmp_path / f"a.{ending}")
    check_as_seen(tmp_path / f"a.{ending}")


@pytest.mark.parametrize("key", [(10, 20, 30), 77, b"\0\x80\xff"])
def test_the_clear_colour_of_a_png(tmp_path, key):
    mode = {int: "L", bytes: "P"}.get(type(key), "RGB")
    Image.fromarray(COLOURS).convert(mode).save(tmp_path / "a.png", transparency=key)
    check_as_seen(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").shape[-1] == 4


@pytest.mark.parametrize("ending", ["gif", "webp", "png"])
def test_of_an_animation_the_first_frame(tmp_path, ending):
    frames = [Image.fromarray(np.roll(SMOOTH, 9 * n, axis=0)) for n in range(3)]
    frames[0].save(tmp_path / f"a.{ending}", save_all=True, append_images=frames[1:])
    check_as_seen(tmp_path / f"a.{ending}")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("bits", "scale"), [(1, 257), (2, 257), (4, 257), (8, 257), (8, 1), (16, 257)])
def test_palettes_of_every_depth(tmp_path, order, bits, scale):
    """`scale` 1: programs that write 8 bits of colour where TIFF wants 16."""
    indices = rng.integers(0, 2**bits, (20, 30)).astype(np.uint8 if bits <= 8 else np.uint16)
    colours = rng.integers(0, 256, (3, 2**bits), np.uint16)
    stored = {"bitspersample": bits} if bits > 1 else {}
    tifffile.imwrite(
        tmp_path / "a.tif", indices if bits > 1 else indices.astype(bool), photometric="minisblack",
        byteorder=order, extratags=[(320, "H", 3 * 2**bits, (colours * scale).ravel(), True)], **stored,
    )  # fmt: skip
    with tifffile.TiffFile(tmp_path / "a.tif", mode="r+") as tiff:
        tiff.pages[0].tags["PhotometricInterpretation"].overwrite(3)
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), colours.T[indices.astype(int)])
    if scale == 257 and bits <= 8:
        check_as_seen(tmp_path / "a.tif")


def test_a_stack_with_a_palette(tmp_path):
    indices = rng.integers(0, 256, (4, 20, 30), np.uint8)
    colours = rng.integers(0, 256, (3, 256), np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", indices, photometric="palette", colormap=colours * 257)
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), colours.T[indices])


@pytest.mark.parametrize("kind", ["uint8", "uint16"])
@pytest.mark.parametrize("planes", ["contig", "separate"])
def test_cmyk(tmp_path, kind, planes):
    inks = rng.integers(0, np.iinfo(kind).max, (20, 30, 4), kind, endpoint=True)
    stored = inks if planes == "contig" else np.moveaxis(inks, -1, 0)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="separated", planarconfig=planes)
    if kind == "uint8":
        check_as_seen(tmp_path / "a.tif")
    whole = np.iinfo(kind).max
    paper = 1 - inks / whole
    wanted = paper[..., :3] * paper[..., 3:] * whole
    assert np.abs(read_image(tmp_path / "a.tif") - wanted).max() <= 1


def test_a_jpeg_that_a_photo_program_inverted(tmp_path):
    """Adobe's marker says that 255 is no ink."""
    content = io.BytesIO()
    Image.fromarray(SMOOTH).convert("CMYK").save(content, "jpeg", quality=95)
    whole = content.getvalue()
    assert b"Adobe" in whole
    (tmp_path / "a.jpg").write_bytes(whole)
    check_as_seen(tmp_path / "a.jpg")
    assert np.abs(read_image(tmp_path / "a.jpg").astype(int) - SMOOTH).mean() < 8


@pytest.mark.parametrize("kind", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("samples", [2, 4])
@pytest.mark.parametrize("alpha", ["unassalpha", "assocalpha", "unspecified"])
def test_alpha_of_tiff(tmp_path, kind, samples, alpha):
    whole = 1 if kind == "float32" else np.iinfo(kind).max
    share = rng.random((20, 30, 1))
    values = (rng.random((20, 30, samples - 1)) * whole).astype(kind)
    stored = values if alpha != "assocalpha" else (values * share).astype(kind)
    clear = (share * whole).astype(kind)
    photometric = "minisblack" if samples == 2 else "rgb"
    tifffile.imwrite(
        tmp_path / "a.tif", np.dstack([stored, clear]), photometric=photometric, planarconfig="contig",
        extrasamples=[alpha],
    )  # fmt: skip
    read = read_image(tmp_path / "a.tif")
    if alpha == "unspecified":
        wanted = np.dstack([stored, clear]) if samples == 2 else stored
        np.testing.assert_array_equal(read, wanted)
        return
    if kind == "uint8" and (samples, alpha) != (2, "assocalpha"):
        np.testing.assert_array_equal(read, seen(tmp_path / "a.tif"))
    assert read.shape == (20, 30, 4)
    np.testing.assert_array_equal(read[..., 3], clear[..., 0])
    dense = clear[..., 0] > 0.2 * whole
    assert np.abs(read[..., :3].astype(float) - values)[dense].max() <= (6 if whole > 1 else 1e-5)


@pytest.mark.parametrize("bits", [2, 4, 12])
@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
def test_grey_of_few_bits(tmp_path, bits, photometric):
    values = rng.integers(0, 2**bits, (20, 30)).astype(np.uint8 if bits < 8 else np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", values, bitspersample=bits, photometric=photometric)
    shown = values if photometric == "minisblack" else 2**bits - 1 - values
    np.testing.assert_array_equal(
        read_image(tmp_path / "a.tif"), shown * (255 // (2**bits - 1) if bits < 8 else 1)
    )
    if bits < 8:
        check_as_seen(tmp_path / "a.tif")


def test_lab_of_sixteen_bits(tmp_path):
    signed = np.asarray(Image.fromarray(SMOOTH).convert("LAB")).astype(np.uint16)
    shifted = signed ^ np.array([0, 128, 128], np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", signed * 256, photometric="cielab")
    tifffile.imwrite(tmp_path / "b.tif", shifted * 256, photometric="icclab")
    for name in "ab":
        assert np.abs(read_image(tmp_path / f"{name}.tif").astype(int) - SMOOTH).mean() < 8


@pytest.mark.parametrize("subsampling", [(1, 1), (2, 2), (2, 1)])
@pytest.mark.parametrize("compression", ["jpeg", "tiff_lzw", "raw"])
def test_ycbcr(tmp_path, subsampling, compression):
    picture = Image.fromarray(SMOOTH).convert("YCbCr")
    if compression == "jpeg":
        tifffile.imwrite(
            tmp_path / "a.tif", SMOOTH, photometric="ycbcr", subsampling=subsampling, compression="jpeg"
        )
    else:
        picture.save(tmp_path / "a.tif", compression=compression)
    check_as_seen(tmp_path / "a.tif", tolerance=3)


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("most", [255, 4095, 65535])
@pytest.mark.parametrize("bands", [1, 3])
def test_netpbm_of_sixteen_bits_is_big_endian_and_exact(tmp_path, raw, most, bands):
    values = rng.integers(0, most, (20, 30, bands), np.uint16, endpoint=True)
    head = (
        f"P{(5 if bands == 1 else 6) if raw else (2 if bands == 1 else 3)}\n# said\n30 20\n{most}\n".encode()
    )
    body = (
        values.astype(">u2" if most > 255 else np.uint8).tobytes()
        if raw
        else " ".join(map(str, values.ravel())).encode()
    )
    (tmp_path / "a.ppm").write_bytes(head + body)
    read = read_image(tmp_path / "a.ppm")
    if raw or most == 255:
        np.testing.assert_array_equal(read, values.squeeze())


def test_pages_levels_and_layouts_of_tiff(tmp_path):
    large = np.tile(COLOURS, (4, 4, 1))
    with tifffile.TiffWriter(tmp_path / "sub.ome.tif") as file:
        file.write(large, subifds=1, photometric="rgb", tile=(32, 32))
        file.write(large[::2, ::2], subfiletype=1, photometric="rgb", tile=(32, 32))
    with tifffile.TiffWriter(tmp_path / "small_first.tif") as file:
        file.write(large[::2, ::2], subfiletype=1, photometric="rgb")
        file.write(large, photometric="rgb")
    tifffile.imwrite(
        tmp_path / "big.tif", large, photometric="rgb", bigtiff=True, byteorder=">", rowsperstrip=7
    )
    tifffile.imwrite(tmp_path / "row.tif", large[:1], photometric="rgb")
    for name, wanted in {"sub.ome": large, "small_first": large, "big": large, "row": large[:1]}.items():
        np.testing.assert_array_equal(read_image(tmp_path / f"{name}.tif"), wanted)
    hyperstack = rng.integers(0, 999, (2, 3, 4, 20, 30), np.uint16)
    tifffile.imwrite(tmp_path / "hyper.tif", hyperstack, imagej=True, metadata={"axes": "TZCYX"})
    np.testing.assert_array_equal(read_image(tmp_path / "hyper.tif"), hyperstack)
    # what a file is called does not say what it is
    (tmp_path / "hyper.tif").rename(tmp_path / "hyper.png")
    np.testing.assert_array_equal(read_image(tmp_path / "hyper.png"), hyperstack)


@pytest.mark.parametrize("kind", ["uint16", "uint8"])
def test_jpeg_2000_keeps_what_it_has(tmp_path, kind):
    from imagecodecs import jpeg2k_encode

    values = rng.integers(0, np.iinfo(kind).max, (20, 30, 3), kind)
    (tmp_path / "a.jp2").write_bytes(jpeg2k_encode(values, level=0, reversible=True))
    np.testing.assert_array_equal(read_image(tmp_path / "a.jp2"), values)
