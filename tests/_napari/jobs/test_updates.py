"""Updates in the background against a person who paints, locks, merges and undoes meanwhile; no window."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_ovseg._napari.annotating import table_edits
from napari_ovseg._napari.jobs import update
from napari_ovseg._napari.jobs.events import Progressed
from napari_ovseg._napari.jobs.runner import Runner
from napari_ovseg._napari.jobs.update import SliceUpdate, UpdateRequest, update_steps
from napari_ovseg._napari.jobs.updates import Updates
from napari_ovseg._napari.layers.annotated import Annotated
from napari_ovseg._napari.layers.colours import Legend
from napari_ovseg._napari.layers.result_layers import MASKS, PSEUDO_LABELS, new_layer
from napari_ovseg._napari.layers.source import source_at, source_of
from napari_ovseg._napari.layers.tracked_labels import is_being_painted
from napari_ovseg.annotation import SliceAnnotation
from napari_ovseg.annotation.label_table import LabelTable
from napari_ovseg.errors import InputError
from napari_ovseg.labelled import named_labels
from napari_ovseg.segmentation import State

from ..brush import drag
from ..fakes import FakeMethod

VOID = 255
# two halves, dark and bright
PICTURE = np.repeat(np.array([0.0, 1.0]), 4)[None].repeat(6, axis=0)


class Loop:
    """A picture or a stack with empty masks, and its updates, of which the learning can be held up."""

    def __init__(self, qtbot, slices=0):
        self.qtbot, self.method = qtbot, FakeMethod()
        self.go = threading.Event()
        self.go.set()
        self.viewer = ViewerModel()
        data = PICTURE if not slices else np.stack([PICTURE] * slices)
        image = self.viewer.add_image(data, contrast_limits=(0, 1), name="photo")
        source = source_of(image, self.viewer.dims)
        table = LabelTable(named_labels(("a", "b", "c")))
        masks, rough = (
            new_layer(image, kind, np.dtype(np.uint8), source.placement, Legend(table.labels))
            for kind in (MASKS, PSEUDO_LABELS)
        )
        self.made = Annotated(image, masks, rough, table)
        for at in [(z,) for z in range(slices)] or [()]:
            empty = np.zeros(PICTURE.shape, np.uint8)
            masks.start(at, empty)
            rough.start(at, empty)
            state = State((1, 2, 3), np.full((4, 2, 2), 0.25, np.float32), None)
            self.made.pieces[at] = SliceAnnotation(empty, np.full_like(empty, VOID), state=state)
            self.made.sources[at] = source_at(source, at)
        for tracked in (masks, rough):
            self.viewer.add_layer(tracked.layer)
            tracked.layer.brush_size = 1
        self.masks = masks.layer
        self.runner = Runner(lambda: any(map(is_being_painted, self.viewer.layers)))
        engine = self.method.engine
        slow = replace(engine, single_image=self.learner(engine.single_image))
        self.updates = Updates(self.runner, slow)
        self.updates.turn_to(self.made)
        self.said = []
        self.updates.said.connect(lambda message, error: self.said.append(message))

    def learner(self, make):
        def learn(*args, **kwargs):
            self.go.wait(20)
            return make(*args, **kwargs)

        return learn

    def start(self, *positions):
        self.updates.start(list(positions) or [()])

    def wait(self):
        self.go.set()
        self.qtbot.waitUntil(lambda: not self.runner.busy, timeout=20_000)

    def update(self, *positions):
        self.start(*positions)
        self.wait()


@pytest.fixture
def loop(qtbot):
    made = Loop(qtbot)
    yield made
    made.wait()


@pytest.fixture
def stack(qtbot):
    made = Loop(qtbot, 3)
    yield made
    made.wait()


def test_one_stroke_changes_what_looks_like_it_and_undo_takes_it_back(loop):
    loop.masks.paint((1, 1), 2)
    assert loop.updates.has_news(())
    loop.update()
    assert (loop.masks.data[:, :4] == 2).all()
    assert (loop.masks.data[:, 4:] == 0).all()
    assert (loop.made.human_pixels(()) != VOID).sum() == 1
    assert not loop.updates.has_news(())
    loop.masks.undo()
    assert (loop.masks.data != 0).sum() == 1
    loop.masks.undo()
    assert not loop.masks.data.any()
    assert not loop.made.has_corrections(())


def test_an_update_waits_for_the_end_of_a_stroke(loop, qtbot):
    loop.masks.paint((1, 1), 2)
    loop.start()
    with loop.masks.block_history():
        loop.masks.paint((1, 6), 3)
        # the update is done, and is held back once more
        qtbot.waitUntil(lambda: loop.runner._worker is None, timeout=20_000)
        with qtbot.waitSignal(loop.runner._timer.timeout, timeout=20_000):
            pass
        assert (loop.masks.data != 0).sum() == 2
        assert loop.runner.busy
        loop.masks.paint((2, 6), 3)
    loop.wait()
    assert (loop.masks.data[:, :4] == 2).all()
    assert (loop.made.human_pixels(()) == 3).sum() == 2
    loop.masks.undo()
    assert (loop.masks.data != 0).sum() == 3
    loop.masks.undo()
    assert (loop.masks.data != 0).sum() == 1


def test_strokes_during_an_update_are_kept(loop):
    loop.go.clear()
    loop.masks.paint((1, 1), 2)
    loop.start()
    loop.masks.paint((3, 3), 1)
    loop.made.pseudo_labels.layer.paint((4, 2), 3)
    loop.wait()
    assert loop.masks.data[3, 3] == 1
    assert loop.masks.data[4, 2] == 3
    assert (loop.masks.data[:, :4] == 2).sum() == 6 * 4 - 2
    assert loop.updates.has_news(())


def test_a_lock_set_during_an_update_holds(loop):
    loop.made.masks.start((), np.full(PICTURE.shape, 1, np.uint8))
    loop.go.clear()
    loop.masks.paint((1, 1), 2)
    loop.start()
    loop.made.show_table(loop.made.table.lock(1))
    loop.wait()
    assert (loop.masks.data == 1).sum() == PICTURE.size - 1


def test_a_slice_set_to_done_is_not_updated(loop):
    loop.go.clear()
    loop.masks.paint((1, 1), 2)
    loop.start()
    loop.made.pieces[()].done = True
    loop.wait()
    assert (loop.masks.data != 0).sum() == 1
    with pytest.raises(InputError, match="This picture is set to done"):
        loop.start()


@pytest.mark.parametrize(
    "edit", [lambda made: table_edits.merge(made, 2, 1), lambda made: table_edits.delete(made, 2)]
)
def test_an_update_with_a_category_that_went_meanwhile_is_dropped(loop, edit):
    loop.go.clear()
    loop.masks.paint((1, 1), 2)
    loop.start()
    edit(loop.made)
    loop.wait()
    assert 2 not in loop.masks.data
    assert set(loop.made.pieces[()].state.ids) == {1, 3}
    assert "meanwhile" in loop.said[0]


def test_cancel_changes_nothing_and_what_was_painted_is_still_news(loop):
    loop.go.clear()
    loop.masks.paint((1, 1), 2)
    loop.start()
    loop.runner.stop()
    loop.wait()
    assert (loop.masks.data != 0).sum() == 1
    assert loop.updates.has_news(())
    loop.update()
    assert (loop.masks.data[:, :4] == 2).all()


def test_without_a_run_there_is_nothing_to_update(loop):
    loop.made.pieces.clear()
    with pytest.raises(InputError, match="press Run"):
        loop.start()


def test_an_update_of_several_slices_is_one_undo_step(stack):
    for z in range(3):
        stack.viewer.dims.set_current_step(0, z)
        drag(stack.masks, (z, 1, 1), (z, 1, 2), label=2)
    painted = stack.masks.data.copy()
    stack.update((0,), (1,), (2,))
    updated = stack.masks.data.copy()
    assert (updated[:, :, :4] == 2).all()
    stack.masks.undo()
    assert np.array_equal(stack.masks.data, painted)
    stack.masks.redo()
    assert np.array_equal(stack.masks.data, updated)
    assert stack.made.pieces[(2,)].confidence is not None
    stack.masks.undo()
    stack.masks.undo()
    assert not stack.masks.data[2].any()
    assert np.array_equal(stack.masks.data[:2], painted[:2])


def test_strokes_between_the_slices_of_an_update_leave_it_one_step(stack):
    drag(stack.masks, (0, 1, 1), (0, 1, 2), label=2)
    stack.masks.paint((1, 1, 1), 2)
    told = []
    stack.updates.progressed.connect(
        lambda stage, *_: told.append(stage) or stack.masks.paint((2, 4, len(told)), 3)
    )
    stack.update((0,), (1,))
    assert len(told) == 4
    stack.masks.undo()
    assert (stack.masks.data == 2).sum() == 3
    assert (stack.masks.data == 3).sum() == 4


def test_an_update_says_what_it_changed_and_that_it_was_much(loop):
    loop.masks.paint((1, 1), 2)
    loop.update()
    assert loop.said[-1] == (
        "Updated: 23 pixels changed in 2 categories. That is much of the picture: 'b' 2% -> 50%. "
        "Ctrl+Z takes it back."
    )
    loop.update()
    assert loop.said[-1] == "Updated: no pixel changed."


def test_an_update_of_several_slices_says_which_it_is_at_and_what_a_cancel_keeps(stack):
    told = []
    stack.updates.progressed.connect(lambda stage, done, total: told.append(stage))
    for z in range(3):
        stack.masks.paint((z, 1, 1), 2)
    stack.update((0,), (1,), (2,))
    assert [stage for stage in told if "Updating" in stage] == [
        f"slice {z} (of 0 to 2): Updating the masks" for z in range(3)
    ]
    stack.go.clear()
    stack.updates.forget()
    stack.start((0,), (1,), (2,))
    assert stack.updates.stop() == "Cancelled; the layers are as they were."
    stack.wait()
    stack.masks.paint((0, 1, 6), 3)
    stack.updates.progressed.connect(
        lambda stage, *_: (
            told.append(stack.updates.stop()) if "slice 1 (of 0 to 2): Updating" in stage else None
        )
    )
    stack.update((0,), (1,), (2,))
    assert told[-1] == "Cancelled. 1 of 3 slices are finished and kept."
    assert (stack.masks.data[0, :, 4:] == 3).all()


def test_an_update_of_several_slices_leaves_out_the_done_one(stack):
    for z in range(3):
        stack.masks.paint((z, 1, 1), 2)
    stack.made.pieces[(1,)].done = True
    stack.update((0,), (1,), (2,))
    assert [int((stack.masks.data[z] != 0).sum()) for z in range(3)] == [24, 1, 24]


def test_an_update_says_that_it_works_before_it_loads_what_it_works_with(qtbot, monkeypatch):
    loop = Loop(qtbot)
    monkeypatch.setattr(update, "default_engine", lambda: pytest.fail("loaded first"))
    slices = (SliceUpdate(loop.made.sources[()], loop.made.slice(()), known=(1,)),)
    steps = update_steps(UpdateRequest(1, slices, frozenset()), None, lambda _: None, lambda: False)
    assert isinstance(next(steps), Progressed)
