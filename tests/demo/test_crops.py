from pathlib import Path

import numpy as np
import pytest

from napari_ovseg.demo.crops import (
    FALSE,
    TRUE,
    UNSAID,
    Canvas,
    crop,
    nuclei_canvas,
    nuclei_split,
    pieces_of,
    scene_canvas,
    what_is_said,
)
from napari_ovseg.demo.phrases import INDEX, VOCABULARY, Phrase
from napari_ovseg.errors import InputError

NUCLEI = Path(__file__).resolve().parents[2] / "../shared/photos/nuclei"
RED_CIRCLE = Phrase("red", "", "circle")


def canvas_with_a_red_disc() -> Canvas:
    labels = np.zeros((100, 100), np.uint8)
    labels[20:60, 20:60] = 1
    truth = np.array([[RED_CIRCLE.says(phrase) for phrase in VOCABULARY]])
    return Canvas(np.zeros((100, 100, 3), np.uint8), labels, truth, np.array([True]), pieces_of(labels))


def test_a_whole_thing_is_named_in_full_and_other_things_are_denied() -> None:
    said = what_is_said(canvas_with_a_red_disc(), 10, 10, 60)
    for phrase in (RED_CIRCLE, Phrase("red"), Phrase(kind="circle"), Phrase(kind="background")):
        assert said[INDEX[phrase]] == TRUE
    assert said[INDEX[Phrase("blue", "", "circle")]] == FALSE


def test_an_inner_part_shows_the_colour_but_not_the_shape() -> None:
    said = what_is_said(canvas_with_a_red_disc(), 30, 30, 15)
    assert said[INDEX[Phrase("red")]] == TRUE
    assert said[INDEX[RED_CIRCLE]] == UNSAID
    assert said[INDEX[Phrase(kind="background")]] == FALSE


def test_empty_background_says_only_so() -> None:
    said = what_is_said(canvas_with_a_red_disc(), 65, 65, 30)
    assert [VOCABULARY[k].text for k in np.flatnonzero(said == TRUE)] == ["background"]


def test_held_out_phrases_are_neither_said_nor_denied() -> None:
    rng = np.random.default_rng(0)
    held_out = np.array([phrase.held_out for phrase in VOCABULARY])
    for seed in range(10):
        picture, said = crop(scene_canvas((0, seed)), 32, rng)
        assert picture.shape == (3, 32, 32)
        assert picture.min() >= 0
        assert picture.max() <= 1
        assert (said[held_out] == UNSAID).all()


@pytest.mark.skipif(not NUCLEI.is_dir(), reason="needs ../shared/photos/nuclei")
def test_a_fifth_of_the_real_pictures_is_held_out() -> None:
    train, test = (nuclei_split(NUCLEI, part) for part in ("train", "test"))
    assert not {row["id"] for row in train} & {row["id"] for row in test}
    assert len(test) == pytest.approx(0.2 * (len(train) + len(test)), abs=1)
    assert {row["kind"] for row in test} == {"fluorescence", "stained"}
    canvas = nuclei_canvas(NUCLEI, test[0])
    assert canvas.picture.shape == (*canvas.labels.shape, 3)
    assert set(np.unique(canvas.labels)) == {0, 1}


def test_a_folder_without_an_index_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"No index\.csv in"):
        nuclei_split(tmp_path, "train")


def test_a_crop_of_one_thing_does_not_speak_of_the_others() -> None:
    labels = np.zeros((100, 100), np.uint8)
    labels[20:60, 20:60] = 1
    labels[60:90, 20:60] = 2
    things = (RED_CIRCLE, Phrase("blue", "", "square"))
    truths = np.array([[thing.says(phrase) for phrase in VOCABULARY] for thing in things])
    canvas = Canvas(
        np.zeros((100, 100, 3), np.uint8), labels, truths, np.array([True, True]), pieces_of(labels)
    )
    both, one = (what_is_said(canvas, 10, 10, 85, subject)[INDEX[things[1]]] for subject in (0, 1))
    assert (both, one) == (TRUE, UNSAID)
    assert what_is_said(canvas, 10, 10, 85, 1)[INDEX[RED_CIRCLE]] == TRUE
