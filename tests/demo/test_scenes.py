from itertools import permutations

import numpy as np
import pytest

from napari_ovseg.demo.phrases import COLOURS
from napari_ovseg.demo.scenes import sample_scene, scene


@pytest.mark.parametrize("seed", range(25))
def test_every_named_thing_is_in_the_picture_and_no_name_is_true_of_another(seed: int) -> None:
    drawn = scene(np.random.default_rng(seed), 128, held_out=None)
    assert drawn.picture.shape == (128, 128, 3)
    assert drawn.picture.dtype == np.uint8
    assert set(np.unique(drawn.labels)) <= set(range(len(drawn.things) + 1))
    assert 2 <= len(drawn.things) <= 5
    areas = np.bincount(drawn.labels.ravel(), minlength=len(drawn.things) + 1)[1:]
    assert (areas >= 0.004 * 128 * 128).all()
    assert not any(one.says(other) for one, other in permutations(drawn.things, 2))


def test_held_out_combinations_are_kept_out_or_put_in_as_asked() -> None:
    for seed in range(30):
        rng = np.random.default_rng(seed)
        assert not any(thing.held_out for thing in scene(rng, 96, held_out=False).things)
        assert any(thing.held_out for thing in scene(rng, 96, held_out=True).things)


def test_plain_things_are_painted_in_the_colour_of_their_name() -> None:
    seen = 0
    for seed in range(20):
        drawn = scene(np.random.default_rng(seed), 192, microscopy=False)
        for number, thing in enumerate(drawn.things, 1):
            if thing.colour and not thing.pattern:
                colour = np.median(drawn.picture[drawn.labels == number], axis=0) / 255
                nearest = min(COLOURS, key=lambda name: np.abs(np.array(COLOURS[name]) - colour).sum())
                assert nearest == thing.colour
                seen += 1
    assert seen > 10


def test_a_seed_gives_the_same_scene_and_another_seed_another() -> None:
    first, again, other = sample_scene(3), sample_scene(3), sample_scene(4)
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert first[2] == again[2]
    assert (first[0] != other[0]).any()
