import numpy as np
import pytest
import torch

from napari_ovseg.labelled import NamedLabel
from napari_ovseg.training.annotated import Annotated
from napari_ovseg.training.fast_examples import VOID, drawn, taught


def named(*names, ids=None):
    ids = ids or range(1, len(names) + 1)
    return tuple(NamedLabel(id, name, (0, 0, id)) for id, name in zip(ids, names, strict=True))


@pytest.fixture
def one():
    """Ids 2 and 7 of a table; the redder, the higher the id; green is what a person has painted."""
    labels = np.random.default_rng(0).choice(np.array([0, 2, 7, 255], np.uint8), (16, 16))
    labels = labels.repeat(8, 0).repeat(8, 1)
    human = np.zeros(labels.shape, bool)
    human[:64] = True
    red = np.select([labels == 0, labels == 2, labels == 7], [0.1, 0.4, 0.8], 1.0)
    picture = np.stack([red, human, np.zeros(labels.shape)], axis=2).astype(np.float32)
    return Annotated("a", picture, labels, named("rod", "cell", ids=(2, 7)), human)


def test_ids_become_places_among_the_names_of_the_training(one):
    shown = taught(one, ["cell", "debris", "rod"], 128, 8)
    wanted = np.select([one.labels == 0, one.labels == 2, one.labels == 7], [0, 3, 1], VOID)
    np.testing.assert_array_equal(shown.truth.numpy(), wanted)
    np.testing.assert_array_equal(shown.human.numpy(), one.human)
    np.testing.assert_array_equal(shown.picture.numpy()[1] == 255, one.human)
    assert shown.names == (2, 0)


def test_a_large_picture_is_shown_smaller_with_its_masks_in_place(one):
    shown = taught(one, ["cell", "rod"], 32, 8)
    assert shown.truth.shape == shown.human.shape == shown.picture.shape[1:] == (64, 64)
    wanted = np.select([one.labels == 0, one.labels == 2, one.labels == 7], [0, 2, 1], VOID)[::2, ::2]
    np.testing.assert_array_equal(shown.truth.numpy(), wanted)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_chance_does_picture_masks_and_painted_pixels_stay_together(one, seed):
    window = drawn(taught(one, ["cell", "rod"], 64, 8), 64, 8, torch.Generator().manual_seed(seed))
    assert window.truth.shape == window.human.shape == window.picture.shape[1:] == (64, 64)
    assert 0 <= window.picture.min() <= window.picture.max() <= 1
    # painted pixels are green: away from edges, which are blurred, that has to be so in the window too
    inside = torch.nn.functional.avg_pool2d(window.human.float()[None], 5, 1, 2)[0]
    green = window.picture[1]
    assert (green[inside == 1] > 0.5).all()
    assert (green[inside == 0] < 0.1).all()
    reds = [float(window.picture[0][window.truth == value].median()) for value in (0, 2, 1)]
    assert reds[0] < reds[1] < reds[2]


def test_a_narrow_picture_gives_a_narrow_window():
    labels = np.zeros((20, 500), np.uint8)
    strip = Annotated("s", np.zeros((20, 500, 3), np.float32), labels, named("rod"))
    shown = taught(strip, ["rod"], 64, 8)
    window = drawn(shown, 64, 8, torch.Generator().manual_seed(0))
    assert window.truth.shape == (shown.truth.shape[0], 64)
    assert not shown.human.any()
