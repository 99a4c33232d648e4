import numpy as np
import pytest

from napari_ovseg.demo.canvases import Canvas, empty_canvas, photo_canvases, pieces_of, scene_canvas
from napari_ovseg.demo.phrases import INDEX, VOCABULARY, Phrase
from napari_ovseg.demo.truth import (
    FALSE,
    TRUE,
    UNSAID,
    hidden_outlines,
    what_a_window_holds,
    what_is_said,
    without_colours,
)

RED_CIRCLE = Phrase("red", "", "circle")
BLUE_SQUARE = Phrase("blue", "", "square")
BACKGROUND, EMPTY = (INDEX[Phrase(kind=kind)] for kind in ("background", "empty background"))
NUCLEI = INDEX[Phrase(kind="nuclei")]


def canvas_of(labels: np.ndarray, *things: Phrase, kind: str = "scene") -> Canvas:
    truths = np.array([[thing.says(phrase) for phrase in VOCABULARY] for thing in things])
    shaped = np.array([thing.kind in ("circle", "square") for thing in things])
    return Canvas(np.zeros((*labels.shape, 3), np.uint8), labels, truths, shaped, pieces_of(labels), kind)


def a_red_disc() -> Canvas:
    labels = np.zeros((100, 100), np.uint8)
    labels[20:60, 20:60] = 1
    return canvas_of(labels, RED_CIRCLE)


def said_of(canvas: Canvas, top: int, left: int, side: int, subject: int = 0) -> np.ndarray:
    return what_is_said(canvas, canvas.labels[top : top + side, left : left + side], side, subject)


def test_a_whole_thing_is_named_in_full_and_other_things_are_denied() -> None:
    said = said_of(a_red_disc(), 10, 10, 60)
    for phrase in (RED_CIRCLE, Phrase("red"), Phrase(kind="circle"), Phrase(kind="background")):
        assert said[INDEX[phrase]] == TRUE
    assert said[INDEX[Phrase("blue", "", "circle")]] == FALSE


def test_an_inner_part_shows_the_colour_but_not_the_shape() -> None:
    said = said_of(a_red_disc(), 30, 30, 15)
    assert said[INDEX[Phrase("red")]] == TRUE
    assert said[INDEX[RED_CIRCLE]] == UNSAID
    assert said[BACKGROUND] == FALSE


def test_an_enlarged_crop_says_what_the_crop_says() -> None:
    canvas = a_red_disc()
    cut = canvas.labels[15:65, 15:65]
    enlarged = np.kron(cut, np.ones((3, 3), np.uint8))
    np.testing.assert_array_equal(what_is_said(canvas, enlarged, 50), what_is_said(canvas, cut, 50))


def test_empty_background_is_true_only_where_nothing_is() -> None:
    said = said_of(a_red_disc(), 65, 65, 30)
    assert [VOCABULARY[k].text for k in np.flatnonzero(said == TRUE)] == ["background", "empty background"]
    assert said_of(a_red_disc(), 10, 10, 60)[EMPTY] == FALSE


def test_a_crop_of_one_thing_does_not_speak_of_the_others() -> None:
    labels = np.zeros((100, 100), np.uint8)
    labels[20:60, 20:60] = 1
    labels[60:90, 20:60] = 2
    canvas = canvas_of(labels, RED_CIRCLE, BLUE_SQUARE)
    both, one = (said_of(canvas, 10, 10, 85, subject)[INDEX[BLUE_SQUARE]] for subject in (0, 1))
    assert (both, one) == (TRUE, UNSAID)
    assert said_of(canvas, 10, 10, 85, 1)[INDEX[RED_CIRCLE]] == TRUE


@pytest.mark.parametrize(
    ("shown", "left_open", "denied"),
    [("red", "star", "cross"), ("green", "cross", "star")],
)
def test_the_other_half_of_a_held_out_pair_is_left_open(shown: str, left_open: str, denied: str) -> None:
    labels = np.zeros((60, 60), np.uint8)
    labels[15:45, 15:45] = 1
    said = said_of(canvas_of(labels, Phrase(shown, "", "circle")), 5, 5, 50)
    assert said[INDEX[Phrase(kind=left_open)]] == UNSAID
    assert said[INDEX[Phrase(kind=denied)]] == FALSE
    # a star of another colour is denied nevertheless
    assert said[INDEX[Phrase("black", "", left_open)]] == FALSE


def test_a_window_speaks_of_itself_and_not_of_what_is_beside_it() -> None:
    canvas = a_red_disc()
    hidden = hidden_outlines(canvas, canvas.labels[10:70, 10:70], 60)
    inside = what_a_window_holds(canvas, canvas.labels[30:46, 30:46], hidden)
    beside = what_a_window_holds(canvas, canvas.labels[70:86, 30:46], hidden)
    # the outline is seen around the window
    assert inside[INDEX[RED_CIRCLE]] == TRUE
    assert inside[BACKGROUND] == FALSE
    assert beside[INDEX[RED_CIRCLE]] == FALSE
    assert beside[EMPTY] == TRUE
    at_the_rim = what_a_window_holds(canvas, canvas.labels[58:74, 30:46], hidden)
    assert at_the_rim[INDEX[RED_CIRCLE]] == UNSAID


def test_of_real_nuclei_nobody_says_that_they_are_not_round_or_white() -> None:
    labels = np.zeros((60, 60), np.uint8)
    labels[15:45, 15:45] = 1
    said = said_of(canvas_of(labels, Phrase(kind="nuclei"), kind="grey"), 5, 5, 50)
    assert said[NUCLEI] == TRUE
    for phrase in (Phrase("white"), Phrase(kind="circle"), Phrase("white", "", "round cells")):
        assert said[INDEX[phrase]] == UNSAID
    assert said[INDEX[Phrase(kind="rods")]] == FALSE


def test_grey_blobs_may_be_nuclei_and_grey_shapes_are_none() -> None:
    labels = np.zeros((60, 60), np.uint8)
    labels[15:45, 15:45] = 1
    for kind, nuclei in (("round cells", UNSAID), ("star", FALSE)):
        canvas = canvas_of(labels, Phrase("blue", "", kind))
        said = without_colours(canvas, said_of(canvas, 5, 5, 50))
        assert said[INDEX[Phrase("red")]] == said[INDEX[Phrase("blue")]] == UNSAID
        assert said[INDEX[Phrase(kind=kind)]] == TRUE
        assert said[NUCLEI] == nuclei


def test_nothing_is_true_of_an_empty_ground_but_that_it_is_empty() -> None:
    canvas = empty_canvas((0, 0), 64)
    said = said_of(canvas, 0, 0, 64)
    assert {VOCABULARY[k].text for k in np.flatnonzero(said == TRUE)} == {"background", "empty background"}
    assert said[NUCLEI] == FALSE


@pytest.mark.parametrize("seed", range(8))
def test_what_is_true_of_a_window_is_never_denied_of_its_crop(seed: int) -> None:
    canvas = scene_canvas((3, seed))
    rng = np.random.default_rng(seed)
    top, left = rng.integers(0, 96, 2)
    cut = canvas.labels[top : top + 96, left : left + 96]
    whole = what_is_said(canvas, cut, 96)
    hidden = hidden_outlines(canvas, cut, 96)
    for y in range(0, 96, 32):
        window = what_a_window_holds(canvas, cut[y : y + 32, 32:64], hidden)
        true = window == TRUE
        true[EMPTY] = False
        assert (whole[true] != FALSE).all()
    held_out = np.array([phrase.held_out for phrase in VOCABULARY])
    assert (whole[held_out] == UNSAID).all()


def test_of_a_photo_it_is_only_said_what_it_can_not_show() -> None:
    for canvas in photo_canvases():
        said = said_of(canvas, 20, 20, 90)
        assert not (said == TRUE).any()
        assert said[NUCLEI] == said[INDEX[Phrase(kind="rods")]] == FALSE
        for phrase in (Phrase("red"), Phrase(kind="circle"), Phrase(kind="background"), Phrase(kind="brick")):
            assert said[INDEX[phrase]] == UNSAID
