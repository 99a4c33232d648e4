import warnings

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_ovseg._napari.layers.colours import Legend
from napari_ovseg._napari.layers.result_layers import (
    MASKS,
    PSEUDO_LABELS,
    names_of,
    tracked_labels,
    write_labels,
)
from napari_ovseg._napari.layers.source import source_of

LEGEND = Legend.of(("cat", "dog"))


@pytest.fixture
def viewer():
    return ViewerModel()


def labels(seed=0, shape=(12, 16), high=3):
    return np.random.default_rng(seed).integers(0, high, shape).astype(np.uint8)


def write(viewer, image, data, kind=MASKS, legend=LEGEND):
    return write_labels(viewer, image, kind, data, source_of(image, viewer.dims).placement, legend)


def test_new_layer_has_name_pixels_names_and_colours(viewer):
    image = viewer.add_image(np.zeros((12, 16)), name="cells")
    data = labels()
    masks = write(viewer, image, data).layer
    pseudo = write(viewer, image, data, PSEUDO_LABELS).layer
    assert (masks.name, pseudo.name) == ("cells masks", "cells pseudo-labels")
    assert np.array_equal(masks.data, data)
    assert isinstance(masks.data, np.ndarray)
    assert list(masks.features.columns) == ["index", "label", "name"]
    assert masks.features["name"].tolist() == ["background", "cat", "dog", "unsure"]
    assert masks.features["index"].tolist() == masks.features["label"].tolist() == [0, 1, 2, 255]
    for label in (1, 2, 255, None):
        np.testing.assert_allclose(masks.colormap.color_dict[label], pseudo.colormap.color_dict[label])
    colours = {tuple(np.round(masks.colormap.color_dict[label], 3)) for label in (None, 0, 1, 2, 255)}
    assert len(colours) == 5
    assert 0 < masks.colormap.color_dict[255][3] < 1


def test_status_bar_tells_the_name(viewer):
    image = viewer.add_image(np.zeros((12, 16)), name="cells")
    layer = write(viewer, image, np.full((12, 16), 2, np.uint8)).layer
    assert "dog" in layer.get_status((5, 5), world=True)["value"]


def test_masks_can_be_painted_and_undone(viewer):
    image = viewer.add_image(np.zeros((12, 16)), name="cells")
    layer = write(viewer, image, np.zeros((12, 16), np.uint8)).layer
    layer.paint((5, 5), 2)
    assert layer.data[5, 5] == 2
    layer.undo()
    assert not layer.data.any()


def test_every_transform_is_copied(viewer):
    image = viewer.add_image(
        np.zeros((12, 16)),
        scale=(0.5, 2),
        translate=(3, -4),
        rotate=20,
        shear=[0.1],
        affine=[[1, 0.2, 5], [0, 1, 6], [0, 0, 1]],
        units=("um", "um"),
        axis_labels=("row", "column"),
    )
    layer = write(viewer, image, labels()).layer
    for name in ("scale", "translate", "rotate", "shear"):
        np.testing.assert_allclose(getattr(layer, name), getattr(image, name))
    np.testing.assert_allclose(layer.affine.affine_matrix, image.affine.affine_matrix)
    assert (layer.units, layer.axis_labels) == (image.units, image.axis_labels)
    np.testing.assert_allclose(layer.extent.world, image.extent.world)


def test_unedited_result_is_replaced_in_one_undo_step(viewer):
    image = viewer.add_image(np.zeros((12, 16)), name="cells")
    first = write(viewer, image, labels(1)).layer
    second = write(viewer, image, labels(2))
    assert second.layer is first
    assert second.kept is None
    assert np.array_equal(first.data, labels(2))
    assert not tracked_labels(first).is_edited(())
    first.undo()
    assert np.array_equal(first.data, labels(1))
    first.undo()
    assert np.array_equal(first.data, labels(1))


def test_edited_result_is_never_touched(viewer):
    image = viewer.add_image(np.zeros((12, 16)), name="cells")
    edited = write(viewer, image, labels(1)).layer
    edited.paint((5, 5), 9)
    by_hand = edited.data.copy()
    for seed in (2, 3):
        written = write(viewer, image, labels(seed))
        assert np.array_equal(edited.data, by_hand)
        assert written.layer.name == "cells masks [1]"
        assert np.array_equal(written.layer.data, labels(seed))
    assert [layer.name for layer in viewer.layers] == ["cells", "cells masks", "cells masks [1]"]


def test_the_message_can_name_the_edited_layer(viewer):
    image = viewer.add_image(np.zeros((12, 16)), name="cells")
    edited = write(viewer, image, labels(1)).layer
    edited.paint((5, 5), 9)
    assert write(viewer, image, labels(2)).kept is edited


def test_renamed_layers_are_still_recognised(viewer):
    image = viewer.add_image(np.zeros((12, 16)), name="cells")
    layer = write(viewer, image, labels(1)).layer
    image.name, layer.name = "other", "my masks"
    assert write(viewer, image, labels(2)).layer is layer
    assert layer.name == "my masks"


def test_a_layer_of_the_same_name_by_someone_else_is_left_alone(viewer):
    image = viewer.add_image(np.zeros((12, 16)), name="cells")
    theirs = viewer.add_labels(labels(5), name="cells masks")
    layer = write(viewer, image, labels(1)).layer
    assert layer is not theirs
    assert np.array_equal(theirs.data, labels(5))


def test_other_names_make_a_fresh_layer_in_the_same_place(viewer):
    image = viewer.add_image(np.zeros((12, 16)), name="cells")
    first = write(viewer, image, labels(1)).layer
    viewer.add_image(np.zeros((12, 16)), name="top")
    other = write(viewer, image, labels(2), legend=Legend.of(("dog", "cat"))).layer
    assert other is not first
    assert [layer.name for layer in viewer.layers] == ["cells", "cells masks", "top"]
    assert other.features["name"].tolist()[1:3] == ["dog", "cat"]


def test_one_more_name_keeps_layer_and_undo(viewer):
    image = viewer.add_image(np.zeros((12, 16)), name="cells")
    first = write(viewer, image, labels(1)).layer
    more = write(viewer, image, labels(2, high=4), legend=Legend.of(("cat", "dog", "bird"))).layer
    assert more is first
    assert more.features["name"].tolist() == ["background", "cat", "dog", "bird", "unsure"]


def test_other_dtype_makes_a_fresh_layer(viewer):
    image = viewer.add_image(np.zeros((12, 16)), name="cells")
    write(viewer, image, labels(1))
    many = Legend.of([f"name {i}" for i in range(300)])
    layer = write(viewer, image, labels(2).astype(np.uint16) * 140, legend=many).layer
    assert layer.data.dtype == np.uint16
    assert layer.features["label"].iloc[-1] == 65535
    assert len(viewer.layers) == 2


@pytest.mark.parametrize("second", [LEGEND, Legend.of(("dog", "cat"))], ids=["overwritten", "exchanged"])
def test_rolling_back_restores_the_earlier_result(viewer, second):
    image = viewer.add_image(np.zeros((12, 16)), name="cells")
    write(viewer, image, labels(1))
    write(viewer, image, labels(2), legend=second).roll_back()
    assert [layer.name for layer in viewer.layers] == ["cells", "cells masks"]
    layer = viewer.layers["cells masks"]
    assert np.array_equal(layer.data, labels(1))
    assert layer.features["name"].tolist()[1:3] == ["cat", "dog"]
    assert names_of(layer) == {1: "cat", 2: "dog"}
    assert not tracked_labels(layer).is_edited(())


def test_rolling_back_an_equal_result_undoes_nothing_else(viewer):
    image = viewer.add_image(np.zeros((12, 16)), name="cells")
    write(viewer, image, labels(1))
    layer = write(viewer, image, labels(2)).layer
    write(viewer, image, labels(2)).roll_back()
    assert np.array_equal(layer.data, labels(2))


def test_rolling_back_a_new_layer_removes_it_unless_edited(viewer):
    image = viewer.add_image(np.zeros((12, 16)), name="cells")
    write(viewer, image, labels(1)).roll_back()
    assert len(viewer.layers) == 1
    written = write(viewer, image, labels(1))
    written.layer.paint((5, 5), 9)
    written.roll_back()
    assert written.layer in viewer.layers


def test_nothing_warns(viewer):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        image = viewer.add_image(np.zeros((12, 16)), name="cells")
        write(viewer, image, labels(1))
        write(viewer, image, labels(2))
