"""Things from the masks of a picture, without a window, against scipy's regions."""

import numpy as np
import pytest
from napari.components import ViewerModel
from scipy import ndimage

from napari_ovseg._napari.annotating.taking_in import fitting_labels
from napari_ovseg._napari.files.writers import save_png
from napari_ovseg._napari.layers.annotated import Annotated
from napari_ovseg._napari.layers.colours import Legend
from napari_ovseg._napari.layers.result_layers import MASKS, PSEUDO_LABELS, new_layer
from napari_ovseg._napari.layers.source import source_at, source_of
from napari_ovseg._napari.layers.things_layer import find, is_things, masks_of, show_things
from napari_ovseg.annotation.label_table import LabelTable
from napari_ovseg.errors import OutputError
from napari_ovseg.export.plan import Options
from napari_ovseg.labelled import named_labels

PLANE = np.zeros((30, 40), np.uint8)
PLANE[3:10, 4:20] = 1
PLANE[12:25, 10:16] = 2
PLANE[12:25, 16:20] = 1
PLANE[29, 39] = 2
PLANE[0, 0] = 255


def work(picture, planes, **layer):
    """A picture with masks, as after a run of these slices."""
    viewer = ViewerModel()
    image = viewer.add_image(picture, name="cells", **layer)
    source = source_of(image, viewer.dims)
    legend = Legend(LabelTable(named_labels(("rod", "debris"))).labels)
    tracked = [
        new_layer(image, kind, np.dtype(np.uint8), source.placement, legend)
        for kind in (MASKS, PSEUDO_LABELS)
    ]
    made = Annotated(image, *tracked, LabelTable(named_labels(("rod", "debris"))))
    for position, plane in planes.items():
        for one in tracked:
            one.start(position, plane)
        made.sources[position] = source_at(source, position)
    for one in tracked:
        viewer.add_layer(one.layer)
    return viewer, made


def measured(viewer, made, options=None):
    return show_things(viewer, made, find(masks_of(made), options or Options()))


def test_each_region_of_a_category_is_a_thing_with_features():
    picture = np.arange(1200.0).reshape(30, 40)
    viewer, made = work(picture, {(): PLANE}, scale=(0.5, 0.25), units=("um", "um"), translate=(7, 8))
    layer = measured(viewer, made)
    assert layer.name == "cells things"
    for name in ("scale", "translate"):
        np.testing.assert_array_equal(getattr(layer, name), getattr(made.masks.layer, name))
    assert layer.units == made.masks.layer.units
    features = layer.features
    assert features["category"].tolist() == ["rod", "debris", "rod", "debris"]
    for row in features.to_dict("records"):
        region = layer.data == row["index"]
        assert ndimage.label(region, np.ones((3, 3)))[1] == 1
        assert set(PLANE[region]) == {row["category_id"]}
        assert row["label"] == row["index"]
        assert row["area_px"] == region.sum()
        assert row["area_um2"] == region.sum() / 8
        assert row["mean_intensity"] == picture[region].mean()
    assert (layer.data > 0).sum() == (PLANE > 0).sum() - 1


def test_a_stack_has_things_of_all_slices_that_were_run_each_with_a_number_of_its_own():
    viewer, made = work(np.zeros((5, 30, 40)), {(1,): PLANE, (3,): PLANE})
    layer = measured(viewer, made)
    assert layer.data.shape == (5, 30, 40)
    assert layer.features["slice"].tolist() == [1] * 4 + [3] * 4
    assert layer.features["index"].tolist() == list(range(1, 9))
    assert [set(np.unique(plane)) - {0} for plane in layer.data] == [
        set(),
        {1, 2, 3, 4},
        set(),
        {5, 6, 7, 8},
        set(),
    ]


def test_of_a_coarse_level_things_are_measured_in_pixels_of_the_picture():
    full = np.zeros((2400, 3200), np.uint8)
    viewer, made = work([full, full[::2, ::2]], {(): np.zeros((1200, 1600), np.uint8)}, multiscale=True)
    factors = masks_of(made).factors
    labels = made.masks.layer.data
    labels[100:200, 300:340] = 1
    layer = measured(viewer, made)
    (row,) = layer.features.to_dict("records")
    side = int(factors[0])
    assert row["area_px"] == 4000 * side**2
    assert (row["bbox_top"], row["bbox_right"]) == (100 * side, 340 * side)
    assert row["centroid_row"] == np.arange(100 * side, 200 * side).mean()
    np.testing.assert_allclose(layer.data_to_world((0, 0)), made.masks.layer.data_to_world((0, 0)))


def test_an_unedited_earlier_one_is_replaced_and_an_edited_one_is_kept():
    viewer, made = work(np.zeros((30, 40)), {(): PLANE})
    first = measured(viewer, made)
    place = viewer.layers.index(first)
    second = measured(viewer, made, Options(smallest_area=2))
    assert first not in viewer.layers
    assert viewer.layers.index(second) == place
    assert second.data.max() == 3
    second.brush_size = 1
    second.paint((0, 5), 9)
    third = measured(viewer, made)
    assert second in viewer.layers
    third.data[5, 5] = 77
    measured(viewer, made)
    assert third in viewer.layers


def test_things_are_never_taken_for_masks(tmp_path):
    viewer, made = work(np.zeros((30, 40)), {(): PLANE})
    layer = measured(viewer, made)
    assert is_things(layer.metadata)
    viewer.layers.selection.active = layer
    assert fitting_labels(viewer, made.image, lambda image: source_of(image, viewer.dims)) is None
    with pytest.raises(OutputError, match="Things are exported from the panel"):
        save_png(str(tmp_path / "a.png"), [layer.as_layer_data_tuple()])
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_found_in_empty_masks_and_said():
    viewer, made = work(np.zeros((30, 40)), {(): np.zeros_like(PLANE)})
    found = find(masks_of(made), Options())
    assert str(found) == "0 things."
    assert len(show_things(viewer, made, found).features) == 0


def test_what_is_said_counts_by_category_and_what_was_left_out():
    _, made = work(np.zeros((30, 40)), {(): PLANE})
    said = str(find(masks_of(made), Options(smallest_area=2)))
    assert said == "3 things: 2 rod, 1 debris. 1 smaller regions were left out."
