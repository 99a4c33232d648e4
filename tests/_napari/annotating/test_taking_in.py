"""Labels from a file as the masks of a picture, in the panel."""

from __future__ import annotations

import numpy as np
import pytest

from napari_ovseg._napari.panel.category_cells import NAME
from napari_ovseg.annotation.sidecar import load
from napari_ovseg.export import export
from napari_ovseg.labelled import LabelledPicture, NamedLabel, named_labels

from ..brush import drag
from ..used_panel import CORNERS

VOID = 255
LABELS = np.zeros(CORNERS.shape[:2], np.uint8)
LABELS[10:20, 10:20], LABELS[22:26, 22:30] = 1, 2


@pytest.fixture
def panel(make_panel, tmp_path):
    panel = make_panel()
    panel.viewer.add_image(CORNERS, name="photo")
    export([LabelledPicture("labels", LABELS, named_labels(("cat", "dog")))], tmp_path / "out", "png")
    panel.viewer.open(tmp_path / "out" / "categories.json", plugin="napari-ovseg")
    return panel


def test_labels_that_were_opened_are_painted_on_updated_and_exported_without_a_run(panel):
    opened = panel.viewer.layers[-1]
    assert not panel.form.take_in.isHidden()
    assert panel.form.take_in.text.text() == (f"'{opened.name}' fits 'photo': use these labels as its masks?")
    panel.click(panel.form.take_in.take)
    assert np.array_equal(panel.viewer.layers["photo masks"].data, LABELS)
    assert panel.names[:2] == ["cat", "dog"]
    assert panel.form.names.toPlainText().split("\n")[0] == "cat"
    assert not opened.visible
    assert panel.form.take_in.isHidden()
    assert not panel.current.has_corrections(())
    panel.paint((35, 5), 2)
    panel.click(panel.form.correct.update_masks)
    panel.wait_until_idle()
    assert panel.method.calls == 0
    dark = CORNERS[..., 0] < 50
    masks = panel.viewer.layers["photo masks"].data
    assert (masks[dark] == 2).all()
    assert np.array_equal(masks[~dark], LABELS[~dark])
    (picture,) = panel.widget.exporting.labelled_pictures()
    assert [label.name for label in picture.categories] == ["cat", "dog"]
    assert np.array_equal(opened.data, LABELS)


def test_labels_that_are_mine_stay(panel):
    panel.click(panel.form.take_in.mine)
    panel.click(panel.form.take_in.take)
    human = panel.current.human_pixels(())
    assert np.array_equal(human, np.where(LABELS > 0, LABELS, VOID))


@pytest.mark.parametrize(
    "labels", [np.zeros((9, 9), np.uint8), np.zeros((2, *LABELS.shape), np.uint8)], ids=["size", "stack"]
)
def test_labels_that_do_not_fit_are_not_offered(panel, labels):
    panel.viewer.add_labels(labels, features={"index": [1], "name": ["cat"]})
    assert panel.form.take_in.take.isHidden()


def test_results_of_the_panel_are_not_offered(panel):
    panel.run("bright")
    for kind in ("masks", "pseudo-labels"):
        panel.viewer.layers.selection.active = panel.viewer.layers[f"photo {kind}"]
        panel.qtbot.wait(100)
        assert panel.form.take_in.isHidden()


@pytest.fixture
def plain(make_panel):
    """A panel with a picture, and ``offered(labels, **layer)``, which adds labels without names."""
    panel = make_panel(show=True)
    panel.viewer.add_image(CORNERS, name="photo")

    def offered(labels, **layer):
        added = panel.viewer.add_labels(labels, **{"name": "cells", **layer})
        panel.qtbot.waitUntil(panel.form.take_in.isVisible, timeout=10_000)
        return added

    panel.offered = offered
    return panel


def test_each_of_a_few_ids_without_names_becomes_a_category_that_no_model_is_asked_for(plain):
    layer = plain.offered(LABELS.astype(np.int32))
    row, colours = plain.form.take_in, layer.colormap.map(np.array([1, 2]))
    assert (
        row.text.text()
        == "'cells' fits 'photo'. Its 2 ids become a category each, which you can rename: use them as masks?"
    )
    assert row.one.isVisible()
    plain.click(row.take)
    assert np.array_equal(plain.viewer.layers["photo masks"].data, LABELS)
    assert plain.names[:2] == ["label 1", "label 2"]
    assert plain.form.names.toPlainText() == ""
    assert "No model can be asked for 'label 1', 'label 2'" in plain.message
    taken = plain.viewer.layers["photo masks"].colormap.map(np.array([1, 2]))
    assert np.allclose(taken, colours, atol=0.01)
    assert layer.data.dtype == np.int32
    assert np.array_equal(layer.data, LABELS)
    assert not layer.visible
    plain.form.table.renamed.emit(1, "nucleus")
    assert plain.form.names.toPlainText() == "nucleus"


def test_a_few_things_are_taken_as_one_category_where_a_person_says_so(plain):
    plain.offered(LABELS.astype(np.int32))
    plain.click(plain.form.take_in.one)
    assert "Its 2 ids become one category" in plain.form.take_in.text.text()
    plain.click(plain.form.take_in.take)
    assert np.array_equal(plain.viewer.layers["photo masks"].data, LABELS > 0)
    assert plain.names[:1] == ["label 1"]
    assert "label 2" not in plain.names


def test_many_ids_are_one_category_and_the_offer_says_so(plain):
    things = np.zeros(LABELS.shape, np.int32)
    things[::2, ::2] = 1000 + np.arange(20 * 24).reshape(20, 24)
    layer = plain.offered(things.copy())
    assert plain.form.take_in.text.text() == (
        "'cells' fits 'photo'. Its 480 ids become one category, which you can rename: use them as masks?"
    )
    assert not plain.form.take_in.one.isVisible()
    plain.click(plain.form.take_in.take)
    assert np.array_equal(plain.viewer.layers["photo masks"].data, things > 0)
    assert plain.names[:1] == ["label 1"]
    assert np.array_equal(layer.data, things)
    plain.paint((1, 1), 1)
    plain.click(plain.form.correct.update_masks)
    plain.wait_until_idle()
    assert plain.viewer.layers["photo masks"].data[1, 1] == 1


def test_the_white_of_a_binary_mask_is_a_category_and_not_what_is_unsure(plain):
    plain.offered(np.where(LABELS == 1, 255, 0).astype(np.uint8))
    assert "Its 1 id becomes a category" in plain.form.take_in.text.text()
    plain.click(plain.form.take_in.take)
    assert np.array_equal(plain.viewer.layers["photo masks"].data, LABELS == 1)
    assert plain.names[:1] == ["label 1"]


def test_an_empty_layer_is_offered_once_something_is_painted_on_it(plain, qtbot):
    layer = plain.viewer.add_labels(np.zeros(LABELS.shape, int), name="own")
    qtbot.wait(200)
    assert plain.form.take_in.isHidden()
    drag(layer, (5, 5), (5, 15), label=3)
    qtbot.waitUntil(plain.form.take_in.isVisible, timeout=10_000)
    plain.click(plain.form.take_in.take)
    assert plain.names[:1] == ["label 3"]
    assert np.array_equal(plain.viewer.layers["photo masks"].data, layer.data)
    # names that it gets meanwhile are those that it is taken under
    plain.viewer.layers.selection.active = layer
    layer.features = {"index": [3], "name": ["cat"]}
    qtbot.waitUntil(lambda: "rename" not in plain.form.take_in.text.text(), timeout=10_000)


def test_labels_of_a_part_that_say_where_they_lie_are_brought_there(plain):
    part = np.ones((8, 10), np.int32)
    plain.offered(part, translate=(12, 20))
    plain.click(plain.form.take_in.take)
    expected = np.zeros(LABELS.shape, np.uint8)
    expected[12:20, 20:30] = 1
    assert np.array_equal(plain.viewer.layers["photo masks"].data, expected)
    assert "brought onto the pixels of the picture" in plain.message
    assert "coarser" not in plain.message


def test_labels_of_the_slices_of_a_picture_with_channels(make_panel, qtbot):
    panel = make_panel(show=True)
    picture = np.stack([[CORNERS[..., 0]] * 2] * 3)
    panel.viewer.add_image(picture, name="photo", axis_labels=("z", "c", "y", "x"))
    stack = np.stack([LABELS, np.zeros_like(LABELS), LABELS])
    panel.viewer.add_labels(stack, name="cells")
    qtbot.waitUntil(panel.form.take_in.isVisible, timeout=10_000)
    panel.click(panel.form.take_in.take)
    assert np.array_equal(panel.current.masks.layer.data[:, 0], stack)
    assert sorted(panel.current.pieces) == [(0,), (2,)]


def test_a_stack_of_labels_becomes_the_masks_of_a_stack(make_panel):
    panel = make_panel()
    panel.viewer.add_image(np.stack([CORNERS[..., 0]] * 3), name="photo", contrast_limits=(0, 255))
    stack = np.stack([LABELS, np.zeros_like(LABELS), LABELS])
    panel.viewer.add_labels(stack, name="mine", features={"index": [1, 2], "name": ["cat", "dog"]})
    panel.click(panel.form.take_in.take)
    assert np.array_equal(panel.current.masks.layer.data, stack)
    assert sorted(panel.current.pieces) == [(0,), (2,)]
    # a slice that was only looked at is not among what leaves
    assert [picture.name for picture in panel.widget.exporting.labelled_pictures()] == [
        "photo_0000",
        "photo_0002",
    ]


def test_nothing_is_taken_in_while_a_run_is_under_way(panel):
    opened = panel.viewer.layers[-1]
    panel.start_held("bright")
    panel.viewer.layers.selection.active = opened
    panel.click(panel.form.take_in.take)
    assert "press Cancel first" in panel.message
    panel.finish()
    assert opened.visible


def test_what_was_taken_in_is_saved_and_updates_go_on_from_it(panel, tmp_path, qtbot):
    panel.form.saving.folder_chosen.emit(tmp_path / "saved")
    panel.click(panel.form.take_in.take)
    panel.widget.session.flush()
    (folder,) = (tmp_path / "saved").glob("*.ovseg")
    piece = load(folder).slices[()]
    assert np.array_equal(piece.masks, LABELS)
    assert np.array_equal(piece.state.scores.argmax(0), LABELS)


ODD = ["background", "door, double door", "light: red", "می\u200cرود", "a b " * 13, "x" * 250, "Cell", "cell"]


@pytest.fixture
def odd(make_panel, tmp_path):
    """A panel with labels that have names which can't be typed, one a column."""
    panel = make_panel()
    panel.viewer.add_image(CORNERS, name="photo")
    labels = np.zeros(CORNERS.shape[:2], np.uint8)
    for id in range(1, len(ODD) + 1):
        labels[:10, 4 * id : 4 * id + 3] = id
    names = tuple(NamedLabel(id, name.strip(), (id, 0, 0)) for id, name in enumerate(ODD, 1))
    export([LabelledPicture("labels", labels, names)], tmp_path / "out", "coco")
    panel.viewer.open(tmp_path / "out" / "instances.json", plugin="napari-ovseg")
    panel.labels = labels
    return panel


def test_labels_under_any_name_are_taken_in_and_renamed(odd, tmp_path):
    names = [name.strip() for name in ODD]
    odd.form.saving.folder_chosen.emit(tmp_path / "saved")
    odd.click(odd.form.take_in.take)
    assert odd.names == [*names, "background"]
    assert np.array_equal(odd.viewer.layers["photo masks"].data, odd.labels)
    typed = odd.form.names.toPlainText().split("\n")
    assert typed == ["door: double door", "light red", "می\u200cرود", "Cell"]
    assert "No model can be asked for 'background'" in odd.message
    odd.form.table.renamed.emit(1, "wall")
    assert odd.names[0] == "wall"
    odd.form.table.renamed.emit(6, "owl")
    odd.widget.session.flush()
    (folder,) = (tmp_path / "saved").glob("*.ovseg")
    saved = load(folder)
    expected = ["wall", *names[1:5], "owl", *names[6:]]
    assert [label.name for label in saved.labels] == expected
    assert np.array_equal(saved.slices[()].masks, odd.labels)
    (picture,) = odd.widget.exporting.labelled_pictures()
    assert [label.name for label in picture.categories] == expected


def test_the_panel_stays_as_wide_as_it_was(odd):
    before = odd.widget.minimumSizeHint().width()
    odd.click(odd.form.take_in.take)
    assert odd.widget.minimumSizeHint().width() <= before
    assert odd.form.table.item(5, NAME).toolTip().startswith("<qt>")


def test_labels_of_another_size_are_told_why(panel):
    panel.viewer.add_labels(
        np.zeros((9, 12), np.uint8), name="small", features={"index": [1], "name": ["cat"]}
    )
    assert not panel.form.take_in.isHidden()
    assert panel.form.take_in.take.isHidden()
    assert panel.form.take_in.text.text() == (
        "'small' has 9 x 12 pixels, and 'photo' has 40 x 48: labels become masks of a picture of their own "
        "size."
    )
    panel.viewer.layers.selection.active = panel.viewer.layers[1]
    assert not panel.form.take_in.take.isHidden()


NAMED = {"index": [1, 2], "name": ["cat", "dog"]}
TURNED = [[0.0, -1.0], [1.0, 0.0]]


def take(panel, labels, **place):
    layer = panel.viewer.add_labels(labels, name="own", features=NAMED, **place)
    panel.viewer.layers.selection.active = layer
    panel.click(panel.form.take_in.take)
    return panel.viewer.layers["photo masks"].data if "photo masks" in panel.layers else None


@pytest.mark.parametrize(
    "place",
    [{"translate": (3, -4)}, {"scale": (2, 2)}, {"rotate": TURNED, "translate": (45, 0)}, {"shear": [1.0]}],
    ids=lambda place: next(iter(place)),
)
def test_labels_with_a_place_of_their_own_are_brought_onto_the_grid(panel, place):
    masks = take(panel, LABELS.copy(), **place)
    own, expected = panel.viewer.layers["own"], np.zeros_like(LABELS)
    for at in np.ndindex(LABELS.shape):
        row, column = np.floor(np.asarray(own.world_to_data(at)) + 0.5 + 1e-9).astype(int)
        if 0 <= row < LABELS.shape[0] and 0 <= column < LABELS.shape[1]:
            expected[at] = LABELS[row, column]
    assert expected.any()
    assert not np.array_equal(masks, LABELS)
    assert np.array_equal(masks, expected)
    assert "brought onto the pixels of the picture" in panel.message


def test_labels_beside_the_picture_are_refused(panel):
    assert take(panel, LABELS.copy(), translate=(500, 0)) is None
    assert "No label of 'own' lies on 'photo'" in panel.message


def test_labels_that_lie_as_their_picture_and_those_that_only_have_a_pixel_size_stay_as_they_are(make_panel):
    for image, own in (
        ({"scale": (0.5, 0.5), "translate": (7, 7)}, {"scale": (0.5, 0.5), "translate": (7, 7)}),
        ({}, {"scale": (0.5, 0.5), "units": ("um", "um")}),
        ({"scale": (500, 500), "units": ("nm", "nm")}, {"scale": (0.5, 0.5), "units": ("um", "um")}),
        ({"scale": (0.5, 0.5), "translate": (7, 7)}, {}),
    ):
        panel = make_panel()
        panel.viewer.add_image(CORNERS, name="photo", **image)
        assert np.array_equal(take(panel, LABELS.copy(), **own), LABELS)
        assert "brought" not in panel.message


def test_a_stack_of_labels_that_is_moved_along_the_stack(make_panel):
    panel = make_panel()
    panel.viewer.add_image(np.stack([CORNERS[..., 0]] * 3), name="photo", contrast_limits=(0, 255))
    stack = np.stack([LABELS, np.zeros_like(LABELS), np.zeros_like(LABELS)])
    masks = take(panel, stack, translate=(1, 0, 0))
    assert np.array_equal(masks, np.roll(stack, 1, axis=0))
