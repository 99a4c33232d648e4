import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_ovseg import segment_maps
from napari_ovseg.errors import Cancelled, InputError
from napari_ovseg.segmentation import State
from napari_ovseg.single_image import SingleImage

VOID = 255
SIZE = 160


def discs(size=SIZE, seed=0):
    """Six discs in two looks on dark ground: their picture, and 1 or 2 where they are."""
    rows, columns = np.mgrid[0:size, 0:size] * 64 / size
    truth = np.zeros((size, size), np.uint8)
    for number, (row, column) in enumerate(((12, 12), (12, 34), (12, 54), (46, 12), (46, 34), (46, 54))):
        truth[np.hypot(rows - row, columns - column) < 8] = 1 + number % 2
    looks = np.array([[0.2, 0.25, 0.2], [0.8, 0.3, 0.5], [0.3, 0.4, 0.8]])
    noise = np.random.default_rng(seed).normal(0, 0.03, (size, size, 3))
    return (looks[truth] + noise).clip(0, 1).astype(np.float32), truth


def state_of(truth, grid=16):
    """Scores that take every disc for one of the first kind."""
    thing = (truth > 0).reshape(grid, len(truth) // grid, grid, -1).mean((1, 3)).astype(np.float32) * 0.9
    return State((1, 2), np.stack([1 - thing, thing * 0.9, thing * 0.1]), None)


@pytest.fixture(scope="module")
def ready():
    picture, truth = discs()
    return SingleImage(picture, state_of(truth)), truth


def nobody(size=SIZE):
    return np.full((size, size), VOID, np.uint8)


def test_without_human_pixels_it_gives_the_masks_of_the_run():
    picture, truth = discs()
    maps = np.stack([truth == 1, truth == 2]).reshape(2, 16, 10, 16, 10).mean((2, 4))
    run = segment_maps(picture, maps, seed=4)
    found = SingleImage(picture, run.state, seed=4).update(run.masks, nobody())
    assert (found.masks == run.masks).mean() > 0.995
    assert abs(found.confidence - run.confidence).mean() < 0.05


def test_a_stroke_of_each_of_two_names_changes_what_looks_like_them_everywhere_and_nothing_else(ready):
    image, truth = ready
    before = image.update(np.zeros_like(truth), nobody()).masks
    assert ((before == 1) == (truth > 0)).mean() > 0.95
    human = nobody()
    human[28:32, 70:100] = 2
    human[28:32, 20:40] = 1
    after = image.update(before, human).masks
    # the rest is the rim, which the coarse scores give to the other name
    assert (after == truth)[truth == 2].mean() > 0.85
    assert (after == truth)[truth == 1].mean() > 0.9
    assert (after == truth)[truth == 0].mean() > 0.95


@pytest.mark.parametrize("category", [0, 2])
def test_a_stroke_of_one_name_alone_changes_what_it_touches(ready, category):
    image, truth = ready
    before = image.update(np.zeros_like(truth), nobody()).masks
    human = nobody()
    human[22:38, 70:100] = category
    after = image.update(before, human).masks
    rows, columns = np.mgrid[:SIZE, :SIZE]
    touched = (abs(rows - 30) < 24) & (abs(columns - 85) < 24)
    assert (after == category)[touched & (truth == 2)].mean() > 0.9
    assert (after == before)[~touched & (truth > 0)].mean() > 0.97


def test_a_category_added_by_hand_is_learnt_from_its_pixels(ready):
    image, truth = ready
    human = nobody()
    human[28:32, 70:100] = 77
    human[28:32, 15:45] = 1
    after = image.update(np.zeros_like(truth), human).masks
    assert (after == 77)[truth == 2].mean() > 0.8
    assert (after == 77)[truth != 2].mean() < 0.05


def test_zero_painted_by_a_person_is_background(ready):
    image, truth = ready
    human = nobody()
    human[28:32, 70:100] = 0
    human[28:32, 20:40] = 1
    after = image.update(np.zeros_like(truth), human).masks
    assert (after == 0)[truth == 2].mean() > 0.9
    assert (after == 1)[truth == 1].mean() > 0.9


def test_it_does_not_matter_what_was_painted_and_undone_between(ready):
    image, truth = ready
    human, other = nobody(), nobody()
    human[28:32, 70:100], other[100:125, 75:95] = 2, 0
    first = image.update(np.zeros_like(truth), human)
    image.update(first.masks, other)
    again = image.update(truth, human)
    np.testing.assert_array_equal(first.masks, again.masks)
    np.testing.assert_array_equal(first.confidence, again.confidence)


def test_a_dab_that_a_coarse_cell_has_no_room_for_still_counts():
    """On a large picture, one pixel of a name of its own in a stroke of another."""
    picture, truth = discs(size=1600)
    image = SingleImage(picture, state_of(truth))
    human = nobody(1600)
    human[300:312, 200:400] = 1
    human[303:306, 300:303] = 60
    found = image.update(truth, human).masks
    assert (found[human == 60] == 60).all()
    assert (found == 1)[truth == 1].mean() > 0.8


def test_two_strokes_find_things_of_which_there_is_no_map():
    """A picture that is nothing to the model: one stroke inside, one outside."""
    picture, truth = discs()
    image = SingleImage(
        picture, State((1,), np.stack([np.ones((4, 4)), np.zeros((4, 4))]).astype(np.float32), None)
    )
    human = nobody()
    human[28:32, 70:100] = 1
    human[60:64, 40:120] = 0
    found = image.update(nobody() * 0, human).masks
    assert (found == 1)[truth == 2].mean() > 0.5
    assert (found == 1)[truth == 0].mean() < 0.01


@pytest.mark.parametrize("category", [0, 1])
def test_strokes_of_one_kind_leave_the_rest_as_it_was(category):
    """Ten strokes that agree with the masks, all of one kind."""
    picture, truth = discs()
    picture = picture.copy()
    things = (truth > 0).astype(np.uint8)
    image = SingleImage(picture, state_of(truth))
    before = image.update(things, nobody()).masks
    human, draw = nobody(), np.random.default_rng(0)
    for _ in range(10):
        row, column = draw.choice(np.argwhere(before == category))
        human[row - 2 : row + 3, column - 4 : column + 5] = category
        human[(before > 0) != (category > 0)] = VOID
    after = image.update(before, human).masks
    assert ((after > 0) & (truth > 0)).sum() / ((after > 0) | (truth > 0)).sum() > 0.85


def test_an_absent_category_stays_unpainted_until_a_person_paints_it():
    picture, truth = discs()
    scores = np.concatenate([state_of(truth).scores, np.zeros((1, 16, 16), np.float32)])
    image = SingleImage(picture, State((1, 2, 3), scores, None))
    human = nobody()
    human[28:32, 15:45] = 0
    assert 3 not in image.update(np.zeros_like(truth), human).masks
    human[28:32, 70:100] = 3
    assert (image.update(np.zeros_like(truth), human).masks == 3)[truth == 2].mean() > 0.8


IDS = [0, 1, 2, 9, VOID, VOID, VOID, VOID]


@settings(deadline=None, max_examples=20)
@given(
    hnp.arrays(np.uint8, (8, 8), elements=st.sampled_from(IDS)),
    hnp.arrays(np.uint8, (8, 8), elements=st.sampled_from([0, 1, 2, 9, 40])),
    st.sets(st.sampled_from([0, 1, 2, 9, 40])),
)
def test_constraints_are_kept(ready, human, masks, locked):
    image, _ = ready
    human, masks = (np.repeat(np.repeat(labels, 20, 0), 20, 1) for labels in (human, masks))
    given_human, given_masks = human.copy(), masks.copy()
    found = image.update(masks, human, locked=locked)
    np.testing.assert_array_equal(human, given_human)
    np.testing.assert_array_equal(masks, given_masks)
    painted, kept = human != VOID, np.isin(masks, list(locked))
    free = ~painted & ~kept
    assert (found.masks[painted] == human[painted]).all()
    assert (found.masks[kept & ~painted] == masks[kept & ~painted]).all()
    possible = ({0, 1, 2} | set(human[painted].tolist())) - locked
    if possible:
        assert set(found.masks[free].tolist()) <= possible
    else:
        assert (found.masks[free] == masks[free]).all()
    assert found.masks.dtype == masks.dtype
    assert found.confidence.dtype == np.float32
    assert 0 <= found.confidence.min() <= found.confidence.max() <= 1
    assert (found.confidence[~free] == 1).all()


@pytest.mark.parametrize("size", [(1, 1), (2, 40), (33, 5), (700, 300)])
def test_any_size_with_and_without_features(size):
    draw = np.random.default_rng(0)
    picture = draw.random((*size, 3), np.float32)
    scores = draw.random((3, 4, 6)).astype(np.float32)
    human = np.full(size, 65535, np.uint16)
    human[size[0] // 2, : size[1] // 2 + 1] = 300
    for features in (None, draw.normal(size=(5, 3, 4)).astype(np.float32)):
        image = SingleImage(picture, State((1, 2), scores / scores.sum(0), features))
        found = image.update(np.zeros(size, np.uint16), human)
        assert found.masks.dtype == np.uint16
        assert (found.masks[human == 300] == 300).all()
        assert np.isfinite(found.confidence).all()


def test_no_map_at_all():
    image = SingleImage(
        discs()[0], State((1,), np.stack([np.ones((4, 4)), np.zeros((4, 4))]).astype(np.float32), None)
    )
    assert (image.update(nobody() * 0, nobody()).masks == 0).all()


def test_stops_when_asked(ready):
    image, truth = ready
    with pytest.raises(Cancelled):
        image.update(truth, truth, should_stop=lambda: True)
    picture, truth = discs()
    with pytest.raises(Cancelled):
        SingleImage(picture, state_of(truth), should_stop=lambda: True)


def test_what_does_not_fit_is_refused(ready):
    image, truth = ready
    with pytest.raises(InputError):
        image.update(truth, truth[1:])


def test_what_the_run_ended_with_is_not_learnt_again(monkeypatch):
    picture, truth = discs()
    found = segment_maps(picture, state_of(truth).scores[1:])
    human = nobody()
    human[80:90, 20:40] = 2
    anew = SingleImage(picture, found.state).update(found.masks, human)
    monkeypatch.setattr("napari_ovseg.single_image.update.train", None)
    known = SingleImage(picture, found.state, edges=found.stages["edges"]).update(found.masks, human)
    np.testing.assert_array_equal(known.masks, anew.masks)
