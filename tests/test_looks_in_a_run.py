"""Looks from end to end with the bundled model: polarity is found, colour stays, and absent stays absent."""

from __future__ import annotations

import numpy as np
import pytest

from blobs import blobs
from napari_ovseg import load_model, refine, segment
from napari_ovseg.errors import Cancelled, InputError
from napari_ovseg.look_choice import BRIGHT as LINEAR
from napari_ovseg.look_choice import DARK as COARSE_DARK
from napari_ovseg.look_choice import DARKER, RAISED
from napari_ovseg.views.looks import AS_IT_IS, parse_look
from napari_ovseg.views.rendering import saved_rendering

BRIGHT, DARK = str(LINEAR), str(DARKER)


@pytest.fixture(scope="module")
def model():
    return load_model("demo", device="cpu")


def run(picture, names="nuclei", **choices):
    return segment(picture, names, model=load_model("demo", device="cpu"), preset="fast", **choices)


def iou(masks, truth):
    return ((masks == 1) & truth).sum() / ((masks == 1) | truth).sum()


@pytest.fixture(scope="module")
def seen():
    """A picture, its inverse, and what a run finds in each."""
    picture, truth = blobs()
    return picture, truth, run(picture), run(255 - picture)


def test_the_polarity_is_found(seen):
    _, truth, bright, dark = seen
    assert (bright.record["look"], dark.record["look"]) == (BRIGHT, DARK)
    assert iou(bright.masks, truth) > 0.75
    assert iou(dark.masks, truth) > 0.75
    assert min(*bright.record["look_suits_by"], *dark.record["look_suits_by"]) > 0.4


def test_what_was_tried_can_be_seen(seen):
    _, _, bright, dark = seen
    for found in (bright, dark):
        assert {parse_look(one.look) for one in found.tried} == set(load_model("demo").card.looks)
        assert [one.look for one in found.tried if one.used] == [found.record["look"]]
    used = {one.look: one.thumbnail for one in dark.tried}
    assert used[DARK].dtype == np.uint8
    assert used["as it is"].mean() > 150 > 60 > used[DARK].mean()


def test_the_wrong_polarity_by_hand_is_what_a_person_gets(seen):
    picture, truth, _, _ = seen
    found = run(picture, look=DARK)
    assert found.record["look"] == DARK
    assert iou(found.masks, truth) < 0.3
    assert any(one.used and one.look == DARK for one in found.tried)


def test_a_look_of_a_persons_own_need_not_be_on_the_card(seen):
    picture, truth, _, _ = seen
    found = run(picture, look="background removed, dimmed to 0.2")
    assert found.record["look"] == "background removed, dimmed to 0.2"
    assert iou(found.masks, truth) > 0.7


@pytest.mark.usefixtures("little_training")
def test_as_it_is_by_hand_is_not_judged(seen):
    found = run(255 - seen[0], look="as it is")
    assert found.record["look"] == "as it is"
    assert found.record["guide"] is None
    assert found.record["look_suits_by"] == [0.0]


@pytest.mark.usefixtures("little_training")
def test_colour_stays_as_it_is(seen):
    grey = seen[0]
    found = run(np.stack([grey, grey // 2, 255 - grey], axis=2))
    assert found.record["look"] == "as it is"
    assert found.tried == ()


@pytest.mark.parametrize("hue", [(0, 1, 0), (0, 0, 1), (1, 0, 1), (1, 0.5, 0.3)], ids=str)
def test_a_picture_of_one_hue_is_as_good_as_a_grey_one(seen, hue):
    picture, truth, grey, _ = seen
    coloured = np.rint(picture[..., None] * np.array(hue)).astype(np.uint8)
    found = run(coloured)
    assert found.record["look"] == BRIGHT
    assert len(found.tried) == len(grey.tried)
    assert found.record["guide"]["hue"] == pytest.approx(hue, abs=0.01)
    assert iou(found.masks, truth) > iou(grey.masks, truth) - 0.02
    again = refine(coloured, found, found.masks)
    np.testing.assert_array_equal(again.masks, found.masks)


def test_a_name_that_nothing_shows_stays_absent_in_every_look():
    noise = np.random.default_rng(0).normal(90, 20, (160, 160)).clip(0, 255).astype(np.uint8)
    found = run(noise)
    assert found.record["look"] == "as it is"
    assert found.record["absent"] == ["nuclei"]


def test_other_names_are_shown_as_the_plainest_is_and_stay_absent(seen):
    picture, truth, _, _ = seen
    found = run(picture, "nuclei, triangle; background: glass")
    assert found.record["look"] == BRIGHT
    assert found.record["absent"] == ["triangle"]
    assert iou(found.masks, truth) > 0.7


@pytest.mark.usefixtures("little_training")
def test_a_pack_that_was_named_competes_in_a_look_too(seen):
    found = run(seen[0], pack="microscopy")
    assert found.record["look"] == BRIGHT
    assert found.record["pack"] == "microscopy"
    assert run(seen[0], pack="guess").record["pack"] == "none"


def test_a_tint_or_a_scale_bar_is_no_colour(seen):
    picture, truth, _, _ = seen
    coloured = np.stack([picture, picture, picture], axis=2)
    coloured[-3:, :60] = (255, 220, 0)
    coloured[..., 2] = np.clip(coloured[..., 2].astype(int) - 4, 0, 255)
    found = run(coloured)
    assert found.record["look"] == BRIGHT
    assert iou(found.masks, truth) > 0.7


def test_corrections_go_on_from_the_picture_as_it_was_shown(seen):
    """Nothing painted changes nothing: learning again by another guide would."""
    picture, _, bright, dark = seen
    guide = saved_rendering(bright.record["guide"])
    assert guide is not None
    assert str(guide.look) == "background removed"
    assert dark.record["guide"] is None
    for shown, found in ((picture, bright), (255 - picture, dark)):
        again = refine(shown, found, found.masks)
        np.testing.assert_array_equal(again.masks, found.masks)


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        3,
        {},
        {"look": "upside down", "width": 3, "white": 0.5},
        {"look": "dimmed", "width": -1, "white": 0.5},
        {"look": "dimmed", "width": 3, "white": float("nan")},
        {"look": "dimmed", "width": 3, "white": 1e-300},
        {"look": "dimmed", "width": 10**6 + 1, "white": 0.5},
        {"look": "dimmed", "width": 4, "white": 0.5},
        {"look": "dimmed", "width": 3, "white": 0.5, "hue": [0.0, 1.0]},
        {"look": "dimmed", "width": 3, "white": 0.5, "hue": [0.0, 0.5, 0.0]},
        {"look": "dimmed", "width": 3, "white": 0.5, "hue": [0.0, float("nan"), 1.0]},
        {"look": "dimmed", "width": 3, "white": 0.5, "hue": "green"},
    ],
)
def test_a_record_with_no_guide_is_one_of_a_picture_as_it_is(wrong):
    assert saved_rendering(wrong) is None


@pytest.mark.usefixtures("little_training")
def test_a_method_without_cosines_is_asked_as_it_is_and_shown_another_look_by_hand(seen):
    assert run(seen[0], method="explain").record["look"] == "as it is"
    found = run(seen[0], method="explain", look="dimmed")
    assert found.record["look"] == "dimmed"
    assert found.record["guide"] is None


def test_stopping_while_a_look_is_chosen(seen):
    told = []
    with pytest.raises(Cancelled):
        run(seen[0], progress=lambda stage, *_: told.append(stage), should_stop=lambda: bool(told))
    assert set(told) == {"Choosing how to show the picture"}


def test_there_is_no_such_look(seen):
    with pytest.raises(InputError, match="no look"):
        run(seen[0], look="brighter")


def test_as_it_is_is_on_every_card(model):
    assert model.card.looks[0] == AS_IT_IS
    assert {LINEAR, COARSE_DARK, RAISED, DARKER} <= set(model.card.looks)
