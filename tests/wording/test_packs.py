from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_ovseg.categories import overlap, parse_categories, singular
from napari_ovseg.errors import InputError
from napari_ovseg.wording import PACKS, find_pack

CLIP_ES = (
    "ground land grass tree building wall sky lake water river sea railway railroad keyboard helmet cloud "
    "house mountain ocean road rock street valley bridge sign"
)


def test_the_natural_scene_has_the_words_of_clip_es():
    assert PACKS["natural scene"].words == tuple(CLIP_ES.split())


@pytest.mark.parametrize("pack", PACKS.values(), ids=list(PACKS))
def test_every_pack_can_be_used(pack):
    assert 1 <= len(pack.templates) <= 7
    assert all(template.format("x") != template for template in pack.templates)
    assert pack.description
    # the word says nothing of what is there, and took from nuclei what was theirs
    assert not any("background" in word for word in pack.words)
    assert pack.looks
    # the words are what the grammar of names lets a user type too
    (*_, background) = parse_categories(f"thing; background: {', '.join(pack.words)}")
    assert background.synonyms == pack.words


@pytest.mark.parametrize("typed", ["electron microscopy", "Electron-Microscopy", " electron_microscopy "])
def test_packs_are_found_however_they_are_spelt(typed):
    assert find_pack(typed) is PACKS["electron microscopy"]


def test_no_pack_and_no_such_pack():
    assert find_pack("none") is None
    with pytest.raises(InputError, match="guess, none, natural scene, microscopy, histology"):
        find_pack("kitchen")


@pytest.mark.parametrize(
    ("typed", "gone"),
    [
        ("Trees", {"tree"}),
        ("dog: brick wall", {"wall"}),
        ("dog; background: grass", {"grass"}),
        ("carpet, bus", set()),
        ("roads, sea lion", {"road", "sea"}),
    ],
)
def test_what_is_typed_drops_out(typed, gone):
    pack = PACKS["natural scene"]
    assert set(pack.words) - set(pack.rivals(parse_categories(typed))) == gone


@pytest.mark.parametrize(
    ("plural", "one"),
    [
        ("trees", "tree"), ("berries", "berry"), ("boxes", "box"), ("branches", "branch"),
        ("glasses", "glass"), ("nuclei", "nucleus"), ("cell nuclei", "cell nucleus"), ("Bushes", "bush"),
    ],
)  # fmt: skip
def test_plurals(plural, one):
    assert singular(plural) == singular(one) == one


@pytest.mark.parametrize("word", ["grass", "bus", "axis", "sky", "as", "us", "x"])
def test_what_only_looks_like_a_plural_stays(word):
    assert singular(word) == word


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
