from __future__ import annotations

import pytest

from napari_ovseg.categories import parse_categories
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
