"""What a person painted is kept, and anything that can't be masks is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from napari_ovseg import refine, segment_maps
from napari_ovseg.errors import InputError
from tiny import square


def test_refine_keeps_what_a_person_painted_and_adds_up_over_turns():
    picture, rough, _ = square()
    run = segment_maps(picture, rough, seed=2)
    assert (run.human == 255).all()
    edited = run.masks.astype(int)
    edited[2:5, 2:8] = 1
    once = refine(picture, run, edited, seed=2)
    changed = edited != run.masks
    assert (once.human[changed] == edited[changed]).all()
    assert (once.human[~changed] == 255).all()
    assert (once.masks[changed] == 1).all()
    again = once.masks.copy()
    again[28:31, 2:8] = 7
    twice = refine(picture, once, again, locked=[1], seed=2)
    assert (twice.masks[changed] == 1).all()
    assert (twice.masks[28:31, 2:8] == 7).all()
    np.testing.assert_array_equal(twice.masks == 1, once.masks * (again != 7) == 1)
    assert json.dumps(twice.record)
    assert "Learning from corrections" in twice.record["seconds"]


def test_refine_says_what_is_wrong_with_edited_masks():
    picture, rough, _ = square()
    run = segment_maps(picture, rough)
    for edited in (run.masks[1:], run.masks + 0.5, run.masks.astype(int) - 1, run.masks.astype(int) + 255):
        with pytest.raises(InputError, match="edited masks"):
            refine(picture, run, edited)


def test_what_a_person_painted_is_kept_though_the_masks_said_so_before():
    picture, rough, truth = square()
    run = segment_maps(picture, rough, seed=2)
    human = np.full(run.masks.shape, 255)
    human[:, 28:] = run.masks[:, 28:]
    human[10:12, 12:14] = run.masks[10:12, 12:14]
    edited = run.masks.copy()
    edited[26:30, 2:6] = 1
    told = refine(picture, run, edited, human=human, seed=2)
    np.testing.assert_array_equal(told.human[human != 255], run.masks[human != 255])
    assert (told.human != 255).sum() == (human != 255).sum() + (edited != run.masks).sum()
    # a stroke elsewhere that would take them over
    over = np.where(human != 255, human, 1)
    later = refine(picture, told, over, seed=2)
    np.testing.assert_array_equal(later.masks[human != 255], run.masks[human != 255])
    alone = refine(picture, run, run.masks, human=np.where(truth, 0, 255), seed=2)
    assert (alone.masks[truth] == 0).all()


def test_human_pixels_count_before_edited_ones():
    picture, rough, _ = square()
    run = segment_maps(picture, rough, seed=2)
    edited, human = run.masks.copy(), np.full(run.masks.shape, 255, np.uint8)
    edited[:3], human[:2] = 1, 0
    found = refine(picture, run, edited, human=human, seed=2)
    assert (found.masks[:2] == 0).all()
    assert (found.masks[2] == 1).all()


def test_refine_says_what_is_wrong_with_human_pixels():
    picture, rough, _ = square()
    run = segment_maps(picture, rough)
    for human in (
        run.human[1:],
        run.human[None],
        run.human.astype(float),
        run.human.astype(int) + 1,
        run.human.astype(int) - 256,
        run.human.astype(bool),
        np.full(run.masks.shape, None),
    ):
        with pytest.raises(InputError, match="human pixels"):
            refine(picture, run, run.masks, human=human)
