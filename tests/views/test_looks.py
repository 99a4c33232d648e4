"""What looks are called, read and refused."""

from __future__ import annotations

import pytest

from napari_ovseg.errors import InputError
from napari_ovseg.views.looks import Look, look_called, parse_look, spoken

ALL = [
    Look(inverted, background, evened, gain)
    for inverted in (False, True)
    for background in (False, True)
    for evened in (False, True)
    for gain in (1.0, 0.25, 0.12)
]


@pytest.mark.parametrize("look", [*ALL, Look(gain=0.4)], ids=str)
def test_a_look_is_read_from_what_it_is_called(look):
    assert parse_look(str(look)) == look


def test_no_two_looks_are_called_the_same():
    assert len({str(look) for look in ALL}) == len(ALL)


def test_words_may_come_in_any_order_and_case():
    assert parse_look(" Dimmed strongly,background  removed , DARK things") == Look(True, True, gain=0.12)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bright",
        "dimmed, dimmed strongly",
        "as it is, dimmed",
        "dark things, dark things",
        "dimmed to 0",
        "dimmed to 3",
        "dimmed to 0.00001",
    ],
)
def test_what_is_no_look_is_refused(text):
    with pytest.raises(InputError):
        parse_look(text)


def test_the_refusal_says_what_may_be_written():
    with pytest.raises(InputError, match=r'"as it is".*"dark things".*"dimmed to 0\.5"'):
        parse_look("brighter")


def test_no_look_is_without_light():
    with pytest.raises(InputError, match=r"from 0\.001 to"):
        Look(gain=0)


@pytest.mark.parametrize(
    ("typed", "called"),
    [(" Auto", "auto"), ("As It Is", "as it is"), ("dimmed, DARK things", "dark things, dimmed")],
)
def test_looks_are_called_as_they_call_themselves(typed, called):
    assert look_called(typed) == called


@pytest.mark.parametrize(
    ("recorded", "said"),
    [
        (None, ""),
        ("as it is", ""),
        ("dimmed", "dimmed"),
        ({"nuclei": "dimmed", "cell": "as it is"}, "nuclei: dimmed; cell: as it is"),
    ],
)
def test_a_record_is_said_in_a_line(recorded, said):
    assert spoken(recorded) == said
