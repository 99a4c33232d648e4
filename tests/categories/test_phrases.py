from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_ovseg.categories import overlap, same_name, singular


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("Dog", "dOG", True),
        ("caf\u00e9", "cafe\u0301", True),
        ("Stra\u00dfe", "STRASSE", True),
        ("dog", "dogs", False),
        ("cafe", "caf\u00e9", False),
    ],
)
def test_case_and_unicode_form_make_no_other_name(first, second, same):
    assert same_name(first, second) == same


@pytest.mark.parametrize(
    ("plural", "one"),
    [
        ("trees", "tree"), ("berries", "berry"), ("boxes", "box"), ("branches", "branch"),
        ("glasses", "glass"), ("nuclei", "nucleus"), ("cell nuclei", "cell nucleus"), ("Bushes", "bush"),
        ("men", "man"), ("women", "woman"), ("children", "child"), ("mice", "mouse"), ("wolves", "wolf"),
        ("wild geese", "wild goose"), ("knives", "knife"), ("teeth", "tooth"), ("Snowmen", "snowman"),
        ("bookshelves", "bookshelf"), ("policewomen", "policewoman"), ("buses", "bus"),
        ("tomatoes", "tomato"),
    ],
)  # fmt: skip
def test_plurals(plural, one):
    assert singular(plural) == singular(one) == one


@pytest.mark.parametrize(
    "word", ["grass", "bus", "axis", "sky", "as", "us", "x", "people", "lumen", "specimen", "pumice"]
)
def test_what_only_looks_like_a_plural_stays(word):
    assert singular(word) == word


@pytest.mark.parametrize(
    ("plural", "one"), [("olives", "olive"), ("sleeves", "sleeve"), ("specimens", "specimen")]
)
def test_a_plural_that_ends_like_an_irregular_one_is_regular(plural, one):
    assert singular(plural) == one


words = st.lists(st.sampled_from(["tree", "trees", "tall", "cell", "cells", "red"]), min_size=1, max_size=3)


@given(words, words)
def test_overlap_is_containment_word_by_word(first, second):
    a, b = ([word.removesuffix("s") for word in phrase] for phrase in (first, second))
    inside = any(
        long[start : start + len(short)] == short
        for short, long in ((a, b), (b, a))
        for start in range(len(long))
    )
    assert overlap(" ".join(first), " ".join(second)) == inside
