"""Strokes on a done slice or on a locked category: what is said of them, and that it is true."""

from __future__ import annotations

import numpy as np
import pytest

from ..brush import drag
from ..used_panel import CORNERS

STACK = np.stack([CORNERS.mean(axis=-1)] * 3) / 255


@pytest.fixture(params=[False, True], ids=["by us", "by napari"])
def panel(request, make_panel):
    panel = make_panel(by_napari=request.param)
    panel.viewer.add_image(CORNERS, name="photo")
    panel.run("bright, dark")
    panel.masks = panel.viewer.layers["photo masks"]
    panel.said = []
    panel.widget.annotator.said.connect(lambda message: panel.said.append(message))
    return panel


def update(panel):
    panel.widget.annotator.settle()
    panel.click(panel.form.correct.update_masks)
    panel.wait_until_idle()


def test_a_stroke_on_a_done_picture_says_once_that_it_is_kept_and_it_is(panel):
    panel.click(panel.form.correct.done)
    drag(panel.masks, (5, 5), (5, 6), (5, 7), label=2)
    told = "This picture is done: your stroke is kept, and no run or update changes the rest."
    assert panel.said == [told]
    drag(panel.masks, (32, 3), (32, 4), label=2)
    assert panel.said == [told, told]
    before = panel.masks.data.copy()
    update(panel)
    assert "untick 'done'" in panel.message
    panel.run("bright, dark")
    assert np.array_equal(panel.viewer.layers["photo masks"].data, before)
    assert (panel.current.human_pixels(()) == 2).sum() == 5


def test_live_leaves_a_done_picture_in_peace(panel, qtbot):
    panel.click(panel.form.correct.done)
    panel.click(panel.form.correct.live)
    drag(panel.masks, (5, 5), (5, 6), label=2)
    panel.widget.annotator.settle()
    panel.widget.annotator.update_requests.rest()
    panel.widget.annotator.update_requests.update_live()
    assert "is done: your stroke is kept" in panel.message


def test_a_stroke_with_a_locked_category_spreads_nowhere(panel):
    panel.form.table.lock_changed.emit(2, True)
    panel.said.clear()
    drag(panel.masks, (5, 5), (5, 6), label=2)
    assert panel.said == ["'dark' is locked: your stroke is kept, and updates add no pixels to it."]
    before = (panel.masks.data == 2).sum()
    update(panel)
    assert (panel.current.human_pixels(()) == 2).sum() == 2
    assert (panel.masks.data == 2).sum() == before


def test_a_stroke_over_a_locked_category_is_kept(panel):
    panel.form.table.lock_changed.emit(2, True)
    panel.said.clear()
    drag(panel.masks, (32, 3), (32, 4), label=1)
    assert panel.said == ["'dark' is locked for runs and updates: your stroke over it is kept."]
    update(panel)
    assert (panel.current.human_pixels(()) == 1).sum() == 2
    assert (panel.masks.data[32, 3:5] == 1).all()


def test_the_machines_own_writing_undo_and_table_edits_are_no_strokes(panel):
    panel.form.table.lock_changed.emit(1, True)
    drag(panel.masks, (5, 5), (5, 6), label=2)
    update(panel)
    panel.masks.undo()
    panel.form.table.renamed.emit(2, "black")
    panel.masks.undo()
    assert not [said for said in panel.said if "your stroke" in said]


def test_the_slice_that_is_done_is_named(make_panel):
    panel = make_panel()
    panel.viewer.add_image(STACK, name="photo", contrast_limits=(0, 1))
    panel.viewer.dims.set_current_step(0, 1)
    panel.run("bright, dark")
    panel.click(panel.form.correct.done)
    masks = panel.viewer.layers["photo masks"]
    drag(masks, (1, 5, 5), (1, 5, 6), label=2)
    assert panel.message.startswith("Slice 1 is done: your stroke is kept")
    panel.viewer.dims.set_current_step(0, 2)
    drag(masks, (2, 5, 5), (2, 5, 6), label=2)
    assert "done" not in panel.message
