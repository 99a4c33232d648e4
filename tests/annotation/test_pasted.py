"""A part that was segmented, put into its slice."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from napari_ovseg.annotation import SliceAnnotation
from napari_ovseg.annotation.pasted import MOST_CELLS, PARTS, pasted
from napari_ovseg.segmentation import State

SIZE, PART = (60, 80), (slice(10, 40), slice(20, 60))


def piece(size, id, *, ids=(1, 2), grid=(6, 8), record=None, features=None, anchor=0.8):
    masks = np.full(size, id, np.uint8)
    scores = np.zeros((len(ids) + 1, *grid), np.float32)
    scores[0 if id == 0 else 1 + ids.index(id)] = 1
    return SliceAnnotation(
        masks,
        np.full(size, 255, np.uint8),
        masks.copy(),
        np.full(size, 0.5 + id / 10, np.float32),
        {"a": 0.2 * id},
        State(ids, scores, features, anchor),
        {} if record is None else record,
    )


def at_full_size(state, size):
    return F.interpolate(torch.from_numpy(state.scores)[None], size, mode="bilinear")[0].numpy()


def test_outside_of_the_part_nothing_changes():
    features = np.zeros((3, 4, 5), np.float32)
    before = piece(SIZE, 1, record={"absent": ["x", "y"], "seed": 3}, features=features)
    kept = before.masks.copy()
    found = pasted(before, piece((30, 40), 2, record={"absent": ["y", "z"], "seed": 4}), PART)
    inside = np.zeros(SIZE, bool)
    inside[PART] = True
    for one, there, elsewhere in (
        (found.masks, 2, 1),
        (found.pseudo_labels, 2, 1),
        (found.confidence, np.float32(0.7), np.float32(0.6)),
    ):
        np.testing.assert_array_equal(one, np.where(inside, there, elsewhere))
    np.testing.assert_array_equal(before.masks, kept)
    assert found.human is before.human
    assert found.presence == {"a": pytest.approx(0.4)}
    assert found.record["seed"] == 3
    assert found.record["absent"] == ["y"]
    assert found.record[PARTS] == [{"rows": [10, 40], "columns": [20, 60]}]
    again = pasted(found, piece((5, 5), 1), (slice(0, 5), slice(0, 5)))
    assert len(again.record[PARTS]) == 2
    assert found.state.features is features


def test_how_strongly_the_network_is_held_to_the_maps_is_that_of_what_was_there_first():
    part = piece((30, 40), 2, anchor=3.0)
    assert pasted(piece(SIZE, 1, anchor=5.0), part, PART).state.anchor == 5
    void = np.full(SIZE, 255, np.uint8)
    assert pasted(SliceAnnotation(np.zeros(SIZE, np.uint8), void), part, PART).state.anchor == 3


def test_updates_begin_with_the_scores_of_both():
    found = pasted(piece(SIZE, 1), piece((30, 40), 2, grid=(15, 20)), PART)
    # as fine as the part
    assert found.state.scores.shape == (3, 30, 40)
    scores = at_full_size(found.state, SIZE)
    np.testing.assert_allclose(scores.sum(0), 1, atol=1e-5)
    best = scores.argmax(0)
    assert (best[12:38, 22:58] == 2).all()
    assert (best[:8] == 1).all()
    assert (best[:, 62:] == 1).all()


def test_ids_that_only_one_has_are_known_after():
    found = pasted(piece(SIZE, 1, ids=(1, 2)), piece((30, 40), 7, ids=(2, 7)), PART)
    assert found.state.ids == (1, 2, 7)
    assert at_full_size(found.state, SIZE).argmax(0)[25, 40] == 3


def test_of_nothing_known_all_else_is_background():
    void = np.full(SIZE, 255, np.uint8)
    found = pasted(
        SliceAnnotation(np.zeros(SIZE, np.uint8), void), piece((30, 40), 2, record={"seed": 1}), PART
    )
    assert found.state.ids == (1, 2)
    assert found.state.features is None
    best = at_full_size(found.state, SIZE).argmax(0)
    assert (best[12:38, 22:58] == 2).all()
    assert not best[:8].any()
    assert found.record["seed"] == 1
    assert (found.masks > 0).sum() == 30 * 40


def test_a_model_without_scores_leaves_those_that_were_there():
    before, one = piece(SIZE, 1), piece((30, 40), 2)
    one.state = None
    assert pasted(before, one, PART).state is before.state


def test_a_small_part_of_a_large_slice_makes_no_update_slow():
    size, part = (4000, 3000), (slice(0, 100), slice(0, 100))
    found = pasted(piece(size, 1), piece((100, 100), 2, grid=(100, 100)), part)
    assert max(found.state.scores.shape[1:]) == MOST_CELLS
