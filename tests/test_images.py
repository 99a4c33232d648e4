from __future__ import annotations

import io

import dask.array as da
import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from napari_ovseg.channel_colours import usual_colours
from napari_ovseg.errors import InputError
from napari_ovseg.images import read_image, to_rgb

rng = np.random.default_rng(0)
RAMP = np.arange(48).reshape(6, 8)


def test_colour_bytes_are_divided_by_255():
    image = rng.integers(0, 256, (5, 7, 3), dtype=np.uint8)
    picture = to_rgb(image)
    assert picture.dtype == np.float32
    np.testing.assert_allclose(picture, image / 255, atol=1e-6)


def test_unit_floats_with_colour_are_kept():
    image = rng.uniform(0.2, 0.8, (5, 7, 3))
    np.testing.assert_allclose(to_rgb(image), image, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.int64, np.float16, np.float64])
def test_greyscale_of_every_dtype_is_stretched(dtype):
    image = (RAMP + (3 if np.issubdtype(dtype, np.unsignedinteger) else -20)).astype(dtype)
    picture = to_rgb(image)
    assert picture.shape == (6, 8, 3)
    np.testing.assert_allclose(picture[..., 0], RAMP / 47, atol=1e-3)
    np.testing.assert_array_equal(picture[..., 0], picture[..., 2])


def test_one_hot_pixel_does_not_darken_the_rest():
    image = np.tile(np.arange(100, dtype=np.float32), (100, 1))
    image[50, 50] = 1e6
    picture = to_rgb(image)
    assert picture[:, 98].mean() > 0.95


def test_a_few_bright_pixels_alone_are_seen():
    image = np.zeros((100, 100), np.uint16)
    image[3, 4] = 900
    assert to_rgb(image)[3, 4].tolist() == [1, 1, 1]


def test_boolean_becomes_black_and_white():
    image = RAMP % 2 == 0
    np.testing.assert_array_equal(to_rgb(image)[..., 1], image)


def test_contrast_limits_replace_the_scaling():
    picture = to_rgb(RAMP, contrast_limits=(10, 20))
    np.testing.assert_allclose(picture[..., 0], np.clip((RAMP - 10) / 10, 0, 1), atol=1e-6)
    colour = rng.integers(0, 256, (5, 7, 3), dtype=np.uint8)
    np.testing.assert_allclose(
        to_rgb(colour, contrast_limits=(0, 510)), colour / 510, atol=1e-6, err_msg="colour too"
    )


def test_sixteen_bit_colour_keeps_its_hue():
    image = np.zeros((10, 10, 3), np.uint16)
    image[5:, :, 0] = 3000
    image[:, 5:, 1] = 1500
    picture = to_rgb(image)
    np.testing.assert_allclose(picture[9, 9], [1, 0.5, 0], atol=1e-3)


def test_grey_stored_as_colour_is_stretched_like_grey():
    dim = (RAMP // 2 + 3).astype(np.uint8)
    np.testing.assert_array_equal(to_rgb(np.stack([dim] * 3, -1)), to_rgb(dim))
    opaque = np.full_like(dim, 255)
    np.testing.assert_array_equal(to_rgb(np.stack([dim, dim, dim, opaque], -1)), to_rgb(dim))


@given(hnp.arrays(np.uint8, (6, 8, 3)))
def test_a_picture_that_is_rgb_already_stays(image):
    try:
        once = to_rgb(image)
    except InputError:
        return
    np.testing.assert_allclose(to_rgb(once), once, atol=1e-5)


def test_alpha_is_composited_over_black():
    image = rng.integers(0, 256, (5, 7, 4), dtype=np.uint8)
    expected = image[..., :3] / 255 * (image[..., 3:] / 255)
    np.testing.assert_allclose(to_rgb(image), expected, atol=1e-6)


@pytest.mark.parametrize("wrap", [np.asarray, lambda a: da.from_array(a, chunks=4), zarr.array])
@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_channels_of_numpy_dask_and_zarr(wrap, axis):
    image = rng.normal(size=(6, 8, 5))
    expected = to_rgb(image, channel_axis=2, channels=[4, 0])
    moved = wrap(np.ascontiguousarray(np.moveaxis(image, 2, axis)))
    picture = to_rgb(moved, channel_axis=axis, channels=[4, 0])
    np.testing.assert_array_equal(picture, expected)
    assert picture[..., 2].max() == 0
    assert picture[..., 0].max() == picture[..., 1].max() == 1


def test_one_channel_is_shown_as_grey():
    image = rng.normal(size=(5, 6, 8))
    np.testing.assert_array_equal(to_rgb(image, channel_axis=0, channels=3), to_rgb(image[3]))
    assert to_rgb(image[:3], channel_axis=0).shape == (6, 8, 3)


def test_only_the_chosen_channel_is_computed():
    read = []

    def plane(block_info=None):
        read.append(block_info[None]["chunk-location"][0])
        return rng.normal(size=(1, 6, 8))

    image = da.map_blocks(plane, chunks=((1,) * 5, (6,), (8,)), dtype=float, meta=np.empty((0, 0, 0)))
    to_rgb(image, channel_axis=0, channels=[3])
    assert read == [3]


@pytest.mark.parametrize(
    ("image", "options", "advice"),
    [
        (None, {}, "one array"),
        ([RAMP, RAMP[::2]], {}, "one array"),
        (np.zeros((1, 1)), {}, "too small"),
        (np.zeros((1, 1, 3), np.uint8), {}, "too small"),
        (np.zeros((1, 50)), {}, "too small"),
        (np.zeros((50, 60)), {}, "all one value"),
        (np.full((50, 60, 3), (200, 0, 0), np.uint8), {}, "all one value"),
        (np.where(RAMP == 7, np.nan, 1.0), {}, "1 values that are NaN or infinite"),
        (np.where(RAMP == 7, -np.inf, 1.0), {}, "NaN or infinite"),
        (np.zeros((0, 5)), {}, "0 in a dimension"),
        (np.zeros((5, 0, 3), np.uint8), {}, "0 in a dimension"),
        (np.zeros((4, 5, 6, 7)), {}, "choose one slice"),
        (np.zeros((4, 50, 60)), {}, "choose one slice"),
        (np.zeros(9), {}, "two-dimensional"),
        (np.zeros((9, 9, 3), np.int32), {}, "rgb=True"),
        (np.zeros((9, 9, 3), np.uint8), {"rgb": False}, "channel_axis"),
        (np.zeros((9, 9, 5)), {"rgb": True}, "rgb=False"),
        (np.zeros((9, 9), complex), {}, "complex128"),
        (np.array([[None, 1], [2, 3]]), {}, "object"),
        (RAMP, {"contrast_limits": (3, 3)}, "lower first"),
        (RAMP, {"contrast_limits": "low"}, "lower first"),
        (RAMP, {"contrast_limits": (100, 200)}, "widen"),
        (RAMP, {"channels": [0]}, "channel_axis=0"),
        (RAMP, {"channel_axis": 0}, "3 axes"),
        (np.zeros((9, 9, 5)), {"channel_axis": 3}, "no axis 3"),
        (np.zeros((9, 9, 5)), {"channel_axis": 2}, "choose up to three"),
        (np.zeros((9, 9, 5)), {"channel_axis": 2, "channels": 5}, "no channel 5"),
        (np.zeros((9, 9, 5)), {"channel_axis": 2, "channels": []}, "one, two or three"),
        (np.zeros((9, 9, 5)), {"channel_axis": 2, "channels": ["red"]}, "whole numbers"),
        (np.zeros((9, 9, 3)), {"channel_axis": 2, "rgb": True}, "not both"),
    ],
)
def test_each_bad_picture_gets_one_sentence(image, options, advice):
    with pytest.raises(InputError, match=advice) as caught:
        to_rgb(image, **options)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


any_dtype = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="?"),
    hnp.unsigned_integer_dtypes(endianness="?"),
    hnp.floating_dtypes(endianness="?"),
    hnp.complex_number_dtypes(),
)
any_array = any_dtype.flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5))
)


@settings(max_examples=400, deadline=None)
@given(
    image=any_array,
    rgb=st.none() | st.booleans(),
    channel_axis=st.none() | st.integers(-4, 4),
    channels=st.none() | st.lists(st.integers(-6, 6), max_size=4),
)
def test_any_array_becomes_a_picture_or_an_input_error(image, rgb, channel_axis, channels):
    before = image.copy()
    try:
        picture = to_rgb(image, rgb=rgb, channel_axis=channel_axis, channels=channels)
    except InputError:
        return
    finally:
        assert image.tobytes() == before.tobytes()
    assert picture.dtype == np.float32
    assert picture.ndim == 3
    assert picture.shape[-1] == 3
    assert 0 <= picture.min() < picture.max() <= 1


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "1", "I;16"])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_files_come_back_as_stored(tmp_path, mode, suffix):
    stored = rng.integers(0, 256, (6, 8, 4), dtype=np.uint8)
    array = {
        "L": stored[..., 0],
        "RGB": stored[..., :3],
        "RGBA": stored,
        "1": stored[..., 0] > 99,
        "I;16": stored[..., 0].astype(np.uint16) * 201,
    }[mode]
    path = tmp_path / f"a{suffix}"
    Image.fromarray(array).save(path)
    np.testing.assert_array_equal(read_image(path), array)


def test_indexed_colours_are_looked_up(tmp_path):
    picture = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)).quantize(7)
    picture.save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), np.asarray(picture.convert("RGB")))


def test_tiff_planes_of_colour_become_the_last_axis(tmp_path):
    image = rng.integers(0, 256, (3, 6, 8), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", image, photometric="rgb", planarconfig="separate")
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), np.moveaxis(image, 0, -1))
    stack = rng.integers(0, 999, (4, 6, 8), dtype=np.uint16)
    tifffile.imwrite(tmp_path / "b.tif", stack, photometric="minisblack")
    np.testing.assert_array_equal(read_image(tmp_path / "b.tif"), stack)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_bad_files_are_named(tmp_path, suffix):
    path = tmp_path / f"bad{suffix}"
    with pytest.raises(InputError, match=r"no file .*bad"):
        read_image(path)
    buffer = io.BytesIO()
    kind = {".png": "png", ".jpg": "jpeg", ".tif": "tiff"}[suffix]
    Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(buffer, kind)
    for content in (b"", b"not a picture", buffer.getvalue()[: len(buffer.getvalue()) // 2]):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"bad.*can't be read as a picture"):
            read_image(path)
    with pytest.raises(InputError, match="is a folder"):
        read_image(tmp_path)


CELLS = np.random.default_rng(3).integers(0, 4000, (4, 20, 30), np.uint16)


def test_channels_in_colours_are_added_up_and_clipped():
    limits = [(0, 4000)] * 4
    picture = to_rgb(
        CELLS, channel_axis=0, colours=["blue", "green", "#ff0000", (0.5, 0.5, 0.5)], contrast_limits=limits
    )
    light = CELLS / 4000
    for part, channel in enumerate((2, 1, 0)):
        expected = np.clip(light[channel] + 0.5 * light[3], 0, 1)
        np.testing.assert_allclose(picture[..., part], expected, atol=1e-5)
    assert picture.dtype == np.float32


def test_red_green_and_blue_are_what_three_channels_are_without_colours():
    plain = to_rgb(CELLS[:3], channel_axis=0)
    np.testing.assert_allclose(
        to_rgb(CELLS, channel_axis=0, channels=[0, 1, 2], colours=usual_colours(3)), plain, atol=1e-6
    )


def test_a_colour_may_be_a_way_from_dark_to_bright():
    inverted = to_rgb(
        CELLS, channel_axis=0, channels=1, colours=[[(1, 1, 1), (0, 0, 0)]], contrast_limits=(0, 4000)
    )
    np.testing.assert_allclose(inverted[..., 0], 1 - CELLS[1] / 4000, atol=1e-5)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"colours": ["red"] * 3}, "3 colours are given for 4 channels"),
        ({"colours": ["mauve"] * 4}, "'mauve' is no colour"),
        ({"colours": ["#12345"] * 4}, "is no colour"),
        ({"colours": [(0, 0, 2)] * 4}, "is no colour"),
        ({"colours": ["red"] * 4, "contrast_limits": [(0, 1)] * 3}, "3 contrast limits"),
        ({"channels": [0, 1, 2, 3]}, "give a colour for each"),
        ({"channel_axis": None, "colours": ["red"]}, "which axis"),
    ],
)
def test_colours_that_can_not_be_are_said(how, words):
    with pytest.raises(InputError, match=words):
        to_rgb(CELLS, **{"channel_axis": 0, **how})
