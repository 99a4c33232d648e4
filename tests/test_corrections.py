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
