"""Sizes of things: what may be typed, how it is written, and what it is in pixels."""

import numpy as np
import pytest

from napari_ovseg.categories import parse_categories
from napari_ovseg.errors import InputError
from napari_ovseg.views.sizes import Length, Sizes, parse_sizes, readable_sizes


@pytest.mark.parametrize(
    ("said", "written"),
    [
        (None, ""),
        ("  ", ""),
        (40, "40 px"),
        (np.float32(3.5), "3.5 px"),
        ("40", "40 px"),
        ("40 Pixels", "40 px"),
        ("12 um", "12 µm"),
        ("12.5µm", "12.5 µm"),
        (".02 mm", "0.02 mm"),
        ("0.000001 mm", "0.000001 mm"),
        ("1000000", "1000000 px"),
        ("nuclei 40, cells 120", "nuclei 40 px, cells 120 px"),
        ("nuclei: 40 px; cells = 12 um", "nuclei 40 px, cells 12 µm"),
        ("round cells 7, 20", "20 px, round cells 7 px"),
        ("T4 40\ntype 2 30 nm", "T4 40 px, type 2 30 nm"),
        ("细胞 40，核 20", "细胞 40 px, 核 20 px"),
        ({"nuclei": 40, "cells": "12 um"}, "nuclei 40 px, cells 12 µm"),
        ({}, ""),
    ],
)
def test_what_is_said_is_written_so_that_it_is_read_back(said, written):
    sizes = parse_sizes(said)
    assert str(sizes) == written
    assert parse_sizes(written) == sizes == parse_sizes(sizes)
    assert bool(sizes) == bool(written)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("large", 'no size "large"'),
        ("nuclei", 'no size "nuclei"'),
        ("-3", 'no size "-3"'),
        ("1e3", 'no size "1e3"'),
        ("0", "can't be 0 wide"),
        ("2000000", "can't be 2e\\+06 wide"),
        (float("nan"), "can't be nan wide"),
        (float("inf"), "can't be inf wide"),
        (True, 'no size "True"'),
        ([40], "no size"),
        ("40 kg", 'no unit "kg"'),
        ("40, 50", "40 px and 50 px"),
        ("12,5 um", "Decimals have a point"),
        ("nuclei 12,5 um", '"nuclei 12,5 um" can.t be read as a size. Decimals have a point'),
        ("nuclei 12，5 um", "Decimals have a point"),
        ({"nuclei": "12,5 um"}, "Decimals have a point"),
        ("1,000", "thousands have no comma"),
        ("nuclei 40,50", "separated by a comma and a space"),
        (10**400, "can't be inf wide"),
        ("1" + "0" * 400, "can't be inf wide"),
        ("cells 3, Cells 4", "twice"),
        ({"cells": "nuclei 4"}, 'no size "nuclei 4"'),
        ({"": 4}, "belongs to a name"),
    ],
)
def test_what_can_not_be_read_is_refused_and_says_what_may_be_written(said, why):
    with pytest.raises(InputError, match=why):
        parse_sizes(said)


def test_a_name_has_its_own_size_or_that_of_all():
    dog, cat, bird = parse_categories("dog: puppy; cat; bird")
    sizes = parse_sizes("Puppy 30, cat 10, 50")
    assert [sizes.of(one) for one in (dog, cat, bird)] == [Length(30), Length(10), Length(50)]
    assert parse_sizes("cat 10").of(bird) is None


def test_sizes_of_other_names_are_refused_or_left_out():
    names = parse_categories("dog: puppy; background: grass")
    sizes = parse_sizes("20, puppy 30, cat 10")
    with pytest.raises(InputError, match="'cat', which is not among the names"):
        sizes.check(names)
    with pytest.raises(InputError, match="'grass', which"):
        parse_sizes("grass 3").check(names)
    assert str(sizes.only(names)) == "20 px, puppy 30 px"
    sizes.only(names).check(names)


@pytest.mark.parametrize("said", ["nuclei 40 cells 120", "nuclei 40um cells 120um", "nuclei 40 px cells 7"])
def test_of_sizes_without_commas_it_is_said_that_they_need_some(said):
    with pytest.raises(InputError, match="separate sizes by commas"):
        parse_sizes(said).check(parse_categories("nuclei, cells"))


def test_a_name_may_hold_a_number():
    parse_sizes("type 2 cells 40").check(parse_categories("type 2 cells"))


def test_a_name_and_its_synonym_have_one_size():
    names = parse_categories("dog: puppy; cat")
    with pytest.raises(InputError, match="of 'dog' is said twice, of 'puppy' and of 'dog'"):
        parse_sizes("puppy 30, cat 7, dog 40").check(names)


def test_what_can_be_read_of_a_text_is_read():
    assert str(readable_sizes("nuclei 40, cells")) == "nuclei 40 px"
    assert str(readable_sizes("7, large, cells 3; Cells 4, 50, rods 1,5, fibres 2 um")) == (
        "7 px, cells 3 px, fibres 2 µm"
    )
    assert readable_sizes("nonsense") == Sizes()


def test_lengths_become_pixels():
    sizes = parse_sizes("12 um, cells 0.02 mm, nuclei 7")
    there = sizes.in_pixels((0.25, 1.0), "µm")
    assert str(there) == "24 px, cells 40 px, nuclei 7 px"
    assert str(there.times(0.5)) == "12 px, cells 20 px, nuclei 3.5 px"


@pytest.mark.parametrize("pixel", [(None, None), ((1.0, 1.0), "pixel")])
def test_lengths_need_a_picture_that_says_how_large_its_pixels_are(pixel):
    assert str(parse_sizes("7").in_pixels(*pixel)) == "7 px"
    with pytest.raises(InputError, match="12 µm can't be told in pixels"):
        parse_sizes("12 um").in_pixels(*pixel)


@pytest.mark.parametrize(
    "pixel",
    [(0.0, 0.0), (float("nan"), 1.0), (float("inf"), 1.0), (-1.0, 1.0), (1e-9, 1e-9), (1e-300, 1e-300)],
)
def test_of_pixels_that_can_not_be_so_large_it_is_said_how_to_mend_them(pixel):
    with pytest.raises(InputError, match=r"12 µm can't be told .* µm large.*says: correct that"):
        parse_sizes("12 um").in_pixels(pixel, "um")


def test_no_size_is_no_size():
    assert not Sizes()
    assert Sizes().of(parse_categories("dog")[0]) is None
