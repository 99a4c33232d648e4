"""Machine pixels and human ones told apart through any sequence of strokes, writes, undo and redo."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from napari.components import ViewerModel
from PIL import Image, ImageDraw
from scipy import ndimage

from napari_ovseg._napari.layers.colours import Legend
from napari_ovseg._napari.layers.result_layers import MASKS, new_layer
from napari_ovseg._napari.layers.source import source_of

VOID = 255
SHAPE = (3, 6, 7)
IDS = st.sampled_from([0, 1, 2, 3, VOID])
PLACES = st.tuples(*(st.integers(0, length - 1) for length in SHAPE))


def tracked(shape=SHAPE):
    viewer = ViewerModel()
    image = viewer.add_image(np.zeros(shape), name="cells")
    placement = source_of(image, viewer.dims).placement
    made = new_layer(image, MASKS, np.dtype(np.uint8), placement, Legend.of(("a", "b", "c")))
    viewer.add_layer(made.layer)
    return viewer, made


def random_labels(seed):
    return np.random.default_rng(seed).integers(0, 4, SHAPE[1:]).astype(np.uint8)


class Strokes(RuleBasedStateMachine):
    """A second book-keeping: whole copies of pixels and human pixels, which undo and redo move along."""

    @initialize(limit=st.sampled_from([3, 6, 100]), hidden=st.booleans())
    def start(self, limit, hidden):
        self.viewer, self.tracked = tracked()
        layer = self.layer = self.tracked.layer
        layer._history_limit = limit
        layer._reset_history()
        self.limit = limit
        first = np.stack([random_labels(seed) for seed in range(2)])
        for z in range(2):
            self.tracked.start((z,), first[z])
        layer.visible = not hidden
        self.human = np.full(SHAPE, VOID, np.uint8)
        self.past, self.future = [], []

    @property
    def pixels(self):
        return self.layer.data

    def remember(self, before, human):
        """One more undo step, if there is one: napari's own, or one for a stroke that changed nothing."""
        if (before != self.pixels).any():
            self.past = [*self.past, (before, human)][-self.limit :]
            self.future = []

    def paint_over(self, where, id, stroke):
        """A person paints, be it what is there already; void hands a pixel back."""
        before, human, items = self.pixels.copy(), self.human.copy(), self.items
        stroke()
        written = np.stack([self.tracked._baseline((z,)).written for z in range(SHAPE[0])])
        self.human = np.where(before != self.pixels, self.pixels, self.human)
        agrees = where & (self.pixels == id) & (written == id) & (id != VOID)
        self.human[agrees] = id
        # what nobody has said before is never lost without a step
        if (before != self.pixels).any() or (human != self.human).any() or self.items != items:
            self.past = [*self.past, (before, human)][-self.limit :]
            self.future = []

    @property
    def items(self):
        history = self.layer._undo_history
        return id(history[-1]) if history else None

    @rule(place=PLACES, id=IDS, size=st.integers(1, 5), preserve=st.booleans())
    def paint(self, place, id, size, preserve):
        self.viewer.dims.set_current_step(0, place[0])
        self.layer.brush_size = size
        self.layer.preserve_labels = preserve
        away = np.square(np.indices(SHAPE)[1:] - np.array(place[1:])[:, None, None, None]).sum(0)
        under = (away <= (size // 2 + 0.5) ** 2) & (np.indices(SHAPE)[0] == place[0])
        self.paint_over(under, id, lambda: self.layer.paint(place, id))
        self.layer.preserve_labels = False

    @rule(place=PLACES, id=IDS, contiguous=st.booleans())
    def fill(self, place, id, contiguous):
        self.layer.contiguous = contiguous
        plane = self.pixels[place[0]]
        region = plane == plane[place[1:]]
        if contiguous:
            parts = ndimage.label(region)[0]
            region = parts == parts[place[1:]]
        where = np.zeros(SHAPE, bool)
        where[place[0]] = region
        self.paint_over(where, id, lambda: self.layer.fill(place, id))

    @rule(corners=st.lists(PLACES, min_size=3, max_size=5), z=st.integers(0, 2), id=IDS)
    def polygon(self, corners, z, id):
        points = [(z, *corner[1:]) for corner in corners]
        drawn = Image.new("1", SHAPE[:0:-1])
        ImageDraw.Draw(drawn).polygon([point[:0:-1] for point in points], outline=1, fill=1)
        where = np.zeros(SHAPE, bool)
        where[z] = np.array(drawn)
        self.paint_over(where, id, lambda: self.layer.paint_polygon(points, id))

    @rule(zs=st.sets(st.integers(0, 2), min_size=1), seed=st.integers(0, 3))
    def update(self, zs, seed):
        """What an update does: any labels, with the human pixels held."""
        before, human = self.pixels.copy(), self.human.copy()
        pieces = {}
        for z in zs:
            held = self.tracked.human_pixels((z,))
            pieces[(z,)] = (np.where(held != VOID, held, random_labels(seed)), held)
        self.tracked.write(pieces)
        assert ((self.pixels == human) | (human == VOID)).all()
        self.remember(before, human)

    @precondition(lambda self: self.past)
    @rule()
    def undo(self):
        now = self.pixels.copy(), self.human.copy()
        self.layer.undo()
        pixels, self.human = self.past.pop()
        self.future.append(now)
        assert np.array_equal(self.pixels, pixels)

    @precondition(lambda self: self.future)
    @rule()
    def redo(self):
        now = self.pixels.copy(), self.human.copy()
        self.layer.redo()
        pixels, self.human = self.future.pop()
        self.past.append(now)
        assert np.array_equal(self.pixels, pixels)

    @rule()
    def show_or_hide(self):
        self.layer.visible = not self.layer.visible

    @invariant()
    def same_human_pixels(self):
        if hasattr(self, "tracked"):
            for z in range(SHAPE[0]):
                assert np.array_equal(self.tracked.human_pixels((z,)), self.human[z])

    @invariant()
    def same_counts(self):
        if hasattr(self, "tracked"):
            for z in range(SHAPE[0]):
                counted = np.bincount(self.pixels[z].ravel(), minlength=VOID + 1)
                assert np.array_equal(self.tracked.counts((z,)), counted)


TestStrokes = Strokes.TestCase
TestStrokes.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)


def test_a_forgotten_write_never_turns_machine_pixels_into_human_ones():
    _, made = tracked((6, 7))
    made.layer._history_limit = 4
    made.layer._reset_history()
    made.layer.brush_size = 1
    made.write({(): (np.full((6, 7), 3, np.uint8), None)})
    for id in (1, 2, 1, 2):
        made.layer.paint((0, 0), id)
    made.layer.undo()
    human = made.human_pixels(())
    assert human[0, 0] == 1
    assert (human == VOID).sum() == human.size - 1


def test_a_write_that_changes_nothing_still_tells_human_pixels():
    _, made = tracked((6, 7))
    labels = random_labels(1)
    made.start((), labels)
    human = np.full_like(labels, VOID)
    human[2, 3] = labels[2, 3]
    made.write({(): (labels, human)})
    assert np.array_equal(made.human_pixels(()), human)


def test_what_was_taken_back_can_not_be_redone():
    _, made = tracked((6, 7))
    step = made.write({(): (random_labels(1), None)})
    made.take_back(step)
    made.layer.redo()
    assert not made.layer.data.any()
    assert not made.is_edited(())


def test_nothing_is_taken_back_under_a_stroke():
    _, made = tracked((6, 7))
    step = made.write({(): (random_labels(1), None)})
    made.layer.paint((0, 0), 3 - random_labels(1)[0, 0])
    now = made.layer.data.copy()
    made.take_back(step)
    assert np.array_equal(made.layer.data, now)


@pytest.mark.parametrize("visible", [True, False])
def test_slices_out_of_view_are_written_and_noted(visible):
    viewer, made = tracked()
    viewer.dims.set_current_step(0, 0)
    made.layer.visible = visible
    made.write({(1,): (random_labels(1), None), (2,): (random_labels(2), None)})
    assert made.layer.visible == visible
    assert np.array_equal(made.layer.data[1:], [random_labels(1), random_labels(2)])
    assert made.take_touched() == {(1,), (2,)}
    made.layer.undo()
    assert not made.layer.data.any()
    assert made.take_touched() == {(1,), (2,)}


def test_a_brush_through_the_stack_touches_all_its_slices():
    _, made = tracked()
    made.layer.n_edit_dimensions = 3
    made.layer.brush_size = 3
    made.layer.paint((1, 3, 3), 2)
    assert made.take_touched() == {(0,), (1,), (2,)}
    assert made.positions == [(0,), (1,), (2,)]


def test_an_update_in_the_middle_of_the_history_gives_its_place_back():
    _, made = tracked((6, 7))
    made.layer.paint((0, 0), 1)
    human = made.human_pixels(()).copy()
    made.write({(): (np.where(human != VOID, human, random_labels(3)), human)})
    made.layer.paint((5, 5), 2)
    for _ in range(2):
        made.layer.undo()
    assert np.array_equal(made.human_pixels(()), human)
    made.layer.undo()
    assert (made.human_pixels(()) == VOID).all()
    assert not made.layer.data.any()
