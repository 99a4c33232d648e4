"""The layer that shows how sure the masks are, and the way from one unsure place to the next."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt

from ..used_panel import CORNERS

STACK = np.stack([CORNERS.mean(axis=-1)] * 3) / 255


@pytest.fixture(params=[False, True], ids=["by us", "by napari"])
def panel(request, make_panel):
    panel = make_panel(by_napari=request.param)
    panel.viewer.add_image(CORNERS, name="photo", scale=(2, 2), translate=(5, 3))
    panel.run("bright, dark")
    return panel


def doubt_of(panel, position=()):
    return 1 - panel.current.pieces[position].confidence


def test_unsure_is_light_and_sure_is_not_there_and_both_follow_an_update(panel):
    masks = panel.viewer.layers["photo masks"]
    panel.viewer.layers.selection.active = masks
    panel.click(panel.form.correct.confidence)
    layer = panel.viewer.layers["photo: unsure is light"]
    assert panel.viewer.layers.selection.active is masks
    assert (layer.opacity, layer.contrast_limits) == (0.5, [0, 1])
    sure, unsure = layer.colormap.map(np.array([0.0, 1.0]))
    assert (sure[3], unsure.tolist()) == (0, [1, 1, 1, 1])
    np.testing.assert_allclose(layer.data, doubt_of(panel))
    np.testing.assert_allclose((layer.scale, layer.translate), (masks.scale, masks.translate))
    before = layer.data.copy()
    panel.paint((5, 5), 2)
    panel.click(panel.form.correct.update_masks)
    panel.wait_until_idle()
    panel.widget.annotator.settle()
    assert not np.array_equal(layer.data, before)
    np.testing.assert_allclose(layer.data, doubt_of(panel))
    panel.click(panel.form.correct.confidence)
    assert panel.layers == ["photo", "photo pseudo-labels", "photo masks"]


def test_of_a_stack_only_slices_that_were_run_are_light(make_panel):
    panel = make_panel()
    panel.viewer.add_image(STACK, name="photo", contrast_limits=(0, 1))
    panel.viewer.dims.set_current_step(0, 1)
    panel.run("bright, dark")
    panel.click(panel.form.correct.confidence)
    layer = panel.viewer.layers["photo: unsure is light"]
    panel.viewer.dims.set_current_step(0, 2)
    np.testing.assert_allclose(layer.data[1], doubt_of(panel, (1,)))
    assert not layer.data[[0, 2]].any()


def test_another_picture_takes_the_layer_over_and_none_is_removed(make_panel):
    panel = make_panel()
    panel.viewer.add_image(CORNERS, name="photo")
    panel.run("bright, dark")
    panel.viewer.add_image(STACK, name="stack", contrast_limits=(0, 1))
    panel.run("bright, dark")
    panel.click(panel.form.correct.confidence)
    layer = panel.viewer.layers["stack: unsure is light"]
    removed = []
    panel.viewer.layers.events.removed.connect(lambda event: removed.append(event.value.name))
    for name in ("photo", "stack", "photo"):
        panel.viewer.layers.selection.active = panel.viewer.layers[f"{name} masks"]
        assert layer.name == f"{name}: unsure is light"
        assert layer.data.shape == panel.current.masks.layer.data.shape
    np.testing.assert_allclose(layer.data, doubt_of(panel))
    assert panel.form.image.count() == 2
    assert removed == []


def unsure_at(panel, *boxes):
    """Let the masks be sure everywhere but in some boxes."""
    piece = panel.current.pieces[()]
    piece.confidence[:] = 1
    for rows, columns in boxes:
        piece.confidence[rows, columns] = 0.1


def test_next_says_which_of_how_many_places_and_between_what_it_is_undecided(panel):
    unsure_at(panel, (slice(5, 10), slice(5, 10)), (slice(34, 38), slice(34, 38)))
    told = []
    for _ in range(3):
        panel.click(panel.form.correct.next_uncertain)
        told.append(panel.message)
    assert told == [
        "Place 1 of 2: background or bright?",
        "Place 2 of 2: bright or background?",
        "Nothing unsure is left in this picture that you have not seen.",
    ]


def test_next_comes_nearer_and_never_goes_away_from_the_picture(panel):
    unsure_at(panel, (slice(5, 10), slice(5, 10)), (slice(34, 38), slice(34, 38)))
    camera = getattr(panel.viewer, "scene", panel.viewer).camera
    fits = camera.zoom
    panel.click(panel.form.correct.next_uncertain)
    assert camera.zoom > fits
    np.testing.assert_allclose(camera.center[-2:], (5 + 2 * 7, 3 + 2 * 7))
    camera.zoom = nearest = 500.0
    camera.angles = (0, 0, 30)
    panel.click(panel.form.correct.next_uncertain)
    assert camera.zoom == nearest
    assert camera.angles == (0, 0, 30)
    row, column = ((np.asarray(camera.center[-2:]) - (5, 3)) / 2).round().astype(int)
    assert 34 <= row < 38
    assert 34 <= column < 38


def test_the_place_is_outlined_for_a_while_and_nothing_of_it_is_work(panel, qtbot):
    unsure_at(panel, (slice(5, 10), slice(5, 10)))
    masks = panel.viewer.layers["photo masks"]
    panel.viewer.layers.selection.active = masks
    before = (panel.layers, len(masks._undo_history), panel.current.worth_saving)
    panel.click(panel.form.correct.next_uncertain)
    outline = panel.widget.annotator._places.outline
    assert outline.shown
    assert (panel.layers, len(masks._undo_history), panel.current.worth_saving) == before
    assert panel.viewer.layers.selection.active is masks
    outline._timer.start(0)
    qtbot.waitUntil(lambda: not outline.shown, timeout=5000)
    panel.widget.annotator._places.turn_to(panel.current)
    panel.widget.annotator._places._visited.clear()
    qtbot.keyClick(panel.viewer.window._qt_window, Qt.Key.Key_N)
    assert outline.shown
    panel.paint((5, 5), 2)
    assert not outline.shown
