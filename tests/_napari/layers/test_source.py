from dataclasses import replace
from types import SimpleNamespace

import dask.array as da
import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from napari.components import Dims, ViewerModel

from napari_ovseg._napari.layers import source as source_module
from napari_ovseg._napari.layers.colours import Legend
from napari_ovseg._napari.layers.result_layers import MASKS, write_labels
from napari_ovseg._napari.layers.source import LONGEST_SIDE, channel_axes, part_of, source_of
from napari_ovseg.errors import InputError

RNG = np.random.default_rng(0)


@pytest.fixture
def viewer():
    return ViewerModel()


def result(viewer, image, source):
    """Labels that number the pixels of the picture, written as a layer."""
    shape = source.picture().shape[:2]
    data = np.arange(1, shape[0] * shape[1] + 1, dtype=np.uint16).reshape(shape)
    return data, write_labels(viewer, image, MASKS, data, source.placement, Legend.of(("a",))).layer


def label_at(masks, world):
    """The label a layer has at a place in the world, None where it has no pixel."""
    index = np.round(masks.world_to_data(world)).astype(int)
    inside = (index >= 0).all() and (index < masks.data.shape).all()
    return masks.data[tuple(index)] if inside else None


def test_grey_rgb_and_rgba_are_read_whole(viewer):
    for data, rgb in (
        (RNG.integers(0, 256, (9, 11), np.uint8), False),
        (RNG.integers(0, 256, (9, 11, 3), np.uint8), True),
        (RNG.random((9, 11, 4)), True),
    ):
        source = source_of(viewer.add_image(data, rgb=rgb), viewer.dims)
        assert np.array_equal(source.read(), data)
        picture = source.picture()
        assert picture.shape == (9, 11, 3)
        assert picture.dtype == np.float32


def test_the_rgb_flag_is_trusted_not_the_shape(viewer):
    layer = viewer.add_image(RNG.random((5, 9, 3)), rgb=False)
    assert source_of(layer, viewer.dims).read().shape == (9, 3)


def test_slice_in_view_is_read_and_its_result_lies_there(viewer):
    stack = RNG.random((6, 9, 11))
    layer = viewer.add_image(stack, scale=(4, 0.5, 0.5), translate=(10, 2, 3))
    viewer.dims.set_current_step(0, 4)
    source = source_of(layer, viewer.dims)
    assert np.array_equal(source.read(), stack[4])
    data, masks = result(viewer, layer, source)
    assert masks.data.shape == (6, 9, 11)
    for row, column in ((0, 0), (8, 10), (3, 7)):
        world = layer.data_to_world((4, row, column))
        assert label_at(masks, world) == data[row, column]
    assert label_at(masks, layer.data_to_world((3, 3, 7))) == 0
    assert viewer.dims.nsteps[0] == 6


def test_rotated_and_sheared_stack_keeps_its_place(viewer):
    stack = RNG.random((5, 9, 11))
    affine = np.eye(4)
    affine[:3, 3] = 3, 4, 5
    layer = viewer.add_image(
        stack, scale=(2, 3, 1), rotate=(0, 0, 30), shear=(0.2, 0, 0), translate=(1, 1, 1), affine=affine
    )
    source = source_of(layer, viewer.dims)
    _, masks = result(viewer, layer, source)
    for point in ((0, 0), (8, 10)):
        ours = masks.data_to_world((source.index[0], *point))
        theirs = layer.data_to_world((source.index[0], *point))
        np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_other_axes_in_view(viewer):
    stack = RNG.random((6, 9, 11))
    layer = viewer.add_image(stack)
    viewer.dims.order = (1, 0, 2)
    viewer.dims.set_current_step(1, 7)
    source = source_of(layer, viewer.dims)
    assert np.array_equal(source.read(), stack[:, 7])
    _, masks = result(viewer, layer, source)
    assert masks.data.shape == (6, 9, 11)
    assert np.array_equal(np.nonzero(masks.data.any(axis=(0, 2)))[0], [7])
    assert label_at(masks, (2, 7, 5)) == 2 * 11 + 5 + 1


def test_picture_below_a_stack_has_axes_of_its_own(viewer):
    flat = RNG.random((9, 11))
    layer = viewer.add_image(flat)
    viewer.add_image(RNG.random((6, 9, 11)))
    viewer.dims.set_current_step(0, 3)
    source = source_of(layer, viewer.dims)
    assert np.array_equal(source.read(), flat)
    assert source.placement.shape == (9, 11)


def test_slider_off_the_picture_is_said(viewer):
    layer = viewer.add_image(RNG.random((3, 9, 11)), name="short")
    viewer.add_image(RNG.random((8, 9, 11)))
    viewer.dims.set_current_step(0, 6)
    with pytest.raises(InputError, match=r"'short'.*slider of axis 0"):
        source_of(layer, viewer.dims)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_channels_are_chosen_and_the_result_is_seen_on_all(viewer, axis):
    data = RNG.random((4, 9, 11)).astype(np.float32)
    layer = viewer.add_image(np.moveaxis(data, 0, axis), rgb=False)
    source = source_of(layer, viewer.dims, channel_axis=axis, channels=(2, 0))
    picture = source.picture()
    assert picture.shape == (9, 11, 3)
    assert np.corrcoef(picture[..., 0].ravel(), data[2].ravel())[0, 1] > 0.99
    assert np.corrcoef(picture[..., 1].ravel(), data[0].ravel())[0, 1] > 0.99
    assert not picture[..., 2].any()
    labels, masks = result(viewer, layer, source)
    for channel in range(4):
        world = layer.data_to_world(np.insert([3, 7], axis, channel))
        assert label_at(masks, world) == labels[3, 7]
    assert label_at(masks, layer.data_to_world(np.insert([3, 7], axis, 4))) is None


def test_channels_of_a_stack(viewer):
    data = RNG.random((5, 2, 9, 11))
    layer = viewer.add_image(data)
    viewer.dims.set_current_step(0, 3)
    source = source_of(layer, viewer.dims, channel_axis=1, channels=(0, 1))
    assert np.array_equal(source.read(), data[3])
    assert source.channel_axis == 0
    _, masks = result(viewer, layer, source)
    assert masks.data.shape == (5, 1, 9, 11)
    assert label_at(masks, (3, 1, 2, 2)) == 2 * 11 + 3
    assert label_at(masks, (2, 1, 2, 2)) == 0


def test_channel_axes_are_offered_only_where_they_make_sense(viewer):
    assert channel_axes(viewer.add_image(RNG.random((9, 11)))) == {}
    assert channel_axes(viewer.add_image(RNG.random((9, 11, 3)), rgb=True)) == {}
    assert channel_axes(viewer.add_image(RNG.random((4, 90, 110)), rgb=False)) == {0: 4}
    assert channel_axes(viewer.add_image(RNG.random((1, 90, 110)), rgb=False)) == {}


def test_dask_reads_one_slice_and_only_when_asked(viewer):
    read = []

    def load(block_id=None):
        read.append(block_id[0])
        return np.full((1, 9, 11), block_id[0], np.float32) + np.eye(9, 11, dtype=np.float32)

    stack = da.map_blocks(
        load, chunks=((1,) * 7, (9,), (11,)), dtype=np.float32, meta=np.empty((0, 0, 0), "f4")
    )
    layer = viewer.add_image(stack, contrast_limits=(0, 8), cache=False)
    viewer.dims.set_current_step(0, 5)
    read.clear()
    source = source_of(layer, viewer.dims)
    assert read == []
    assert source.read()[0, 1] == 5
    assert set(read) == {5}


def test_zarr(viewer):
    stored = zarr.array(RNG.integers(0, 4000, (4, 9, 11), np.uint16), chunks=(1, 9, 11))
    layer = viewer.add_image(stored)
    viewer.dims.set_current_step(0, 2)
    source = source_of(layer, viewer.dims)
    assert np.array_equal(source.read(), stored[2])
    assert source.picture().shape == (9, 11, 3)


def test_multiscale_takes_a_bounded_level_that_overlays_exactly(viewer):
    side = 2 * LONGEST_SIDE
    levels = [da.random.random((side // f, side // f // 2), chunks=512) for f in (1, 2, 4)]
    layer = viewer.add_image(
        levels, multiscale=True, contrast_limits=(0, 1), scale=(0.5, 3), translate=(7, 8)
    )
    source = source_of(layer, viewer.dims)
    assert source.data.shape == (LONGEST_SIDE, LONGEST_SIDE // 2)
    labels = np.ones(source.data.shape, np.uint8)
    masks = write_labels(viewer, layer, MASKS, labels, source.placement, Legend.of(("a",))).layer
    assert not masks.multiscale
    np.testing.assert_allclose(masks._extent_world_augmented, layer._extent_world_augmented)


def test_multiscale_stack_with_a_coarser_slice_axis(viewer, monkeypatch):
    monkeypatch.setattr(source_module, "LONGEST_SIDE", 30)
    levels = [RNG.random((8, 40, 60)), RNG.random((4, 20, 30))]
    layer = viewer.add_image(levels, multiscale=True)
    viewer.dims.set_current_step(0, 5)
    source = source_of(layer, viewer.dims)
    assert np.array_equal(source.read(), levels[1][2])
    data, masks = result(viewer, layer, source)
    for plane, expected in ((3, 0), (4, data[5, 7]), (5, data[5, 7]), (6, 0)):
        assert label_at(masks, (plane, 10, 14)) == label_at(masks, (plane, 11, 15)) == expected


def test_contrast_limits_on_the_screen_are_used(viewer):
    data = np.tile(np.arange(256, dtype=np.uint16), (8, 1))
    layer = viewer.add_image(data, contrast_limits=(100, 150))
    picture = source_of(layer, viewer.dims).picture()
    assert picture[0, 100, 0] == 0
    assert picture[0, 150, 0] == pytest.approx(1)


def test_boolean(viewer):
    picture = source_of(viewer.add_image(RNG.random((9, 11)) > 0.5), viewer.dims).picture()
    assert set(np.unique(picture)) == {0, 1}


def test_a_picture_without_pixels_is_said():
    # A stand-in, since napari 0.9 can't even hold such a layer; other versions may.
    layer = SimpleNamespace(data=np.zeros((0, 5)), ndim=2, multiscale=False, name="empty")
    with pytest.raises(InputError, match="dimension of length 0"):
        source_of(layer, Dims(ndim=2))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_bad_values_are_said(viewer, value):
    data = RNG.random((9, 11))
    data[4, 5] = value
    layer = viewer.add_image(data, contrast_limits=(0, 1))
    with pytest.raises(InputError):
        source_of(layer, viewer.dims).picture()


@settings(max_examples=20, deadline=None)
@given(
    scale=st.lists(st.floats(0.1, 10), min_size=3, max_size=3),
    translate=st.lists(st.floats(-50, 50), min_size=3, max_size=3),
    step=st.integers(0, 4),
    order=st.permutations([0, 1, 2]),
    angles=st.lists(st.sampled_from([0, 90, 180]), min_size=3, max_size=3),
)
def test_results_overlay_their_picture(scale, translate, step, order, angles):
    viewer = ViewerModel()
    layer = viewer.add_image(RNG.random((5, 6, 7)), scale=scale, translate=translate, rotate=angles)
    viewer.dims.order = order
    viewer.dims.set_current_step(order[0], step)
    try:
        source = source_of(layer, viewer.dims)
    except InputError:
        return
    labels = np.ones([layer.data.shape[axis] for axis in source.placement.axes], np.uint8)
    masks = write_labels(viewer, layer, MASKS, labels, source.placement, Legend.of(("a",))).layer
    assert masks.data[source.placement.index].all()
    assert masks.data.sum() == labels.size
    for corner in ((0, 0, 0), (4, 5, 6)):
        np.testing.assert_allclose(masks.data_to_world(corner), layer.data_to_world(corner), atol=1e-6)


PARTS = {
    "grey": {"data": RNG.integers(0, 3000, (90, 110)).astype(np.uint16)},
    "with limits": {"data": RNG.random((90, 110)), "contrast_limits": (0.2, 0.6)},
    "colour": {"data": RNG.integers(0, 256, (90, 110, 3), np.uint8), "rgb": True},
    "grey as colour": {"data": np.repeat(RNG.integers(9, 99, (90, 110, 1), np.uint8), 3, 2), "rgb": True},
    "floats": {"data": RNG.random((90, 110, 4)) * 7, "rgb": True},
    "stack": {"data": RNG.random((4, 90, 110))},
    "dask": {"data": da.from_array(RNG.random((90, 110)), chunks=16)},
    "levels": {"data": [RNG.random((90, 110)), RNG.random((45, 55))], "multiscale": True},
}


@pytest.mark.parametrize("kind", PARTS)
def test_a_part_is_what_the_whole_is_there(viewer, kind):
    source = source_of(viewer.add_image(**PARTS[kind]), viewer.dims)
    part = (slice(20, 41), slice(7, 55))
    np.testing.assert_allclose(part_of(source, part), source.picture()[part], atol=1e-6)


def test_a_part_of_channels_is_what_the_whole_is_there(viewer):
    layer = viewer.add_image(RNG.random((3, 90, 110)), rgb=False)
    source = source_of(layer, viewer.dims, 0, (2, 0), ("#ff0000", "#00ffff"))
    part = (slice(20, 41), slice(7, 55))
    np.testing.assert_array_equal(part_of(source, part), source.picture()[part])


def test_of_a_part_no_more_is_read(viewer):
    read = []

    class Watched:
        shape, ndim, dtype, size = (400, 500), 2, np.dtype(np.uint8), 200_000

        def __getitem__(self, index):
            found = np.ones(self.shape, np.uint8)[index]
            read.append(found.size)
            return found

    layer = viewer.add_image(np.ones((400, 500), np.uint8), contrast_limits=(0, 2))
    source = replace(source_of(layer, viewer.dims), data=Watched())
    assert part_of(source, (slice(0, 20), slice(100, 150))).shape == (20, 50, 3)
    assert sum(read) == 20 * 50
