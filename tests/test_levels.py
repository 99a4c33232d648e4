"""How closely a picture is looked at where somebody says how large things are."""

from types import SimpleNamespace

import pytest

from napari_ovseg.categories import parse_categories
from napari_ovseg.levels import (
    CLOSER,
    LEAST_PATCHES,
    LEAST_VIEWS,
    MOST_ENLARGED,
    MOST_PATCHES,
    MOST_WINDOWS,
    USUAL,
    Levels,
    levels_for,
    octaves,
)
from napari_ovseg.settings import Settings
from napari_ovseg.views.augmentation import view_size, views_at

MODEL = SimpleNamespace(input_size=192, patch_size=8)


def levels(size, picture=(1024, 1024), names="nuclei, cells: cell", **least):
    settings = Settings(names=parse_categories(names), size=size)
    return levels_for(settings, SimpleNamespace(size=picture), MODEL, **least)


@pytest.mark.parametrize(
    ("size", "level"),
    [
        (12, LEAST_PATCHES * 8 / 12),
        (20, LEAST_PATCHES * 8 / 20),
        (LEAST_PATCHES * 8 / USUAL, USUAL),
        (30, USUAL),
        (MOST_PATCHES * 8 / USUAL, USUAL),
        (130.0, MOST_PATCHES * 8 / 130),
    ],
)
def test_a_thing_spans_neither_too_few_patches_nor_too_many(size, level):
    found = levels(size)
    assert found.of_each == pytest.approx([level] * 2, rel=1e-5)
    assert found.notes == ()


def test_each_name_has_its_own_level_and_none_where_nothing_is_said():
    found = levels({"cell": 20})
    assert found.of_each[0] is None
    assert found.of_each[1] * 20 / 8 == pytest.approx(LEAST_PATCHES)
    assert found.members() == {None: [0], found.of_each[1]: [1]}
    assert levels("").members() == {None: [0, 1]}
    assert levels(20).members() == {LEAST_PATCHES * 8 / 20: [0, 1]}


def test_a_level_has_an_end_and_it_is_said():
    found = levels("nuclei 2, cells 40", picture=(300, 300))
    assert found.of_each[0] == MOST_ENLARGED
    assert len(found.notes) == 1
    assert "'nuclei' (2 px)" in found.notes[0]


@pytest.mark.parametrize("picture", [(20_000, 20_000), (40_000, 9_000)])
def test_large_pictures_are_looked_at_in_bounded_time(picture):
    found = levels(10, picture, least=0.0)
    assert found.notes
    assert found.of_each[0] < LEAST_PATCHES * 8 / 10
    assert len(views_at(found.of_each[0], *picture, input_size=192)) == pytest.approx(MOST_WINDOWS, rel=0.15)


@pytest.mark.parametrize("picture", [(20_000, 20_000), (40_000, 9_000)])
def test_what_would_be_seen_without_a_size_is_seen_with_one_too(picture):
    found = levels(10, picture)
    assert found.of_each[0] == USUAL
    assert "It was enlarged 1.5 times" in found.notes[0]
    # of large things it is the size that asks for less, not the bound
    assert levels(130, picture).of_each[0] == pytest.approx(MOST_PATCHES * 8 / 130)


@pytest.mark.parametrize(
    ("size", "picture", "shown"), [(12, (576, 576), 31 / 12), (20, (192, 192), 1.75), (2, (64, 64), 3.0)]
)
def test_what_is_shown_is_what_windows_show(size, picture, shown):
    found = levels(size, picture)
    assert found.shown == pytest.approx([shown] * 2)
    window = views_at(found.of_each[0], *picture, input_size=192)[0]
    tall, _ = view_size(window, *picture, input_size=192, patch_size=8)
    assert found.shown[0] == pytest.approx(tall / picture[0] / (window.box[2] - window.box[0]))


def test_a_warning_says_what_is_shown():
    (note, _) = levels(2, (64, 64)).notes
    assert "enlarged 16.0 times. It was enlarged 3.0 times" in note
    # windows that fit in evenly may show more than was asked for, and then there is nothing to warn of
    assert levels(7.9, (40, 48)).shown[0] > LEAST_PATCHES * 8 / 7.9 > MOST_ENLARGED
    assert levels(7.9, (40, 48)).notes == ()


def test_a_record_has_how_much_each_name_is_enlarged():
    assert Levels((None, 1.5), (None, 1.23456)).said(("a", "b")) == {"a": None, "b": 1.235}


def at(side, *, windows=True, width=None):
    model = SimpleNamespace(input_size=192, patch_size=8, card=SimpleNamespace(windows=windows))
    return octaves(SimpleNamespace(size=(side, width or side)), model)


@pytest.mark.parametrize(
    ("side", "count"), [(16, 0), (512, 0), (610, 0), (620, 1), (1024, 1), (1240, 2), (2048, 2), (4096, 3)]
)
def test_a_large_picture_is_looked_at_at_every_octave_that_a_preset_leaves_out(side, count):
    found = at(side)
    assert found == tuple(CLOSER / 2**step for step in range(count))
    assert all(level * side >= LEAST_VIEWS * 192 for level in found)
    assert at(side // 2, width=2 * side) == found


def test_a_model_whose_windows_were_not_measured_sees_none():
    assert at(4096, windows=False) == ()


def test_a_huge_picture_has_an_end_of_windows():
    found = at(50_000)
    assert found[0] < CLOSER
    assert len(views_at(found[0], 50_000, 50_000, input_size=192)) < 1.1 * MOST_WINDOWS


def test_names_without_a_size_are_looked_at_at_the_octaves_and_others_at_their_own():
    found = Levels((None, 1.5, None, 0.75), (None, 1.5, None, 0.75))
    assert found.in_windows((0.75, 0.375)) == {1.5: [1], 0.75: [0, 2, 3], 0.375: [0, 2]}
    assert found.in_windows(()) == {1.5: [1], 0.75: [3]}
    assert Levels((1.5,), (1.5,)).in_windows((0.75,)) == {1.5: [0]}
    assert Levels((None,), (None,)).in_windows(()) == {}
