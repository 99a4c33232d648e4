"""Strokes that say what the masks say already, painted with the mouse: a person's from then on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_ovseg._napari.layers.colours import Legend
from napari_ovseg._napari.layers.result_layers import MASKS, new_layer
from napari_ovseg._napari.layers.source import source_of

from ..brush import click, drag
from ..two_layers import annotated

VOID = 255
# two things of the category 1 and one of 2, on background
PLANE = np.zeros((20, 30), np.uint8)
PLANE[2:8, 2:8] = PLANE[12:18, 2:8] = 1
PLANE[5:15, 15:25] = 2


@pytest.fixture
def tracked():
    return made(PLANE)


def made(labels, **placed):
    """A layer of masks that a machine wrote."""
    viewer = ViewerModel()
    image = viewer.add_image(np.zeros(labels.shape), name="cells", **placed)
    placement = source_of(image, viewer.dims).placement
    made = new_layer(image, MASKS, np.dtype(np.uint8), placement, Legend.of(("a", "b", "c")))
    for position in np.ndindex(labels.shape[:-2]):
        made.start(position, labels[position])
    viewer.add_layer(made.layer)
    made.viewer = viewer
    return made


def painted(tracked, *position):
    return np.argwhere(tracked.human_pixels(position) != VOID).tolist()


def test_a_stroke_over_what_is_there_is_a_persons_and_one_undo_step(tracked):
    layer = tracked.layer
    drag(layer, (0, 10), (0, 14), label=0)
    drag(layer, (3, 3), (3, 6), label=1)
    background, thing = [[0, c] for c in range(10, 15)], [[3, c] for c in range(3, 7)]
    assert painted(tracked) == background + thing
    assert np.array_equal(layer.data, PLANE)
    assert tracked.human_pixels(())[3, 3] == 1
    assert tracked.is_edited(())
    assert tracked.take_touched() == {()}
    layer.undo()
    assert tracked.take_touched() == {()}
    assert painted(tracked) == background
    layer.undo()
    assert painted(tracked) == []
    assert not tracked.is_edited(())
    layer.redo()
    layer.redo()
    assert painted(tracked) == background + thing


def test_a_stroke_that_agrees_here_and_not_there_is_one_step(tracked):
    drag(tracked.layer, (6, 0), (6, 9), label=1)
    assert painted(tracked) == [[6, c] for c in range(10)]
    assert (tracked.layer.data != PLANE).sum() == 4
    tracked.layer.undo()
    assert painted(tracked) == []
    assert np.array_equal(tracked.layer.data, PLANE)


def test_what_is_painted_and_then_painted_back_is_a_persons(tracked):
    drag(tracked.layer, (0, 0), (0, 3), label=2)
    drag(tracked.layer, (0, 0), (0, 3), label=0)
    assert np.array_equal(tracked.layer.data, PLANE)
    assert (tracked.human_pixels(())[0, :4] == 0).all()
    tracked.layer.undo()
    assert (tracked.human_pixels(())[0, :4] == 2).all()


def test_the_same_stroke_again_says_nothing_new_and_is_no_step(tracked):
    for _ in range(3):
        drag(tracked.layer, (0, 0), (0, 3), label=0)
    tracked.layer.undo()
    assert painted(tracked) == []


def test_unsure_hands_back_what_was_agreed_to(tracked):
    drag(tracked.layer, (3, 3), (3, 6), label=1)
    click(tracked.layer, (3, 4), label=VOID)
    assert painted(tracked) == [[3, 3], [3, 5], [3, 6]]


def test_the_eraser_on_background_says_background(tracked):
    drag(tracked.layer, (0, 5), (2, 5), label=1, mode="erase")
    human = tracked.human_pixels(())
    assert (human[:3, 5] == 0).all()
    assert (human != VOID).sum() == 3
    tracked.layer.undo()
    assert painted(tracked) == []


def test_with_labels_preserved_only_what_may_be_painted_or_has_the_label_counts(tracked):
    tracked.layer.preserve_labels = True
    drag(tracked.layer, (6, 6), (6, 16), label=1)
    assert painted(tracked) == [[6, c] for c in range(6, 15)]
    assert (tracked.layer.data[6, 15:] == PLANE[6, 15:]).all()
    assert (tracked.human_pixels(())[6, 6:15] == 1).all()


@pytest.mark.parametrize(("contiguous", "count"), [(True, 36), (False, 72)])
def test_a_region_filled_with_the_label_it_has_is_a_persons(tracked, contiguous, count):
    tracked.layer.contiguous = contiguous
    drag(tracked.layer, (3, 3), (4, 4), (6, 6), mode="fill", label=1)
    human = tracked.human_pixels(())
    assert (human == 1).sum() == count
    assert (human[2:8, 2:8] == 1).all()
    assert np.array_equal(tracked.layer.data, PLANE)
    tracked.layer.undo()
    assert painted(tracked) == []


def test_a_region_filled_away_and_back_is_a_persons(tracked):
    click(tracked.layer, (3, 3), mode="fill", label=2)
    click(tracked.layer, (3, 3), mode="fill", label=1)
    assert np.array_equal(tracked.layer.data, PLANE)
    assert (tracked.human_pixels(())[2:8, 2:8] == 1).all()


def test_a_polygon_over_its_own_label_is_a_persons(tracked):
    layer = tracked.layer
    layer.mode, layer.selected_label = "polygon", 2
    overlay = layer._overlays["polygon"]
    overlay.points = [(7, 12), (7, 20), (12, 20), (12, 12)]
    overlay.add_polygon_to_labels(layer)
    human = tracked.human_pixels(())
    assert (human[7:13, 12:21] == 2).all()
    assert (human != VOID).sum() == 6 * 9
    layer.undo()
    assert painted(tracked) == []


@pytest.mark.parametrize(
    ("size", "at"),
    [(1, (0, 0)), (2, (19, 29)), (40, (-3, 10)), (5, (50, 50)), (5, (0.4, 28.6)), (1, (-1, 4))],
)
def test_the_brush_covers_the_same_pixels_whether_they_change_or_not(size, at):
    empty = np.zeros_like(PLANE)
    changing, agreeing = made(empty), made(empty)
    click(changing.layer, at, label=3, size=size)
    click(agreeing.layer, at, label=0, size=size)
    assert painted(agreeing) == np.argwhere(changing.layer.data).tolist()


@pytest.mark.parametrize(
    ("scale", "order", "dimensions"),
    [
        ((1, 3, 1), (0, 1, 2), 2),
        ((2, 0.5, 0.5), (1, 0, 2), 2),
        ((1, 1, 1), (2, 1, 0), 2),
        ((1, 1, 2), (0, 2, 1), 2),
        ((2, 1, 1), (0, 1, 2), 3),
        ((1, 2, 1), (2, 0, 1), 3),
    ],
)
def test_in_a_stack_and_seen_from_any_side(scale, order, dimensions):
    """The same stroke with another label changes pixels, and napari's own result says which."""
    found = []
    for label in (3, 0):
        tracked = made(np.zeros((6, 12, 14), np.uint8), scale=scale)
        tracked.viewer.dims.order = order
        tracked.viewer.dims.point = [2 * scale[0], 4 * scale[1], 5 * scale[2]]
        tracked.layer.n_edit_dimensions = dimensions
        drag(tracked.layer, (2, 4, 5), (3, 5, 5), (3, 6, 9), label=label, size=4)
        human = np.stack([tracked.human_pixels((z,)) for z in range(6)])
        found.append(human != VOID)
        assert (human[found[-1]] == label).all()
        touched = tracked.take_touched()
        assert touched == {(z,) for z in range(6) if found[-1][z].any()}
        tracked.layer.undo()
        assert all(painted(tracked, z) == [] for z in range(6))
    assert found[0].any()
    assert np.array_equal(*found)


def test_a_stroke_that_is_broken_off_says_nothing(tracked):
    layer = tracked.layer
    if not hasattr(layer, "_abort_stroke"):
        pytest.skip("this napari has no strokes that can be broken off")
    layer._begin_stroke()
    layer.brush_size = 1
    layer.paint((0, 0), 0)
    layer.paint((3, 3), 2)
    layer._abort_stroke()
    assert painted(tracked) == []
    assert np.array_equal(layer.data, PLANE)
    layer.undo()
    assert painted(tracked) == []


@pytest.mark.parametrize("undone", [1, 2])
def test_undo_on_a_hidden_layer_and_a_stroke_after_it(tracked, undone):
    layer = tracked.layer
    drag(layer, (0, 0), (0, 3), label=0)
    drag(layer, (3, 3), (3, 6), label=1)
    layer.visible = False
    for _ in range(undone):
        layer.undo()
    layer.brush_size = 1
    layer.paint((19, 0), 0)
    kept = [[0, c] for c in range(4)] if undone == 1 else []
    assert painted(tracked) == [*kept, [19, 0]]


def test_updates_hold_and_undo_brings_back_what_was_agreed_to(tracked):
    drag(tracked.layer, (0, 0), (0, 3), label=0)
    human = tracked.human_pixels(())
    other = np.where(human != VOID, human, 2).astype(np.uint8)
    tracked.write({(): (other, human)})
    assert np.array_equal(tracked.human_pixels(()), human)
    drag(tracked.layer, (9, 0), (9, 3), label=2)
    assert (tracked.human_pixels(()) != VOID).sum() == 8
    tracked.layer.undo()
    tracked.layer.undo()
    assert np.array_equal(tracked.human_pixels(()), human)
    tracked.layer.undo()
    assert painted(tracked) == []
    for _ in range(3):
        tracked.layer.redo()
    assert (tracked.human_pixels(()) != VOID).sum() == 8


def test_a_stroke_that_agrees_with_the_masks_counts_before_an_older_one_on_the_pseudo_labels():
    made = annotated()
    masks, rough = made.masks.layer, made.pseudo_labels.layer
    says, other = (
        int(masks.data[2, 2]),
        next(i for i in (1, 2, 3) if i not in (masks.data[2, 2], rough.data[2, 2])),
    )
    click(rough, (2, 2), label=other)
    assert made.human_pixels(())[2, 2] == other
    click(masks, (2, 2), label=says)
    assert made.human_pixels(())[2, 2] == says
    piece = made.slice(())
    made.write_masks({(): replace(piece, masks=np.where(piece.human != VOID, piece.human, 3))})
    assert masks.data[2, 2] == says


def test_a_stroke_that_agrees_with_the_pseudo_labels_is_a_persons_until_undone():
    made = annotated()
    rough = made.pseudo_labels.layer
    at = tuple(np.argwhere((rough.data != VOID) & (rough.data != made.masks.layer.data))[0])
    click(rough, at, label=int(rough.data[at]))
    assert made.human_pixels(())[at] == rough.data[at]
    made.write_masks(
        {(): replace(made.slice(()), masks=np.where(made.human_pixels(()) != VOID, rough.data, 3))}
    )
    assert made.masks.layer.data[at] == rough.data[at]
    rough.undo()
    assert (made.human_pixels(()) == VOID).all()
