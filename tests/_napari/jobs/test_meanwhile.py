"""What a person does while a run is under way, and what a run has to leave alone, in the panel."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_ovseg._napari.panel.slices_row import ALL

from ..used_panel import CORNERS

VOID = 255
BRIGHT, DARK = CORNERS.max(axis=2) > 200, CORNERS.max(axis=2) < 50


@pytest.fixture
def panel(make_panel):
    panel = make_panel()
    panel.viewer.add_image(CORNERS, name="photo")
    panel.run("bright, dark")
    return panel


@pytest.fixture
def stack(make_panel):
    panel = make_panel()
    panel.viewer.add_image(np.stack([CORNERS[..., 0]] * 3), name="photo", contrast_limits=(0, 255))
    panel.viewer.dims.set_current_step(0, 0)
    panel.form.slices.scope.setCurrentText(ALL)
    panel.run("bright, dark")
    return panel


def masks(panel):
    return panel.current.masks.layer.data


def named(panel, name):
    """Where the masks have a category, by its name."""
    (id,) = [label.id for label in panel.current.table.labels if label.name == name]
    return masks(panel) == id


def swap_looks(panel):
    """From now on the model takes dark for bright and bright for dark."""
    panel.method.masks_of = lambda image, names: type(panel.method).masks_of(panel.method, 1 - image, names)


def lock(panel, id):
    panel.form.table.lock_changed.emit(id, True)


def test_keys_that_can_do_nothing_during_a_run_say_what_is_running(panel):
    said = "A segmentation is running: wait for it, or press Cancel first."
    panel.start_held()
    panel.qtbot.keyClick(panel.form.names, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert panel.message == said
    panel.form.show_message("")
    panel.form.setFocus()
    panel.qtbot.keyClick(panel.viewer.window._qt_window, Qt.Key.Key_U)
    assert panel.message == said
    panel.finish()
    assert "is running" not in panel.message


@pytest.mark.parametrize("names", ["bright, dark", "dark, bright", "dark"])
def test_a_run_leaves_a_locked_category_as_it_is(panel, names):
    lock(panel, 1)
    swap_looks(panel)
    panel.run(names)
    assert np.array_equal(named(panel, "bright"), BRIGHT)
    assert not panel.current.has_corrections(())


def test_a_run_leaves_a_locked_background_as_it_is(panel):
    lock(panel, 0)
    panel.method.masks_of = lambda image, names: np.full(image.shape[:2], 2, np.uint8)
    panel.run()
    assert np.array_equal(masks(panel) == 0, ~BRIGHT & ~DARK)


def test_a_lock_set_during_a_run_holds(panel):
    swap_looks(panel)
    panel.start_held()
    lock(panel, 2)
    panel.finish()
    assert np.array_equal(named(panel, "dark"), DARK)


def test_a_lock_does_not_keep_a_slice_that_was_never_run_empty(make_panel):
    panel = make_panel()
    panel.viewer.add_image(np.stack([CORNERS[..., 0]] * 2), name="photo", contrast_limits=(0, 255))
    panel.viewer.dims.set_current_step(0, 0)
    panel.run()
    lock(panel, 0)
    lock(panel, 1)
    panel.viewer.dims.set_current_step(0, 1)
    panel.run()
    assert np.array_equal(masks(panel)[1] == 1, BRIGHT)


@pytest.mark.parametrize("names", ["bright, dark", "dark, bright"])
def test_a_picture_set_to_done_during_a_run_stays_as_it_is_and_done(panel, names):
    swap_looks(panel)
    before = panel.viewer.layers["photo masks"].data.copy()
    rough = panel.viewer.layers["photo pseudo-labels"].data.copy()
    panel.start_held(names)
    panel.click(panel.form.correct.done)
    panel.finish()
    assert panel.layers == ["photo", "photo pseudo-labels", "photo masks"]
    assert np.array_equal(masks(panel), before)
    assert np.array_equal(panel.viewer.layers["photo pseudo-labels"].data, rough)
    assert panel.current.pieces[()].done
    assert panel.form.correct.done.isChecked()
    assert "'photo' was set to done meanwhile and is left as it is" in panel.message


def test_a_slice_set_to_done_during_a_run_of_all_is_left_and_the_others_are_run(stack):
    swap_looks(stack)
    stack.start_held()
    stack.viewer.dims.set_current_step(0, 1)
    stack.click(stack.form.correct.done)
    stack.finish()
    assert [np.array_equal(masks(stack)[z] == 1, BRIGHT) for z in range(3)] == [False, True, False]
    assert [stack.current.pieces[(z,)].done for z in range(3)] == [False, True, False]
    assert "Slice 1 was set to done meanwhile" in stack.message


@pytest.mark.parametrize("names", ["bright, dark", "dark, bright", "tree, dark, bright"])
def test_a_category_deleted_during_a_run_does_not_come_back(panel, names):
    panel.start_held(names)
    panel.form.table.delete_requested.emit(2)
    panel.finish()
    assert "dark" not in panel.names
    assert set(np.unique(masks(panel)).tolist()) <= {0, *panel.current.table.ids}
    assert "dark" not in panel.form.names.toPlainText()
    first = names.split(", ")[0]
    if first != "dark":
        assert named(panel, first).any()


@pytest.mark.parametrize("names", ["bright, dark", "dark, bright", "tree, dark, bright"])
def test_a_category_merged_during_a_run_goes_into_the_other(panel, names):
    panel.start_held(names)
    panel.form.table.merge_requested.emit(2, 1)
    panel.finish()
    assert "dark" not in panel.names
    found = panel.method.masks_of(panel.method.pictures[-1], names.split(", "))
    of = [0, *(name in ("bright", "dark") for name in names.split(", "))]
    assert np.array_equal(named(panel, "bright"), np.isin(found, np.nonzero(of)))


@pytest.mark.parametrize("names", ["bright, dark", "dark, bright"])
def test_a_category_renamed_during_a_run_keeps_its_new_name(panel, names):
    panel.start_held(names)
    panel.form.table.renamed.emit(2, "shadow")
    panel.finish()
    assert sorted(panel.names[:2]) == ["bright", "shadow"]
    found = panel.method.masks_of(panel.method.pictures[-1], names.split(", "))
    assert np.array_equal(named(panel, "shadow"), found == names.split(", ").index("dark") + 1)


def test_a_merge_while_all_slices_are_run_holds_for_each_of_them(stack):
    stack.start_held("dark, bright")
    stack.form.table.merge_requested.emit(2, 1)
    stack.finish()
    for z in range(3):
        assert np.array_equal(named(stack, "bright")[z], BRIGHT | DARK)


# with other names the layer of pseudo-labels is replaced at once, and what is painted there has its ids
@pytest.mark.parametrize(
    ("names", "layer"),
    [
        ("bright, dark", "photo masks"),
        ("tree, bright", "photo masks"),
        ("bright, dark", "photo pseudo-labels"),
    ],
)
def test_strokes_during_a_run_that_makes_new_layers_go_over_into_them(panel, names, layer):
    panel.paint((5, 5), 2)
    old = panel.viewer.layers["photo masks"]
    panel.start_held(names)
    panel.paint((7, 7), 1, layer)
    panel.form.table.add_requested.emit("new")
    panel.paint((9, 9), 3, layer)
    panel.finish()
    panel.wait_until_idle()
    assert panel.current.masks.layer is not old
    human = panel.current.human_pixels(())
    assert np.argwhere(human != VOID).tolist() == [[5, 5], [7, 7], [9, 9]]
    for at, name in {(5, 5): "dark", (7, 7): "bright", (9, 9): "new"}.items():
        assert named(panel, name)[at]
