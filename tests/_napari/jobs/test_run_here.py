"""Run here: only what is in view or inside a drawn rectangle is segmented, and pasted into what is there."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_ovseg.annotation.pasted import PARTS

# all of it is of a category: the left half is bright, the right half dark
HALVES = np.full((60, 80, 3), 250, np.uint8)
HALVES[:, 40:] = 10
# rows 10 to 40, columns 20 to 60, of which a pixel counts when any of it is inside
RECTANGLE = np.array([[9.5, 19.5], [9.5, 59.5], [39.5, 59.5], [39.5, 19.5]])
PART = (slice(10, 40), slice(20, 60))


@pytest.fixture
def panel(make_panel):
    panel = make_panel()
    panel.viewer.add_image(HALVES, name="photo")
    return panel


def draw(panel, rectangle=RECTANGLE, **where):
    """Draw a rectangle, as the person does: its layer is the active one then."""
    shapes = panel.viewer.add_shapes([rectangle], shape_type="rectangle", name="here", **where)
    panel.viewer.layers.selection.active = shapes
    return shapes


def run_here(panel, names=None):
    if names is not None:
        panel.type_names(names)
    panel.click(panel.form.run_here)
    panel.wait_until_idle()


def masks_of(panel):
    return panel.viewer.layers["photo masks"].data


def test_only_a_drawn_rectangle_is_segmented_of_a_new_picture(panel):
    draw(panel)
    run_here(panel, "bright, dark")
    assert [picture.shape for picture in panel.method.pictures] == [(30, 40, 3)]
    expected = np.zeros((60, 80), int)
    expected[10:40, 20:40], expected[10:40, 40:60] = 1, 2
    np.testing.assert_array_equal(masks_of(panel), expected)
    assert panel.message.startswith("Segmented 'bright', 'dark' in 30 x 40 pixels.")
    [part] = panel.current.pieces[()].record[PARTS]
    assert part == {"rows": [10, 40], "columns": [20, 60]}


def test_what_is_outside_and_what_was_painted_stays_and_one_undo_takes_it_back(panel):
    panel.run("bright, dark")
    layer = panel.viewer.layers["photo masks"]
    panel.paint((20, 30), 2)
    before = masks_of(panel).copy()
    assert before[20, 30] == 2
    draw(panel)
    panel.method.masks_of = lambda image, names: np.full(image.shape[:2], 2, np.uint8)
    run_here(panel)
    expected = before.copy()
    expected[PART] = 2
    np.testing.assert_array_equal(masks_of(panel), expected)
    assert panel.layers.count("photo masks") == 1
    assert np.argwhere(panel.current.human_pixels(()) != 255).tolist() == [[20, 30]]
    layer.undo()
    np.testing.assert_array_equal(masks_of(panel), before)


def test_a_painted_pixel_and_a_locked_category_inside_stay(panel):
    panel.run("bright, dark")
    panel.paint((20, 30), 2)
    panel.form.table.lock_changed.emit(2, True)
    draw(panel)
    panel.method.masks_of = lambda image, names: np.full(image.shape[:2], 1, np.uint8)
    run_here(panel)
    found = masks_of(panel)
    assert found[20, 30] == 2
    assert (found[PART][:, :20] == 1).sum() == 30 * 20 - 1
    # what was dark is locked
    assert (found[:, 40:] == 2).all()


def test_updates_go_on_from_what_was_pasted(panel):
    draw(panel)
    run_here(panel, "bright, dark")
    panel.paint((20, 30), 2)
    panel.click(panel.form.correct.update_masks)
    panel.wait_until_idle()
    [(masks, human, _)] = panel.method.updates
    assert masks[15, 25] == 1
    assert np.argwhere(human != 255).tolist() == [[20, 30]]


def test_what_is_in_view_is_segmented_where_nothing_is_drawn(make_panel, qtbot):
    panel = make_panel(show=True)
    panel.viewer.add_image(np.tile(HALVES, (10, 10, 1)), name="photo")
    panel.viewer.camera.center, panel.viewer.camera.zoom = (300, 400), 8
    image = panel.viewer.layers["photo"]
    qtbot.waitUntil(lambda: image.corner_pixels[0][0] > 200)
    run_here(panel, "bright, dark")
    found = masks_of(panel)
    rows, columns = np.nonzero(found)
    seen = image.corner_pixels
    for places, axis in ((rows, 0), (columns, 1)):
        assert places.min() == seen[0][axis]
        assert places.max() == seen[1][axis]
    assert 0.001 < (found > 0).mean() < 0.5
    assert (found[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] > 0).all()


def test_the_rectangle_is_where_it_is_seen(panel):
    image = panel.viewer.layers["photo"]
    image.scale, image.translate = (2, 2), (100, 50)
    draw(panel, RECTANGLE * 2 + (100, 50))
    run_here(panel, "bright, dark")
    assert np.argwhere(masks_of(panel) > 0).min(0).tolist() == [10, 20]
    assert np.argwhere(masks_of(panel) > 0).max(0).tolist() == [39, 59]


def test_what_reaches_beyond_the_picture_is_cut_off(panel):
    draw(panel, np.array([[-30.0, 50], [-30, 300], [20, 300], [20, 50]]))
    run_here(panel, "bright, dark")
    assert [picture.shape[:2] for picture in panel.method.pictures] == [(21, 30)]


@pytest.mark.parametrize(
    ("rectangle", "said"),
    [
        (RECTANGLE / 10, "4 x 5 pixels of 'photo' are inside the rectangle"),
        (RECTANGLE + 500, "The rectangle is outside 'photo': draw it on the picture."),
    ],
)
def test_too_small_a_rectangle_is_refused(panel, rectangle, said):
    draw(panel, rectangle)
    run_here(panel, "bright, dark")
    assert panel.message.startswith(said)
    assert "photo masks" not in panel.layers
    assert not panel.method.calls


def test_other_names_and_3d_and_a_slice_that_is_done_are_refused(panel):
    panel.run("bright, dark")
    draw(panel)
    before = masks_of(panel).copy()
    run_here(panel, "bright, tree")
    assert panel.message.startswith("A part is run with the names of the masks")
    panel.viewer.dims.ndisplay = 3
    run_here(panel, "bright, dark")
    assert "3D" in panel.message
    panel.viewer.dims.ndisplay = 2
    assert panel.method.calls == 1
    np.testing.assert_array_equal(masks_of(panel), before)


def test_it_waits_for_nothing_and_stops_like_a_run(panel, qtbot):
    draw(panel)
    panel.method.hold.clear()
    panel.type_names("bright, dark")
    panel.click(panel.form.run_here)
    qtbot.waitUntil(panel.method.holding.is_set, timeout=20_000)
    assert not panel.form.run_here.isEnabled()
    assert not panel.form.run.isEnabled()
    panel.click_cancel()
    panel.wait_until_idle()
    assert "photo masks" not in panel.layers
    assert panel.form.run_here.isEnabled()


def test_its_key_runs_it(make_panel, qtbot):
    panel = make_panel(show=True)
    panel.viewer.add_image(HALVES, name="photo")
    draw(panel)
    panel.type_names("bright, dark")
    canvas = panel.viewer.window._qt_viewer.canvas.native
    modifiers = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(canvas, Qt.Key.Key_Return, modifiers)
    panel.wait_until_idle()
    assert [picture.shape[:2] for picture in panel.method.pictures] == [(30, 40)]
    assert "Ctrl+Shift+Return" in panel.form.run_here.toolTip() or "Enter" in panel.form.run_here.toolTip()


def test_a_slice_of_a_stack_is_run_in_part(make_panel):
    panel = make_panel()
    panel.viewer.add_image(np.stack([HALVES[..., 0]] * 3), name="photo")
    panel.viewer.dims.set_current_step(0, 1)
    draw(panel)
    run_here(panel, "bright, dark")
    found = masks_of(panel)
    assert not found[[0, 2]].any()
    assert np.argwhere(found[1] > 0).min(0).tolist() == [10, 20]


def levels_of(side, *, rgb=True):
    """Levels of a picture whose halves are bright and dark, lazily, as from a slide."""

    def level(side):
        full = da.zeros((side, 2 * side, 3), dtype=np.uint8, chunks=512) + 250
        full = da.where((da.arange(2 * side, chunks=512) >= side)[None, :, None], np.uint8(10), full)
        return full if rgb else full[..., 0]

    return [level(side), level(side // 4), level(side // 16)]


@pytest.mark.parametrize("rgb", [True, False])
def test_a_part_of_a_slide_is_worked_on_at_full_detail(make_panel, rgb):
    panel = make_panel()
    how = {} if rgb else {"contrast_limits": (0, 255)}
    slide = panel.viewer.add_image(
        levels_of(20_000, rgb=rgb), name="slide", rgb=rgb, scale=(0.5, 0.5), translate=(7, 3), **how
    )
    # rows 1000 to 1400 and columns 19900 to 20200
    rectangle = np.array([[1000, 19900], [1000, 20199], [1399, 20199], [1399, 19900]]) * 0.5 + (7, 3)
    draw(panel, rectangle)
    run_here(panel, "bright, dark")
    assert [picture.shape for picture in panel.method.pictures] == [(400, 300, 3)]
    masks = panel.viewer.layers["slide at 1000, 19900 masks"]
    np.testing.assert_array_equal(masks.data, np.repeat([[1] * 100 + [2] * 200], 400, 0))
    # a pixel of the masks lies where it lies in the slide
    np.testing.assert_allclose(masks.data_to_world((3, 5)), slide.data_to_world((1003, 19905)))
    part = panel.viewer.layers["slide at 1000, 19900"]
    np.testing.assert_allclose(part.data_to_world((3, 5)), slide.data_to_world((1003, 19905)))
    # corrected and updated like any picture
    panel.paint((3, 5), 2, "slide at 1000, 19900 masks")
    panel.click(panel.form.correct.update_masks)
    panel.wait_until_idle()
    assert masks.data[3, 5] == 2
    assert len(panel.method.updates) == 1


def test_what_is_too_wide_for_full_detail_is_taken_from_a_coarser_level(make_panel):
    panel = make_panel()
    panel.viewer.add_image(levels_of(20_000), name="slide", rgb=True)
    draw(panel, np.array([[0, 17000], [0, 22999], [3999, 22999], [3999, 17000]]))
    run_here(panel, "bright, dark")
    assert [picture.shape for picture in panel.method.pictures] == [(1000, 1500, 3)]
    masks = panel.viewer.layers["slide at 0, 17000 masks"]
    world = panel.viewer.layers["slide"].data_to_world((1.5, 17001.5))
    np.testing.assert_allclose(masks.data_to_world((0, 0)), world)


def test_where_no_level_shows_more_a_part_goes_into_the_masks_of_the_whole(make_panel):
    panel = make_panel()
    panel.viewer.add_image(levels_of(1000), name="slide", rgb=True)
    draw(panel, np.array([[0, 0], [0, 1999], [999, 1999], [999, 0]]))
    run_here(panel, "bright, dark")
    assert "slide masks" in panel.layers
    assert panel.viewer.layers["slide masks"].data.shape == (1000, 2000)


def test_too_small_a_part_of_a_slide_is_refused(make_panel):
    panel = make_panel()
    panel.viewer.add_image(levels_of(20_000), name="slide", rgb=True)
    draw(panel, np.array([[0, 0], [0, 9], [9, 9], [9, 0]]))
    run_here(panel, "bright, dark")
    assert panel.message.startswith("10 x 10 pixels of 'slide' are inside the rectangle")
    assert panel.layers == ["slide", "here"]


def test_what_is_in_view_of_a_slide_is_taken_out(make_panel, qtbot):
    panel = make_panel(show=True)
    slide = panel.viewer.add_image(levels_of(20_000), name="slide", rgb=True, scale=(0.5, 0.5))
    panel.viewer.camera.center, panel.viewer.camera.zoom = (4000, 9990), 2
    qtbot.waitUntil(lambda: slide.data_level == 0)
    run_here(panel, "bright, dark")
    height, width = panel.viewer.window._qt_viewer.canvas.size
    [picture] = panel.method.pictures
    # a pixel of the slide is a pixel of the screen
    assert picture.shape[0] == pytest.approx(height, abs=2)
    assert picture.shape[1] == pytest.approx(width, abs=2)
    part = next(layer for layer in panel.viewer.layers if layer.name.startswith("slide at"))
    first = slide.world_to_data(part.data_to_world((0, 0)))
    np.testing.assert_allclose(first, (8000 - height / 2, 19980 - width / 2), atol=1.5)
