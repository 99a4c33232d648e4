"""Pictures that are read in parts: the same as the whole picture read at once, and never read whole."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ovseg.errors import InputError
from napari_ovseg.images import to_rgb
from napari_ovseg.views import lazy_picture
from napari_ovseg.views.lazy_picture import LazyPicture
from napari_ovseg.views.opened import open_lazily
from napari_ovseg.views.source import WHOLE, PictureInMemory, box_of

KINDS = {
    "grey 8": ((37, 53), np.uint8),
    "grey 16": ((37, 53), np.uint16),
    "grey float": ((37, 53), np.float32),
    "colours 8": ((37, 53, 3), np.uint8),
    "colours 16": ((37, 53, 3), np.uint16),
    "with alpha": ((53, 37, 4), np.uint8),
}


def picture_of(kind: str) -> np.ndarray:
    shape, dtype = KINDS[kind]
    values = np.random.default_rng(3).gamma(2, 30, shape)
    return (
        values.astype(dtype) if dtype == np.float32 else np.clip(values, 0, np.iinfo(dtype).max).astype(dtype)
    )


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(sorted(KINDS)),
    corners=st.lists(st.floats(0, 1), min_size=4, max_size=4),
    side=st.integers(1, 80),
    block=st.sampled_from([1, 7, 2048]),
)
def test_a_part_is_as_in_the_whole_picture(kind, corners, side, block):
    picture = picture_of(kind)
    (top, bottom), (left, right) = sorted(corners[:2]), sorted(corners[2:])
    box = (min(top, 0.99), min(left, 0.99), bottom, right)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lazy_picture, "_BLOCK", block)
        found = LazyPicture([picture]).read(box, side=side)
    expected = PictureInMemory(to_rgb(picture)).read(box, side=side)
    np.testing.assert_allclose(found, expected, atol=2e-6)
    assert found.dtype == np.float32


def test_a_box_of_pixels_touches_just_these():
    source = LazyPicture([np.arange(101 * 7).reshape(101, 7).astype(np.uint16)], limits=(0, 707))
    for top, bottom in ((0, 1), (50, 51), (99, 101), (0, 101)):
        found = source.read(box_of(slice(top, bottom), slice(2, 5), source.size), side=101)
        assert found.shape == (bottom - top, 3, 3)
        np.testing.assert_allclose(found[0, 0] * 707, top * 7 + 2, rtol=1e-5)


class Counted:
    """An array that says how many pixels were read of it at once at most."""

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.shape, self.dtype, self.most = values, values.shape, values.dtype, 0

    def __getitem__(self, index):
        found = self.values[index]
        self.most = max(self.most, found.shape[0] * found.shape[1])
        return found


def test_the_coarsest_level_that_is_fine_enough_is_read(monkeypatch):
    monkeypatch.setattr(lazy_picture, "_BLOCK", 64)
    fine = np.random.default_rng(0).integers(0, 255, (400, 600)).astype(np.uint8)
    levels = [Counted(fine), Counted(fine[::2, ::2]), Counted(fine[::4, ::4])]
    source = LazyPicture(levels, limits=(0, 255))
    assert source.read(side=150).shape == (100, 150, 3)
    assert [level.most for level in levels] == [0, 0, 64 * 64]
    source.read(side=151)
    assert levels[0].most == 0 < levels[1].most
    source.read(side=600)
    assert levels[0].most == 64 * 64


def test_black_and_white_are_those_of_the_whole_picture():
    fine = np.zeros((1200, 1200), np.uint16)
    fine[:, 600:] = 1000
    source = LazyPicture([fine])
    dark = source.read((0, 0, 0.2, 0.2), side=1200)
    assert source.limits == (0, 1000)
    assert dark.max() == 0
    assert LazyPicture([np.full((9, 9), 7, np.uint16)]).read(WHOLE, side=9).max() == 0


def test_what_is_no_picture_is_refused():
    for wrong in ([], [np.zeros((3, 9, 9))], [np.zeros((9, 9)), np.zeros((4, 4, 3))]):
        with pytest.raises(InputError):
            LazyPicture(wrong)
    with pytest.raises(InputError, match="NaN"):
        LazyPicture([np.full((9, 9), np.nan, np.float32)]).read(side=9)


def written(path, picture):
    """Files of one picture in all ways that are read in parts."""
    import zarr

    np.save(path / "a.npy", picture)
    tifffile.imwrite(path / "strips.tif", picture)
    tifffile.imwrite(path / "tiled.ome.tif", picture, tile=(32, 32), compression="zlib", bigtiff=True)
    with tifffile.TiffWriter(path / "pyramid.tif") as file:
        file.write(picture, tile=(32, 32), subifds=1)
        file.write(picture[::2, ::2], tile=(32, 32), subfiletype=1)
    plain = zarr.create_array(
        str(path / "plain.zarr"),
        shape=picture.shape,
        dtype=picture.dtype,
        chunks=(32,) * 2 + (3,) * (picture.ndim - 2),
    )
    plain[...] = picture
    root = zarr.open_group(str(path / "b.ome.zarr"), mode="w", zarr_format=2)
    planes = picture[None, None, None] if picture.ndim == 2 else np.moveaxis(picture, -1, 0)[None, :, None]
    root.create_array("0", data=planes, chunks=(1, 1, 1, 32, 32))
    root.attrs["multiscales"] = [
        {
            "axes": [{"name": "t", "type": "time"}, {"name": "c", "type": "channel"}]
            + [{"name": one, "type": "space", "unit": "micrometer"} for one in "zyx"],
            "datasets": [
                {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [1, 1, 1, 0.5, 0.25]}]}
            ],
        }
    ]
    return sorted(path.iterdir())


@pytest.mark.parametrize("shape", [(70, 90), (70, 90, 3)], ids=["grey", "colours"])
def test_files_are_read_in_parts(tmp_path, shape):
    picture = np.random.default_rng(1).integers(0, 255, shape).astype(np.uint8)
    expected = to_rgb(picture)
    files = written(tmp_path, picture)
    assert len(files) == 6
    for file in files:
        with open_lazily(file) as opened:
            box = box_of(slice(5, 50), slice(40, 90), opened.source.size)
            np.testing.assert_allclose(opened.source.read(box, side=90), expected[5:50, 40:90], atol=1e-6)
            if file.name == "b.ome.zarr":
                assert (opened.pixel_size, opened.unit) == ((0.5, 0.25), "micrometer")


def test_other_files_are_refused_with_what_to_do(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no")
    (tmp_path / "empty.zarr").mkdir()
    (tmp_path / "broken.npy").write_bytes(b"broken")
    tifffile.imwrite(tmp_path / "stack.tif", np.zeros((5, 40, 40), np.uint8))
    tifffile.imwrite(tmp_path / "white.tif", np.zeros((40, 40), np.uint8), photometric="miniswhite")
    for name in (
        "a.png",
        "empty.zarr",
        "broken.npy",
        "stack.tif",
        "white.tif",
        "missing.tif",
        "missing.zarr",
    ):
        with pytest.raises(InputError, match=name), open_lazily(tmp_path / name):
            pass
