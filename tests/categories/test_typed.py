from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ovseg.categories import Category, format_categories, parse_categories
from napari_ovseg.errors import InputError


@pytest.mark.parametrize(
    ("typed", "phrases"),
    [
        ("nuclei", [("nuclei",)]),
        ("cat, dog", [("cat",), ("dog",)]),
        ("cat\ndog\r\n\nbird\n", [("cat",), ("dog",), ("bird",)]),
        ("  Big   dog ,, cat;", [("Big dog",), ("cat",)]),
        ("dog: puppy, hound", [("dog", "puppy", "hound")]),
        ("dog: puppy, hound\ncat", [("dog", "puppy", "hound"), ("cat",)]),
        ("dog: puppy, hound; cat, bird", [("dog", "puppy", "hound"), ("cat",), ("bird",)]),
        ("cat, dog: puppy", [("cat",), ("dog", "puppy")]),
        ("background: grass, sky\ndog", [("dog",), ("grass", "sky")]),
        ("BACKGROUND: grass; dog", [("dog",), ("grass",)]),
        ("caf\u0065\u0301", [("caf\u00e9",)]),
        ("细胞，纤维、碎片；背景：杂质", [("细胞",), ("纤维",), ("碎片",), ("背景", "杂质")]),
        ("細胞。繊維｡", [("細胞",), ("繊維",)]),
        ("قطة، كلب؛ طائر", [("قطة",), ("كلب",), ("طائر",)]),
        ("a cat. a remote control.", [("a cat",), ("a remote control",)]),
        ("cat . dog . person .", [("cat",), ("dog",), ("person",)]),
        ("cat.", [("cat",)]),
        ("dog: puppy. hound.\ncat ...", [("dog", "puppy", "hound"), ("cat",)]),
        ("E. coli, S. aureus. St. Bernard", [("E. coli",), ("S. aureus",), ("St. Bernard",)]),
        (
            "Bacillus sp. strain 5, 0.5 mm beads, ３．５ mm",
            [("Bacillus sp. strain 5",), ("0.5 mm beads",), ("３．５ mm",)],
        ),
        ("Bacillus sp., beads", [("Bacillus sp",), ("beads",)]),
        ("می\u200cروم، کتاب\u200cها", [("می\u200cروم",), ("کتاب\u200cها",)]),
        (
            "👩\u200d🔬, 🏴\U000e0067\U000e0062\U000e007f",
            [("👩\u200d🔬",), ("🏴\U000e0067\U000e0062\U000e007f",)],
        ),
        ("\ufeffcat, \u200eחתול\u200f, \u200d dog\u200c", [("cat",), ("חתול",), ("dog",)]),
        (["cat", "dog: puppy"], [("cat",), ("dog", "puppy")]),
        ([Category("cat", ["kitty"]), "dog"], [("cat", "kitty"), ("dog",)]),
        (Category("cat"), [("cat",)]),
    ],
)
def test_grammar(typed, phrases):
    assert [category.phrases for category in parse_categories(typed)] == phrases


def test_the_background_comes_last_and_has_no_phrase_of_its_own():
    *foreground, background = parse_categories("background: grass, sky; dog, cat")
    assert [category.name for category in foreground] == ["dog", "cat"]
    assert background == Category("background", ("grass", "sky"), background=True)
    assert background.phrases == ("grass", "sky")


@pytest.mark.parametrize(
    ("typed", "advice"),
    [
        ("", "type what is in the picture"),
        (" ,\n;", "type what is in the picture"),
        ([], "type what is in the picture"),
        ("background: grass", "besides the background"),
        ("dog, background", "background: grass, sky"),
        ("dog; background:", "background: grass, sky"),
        ("background: sky\ndog\nbackground: grass", "into one entry"),
        ("dog, cat, Dog", "'Dog' is typed twice"),
        ("dog, cat, dog: puppy", "'dog' is typed twice"),
        ("stra\u00dfe, STRASSE", "typed twice"),
        ("dog: puppy, puppy", "'puppy' is typed twice"),
        ("dog: dog", "'dog' is typed twice"),
        ("dog: cat\ncat", "stands for both 'dog' and 'cat'"),
        ("cat\ndog: CAT", "stands for both 'cat' and 'dog'"),
        ("dog: pet\ncat: pet", "stands for both"),
        ("dog\nbackground: dog", "stands for both 'dog' and 'background'"),
        ("dog:", "no synonyms"),
        ("dog: ,", "no synonyms"),
        (": puppy", "no name"),
        ("dog: puppy, cat: kitty", "two colons"),
        ("می\u200cروم, میروم", "typed twice"),
        ("dog\U000e0067", r"U\+E0067"),
        ("background：", "background: grass, sky"),
        ("cat：犬：猫", "two colons"),
        ("dog\x00", r"U\+0000"),
        ("dog\u200b", r"U\+200B"),
        ("dog\ud800", r"U\+D800"),
        (" ".join(["word"] * 500), "500 words"),
        ("x" * 201, "201 characters"),
        (3, "not int"),
        (b"dog", "not bytes"),
        (["dog", 3], "must be text"),
        (None, "not NoneType"),
        ([Category("dog"), "dog"], "typed twice"),
        ((f"n{i}" for i in range(65535)), "type fewer"),
    ],
)
def test_errors_teach(typed, advice):
    with pytest.raises(InputError, match=advice) as caught:
        parse_categories(typed)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    "arguments",
    [
        ("a, b",),
        ("猫、犬",),
        ("cat. dog",),
        ("a", "bc"),
        ("",),
        (3,),
        ("background",),
        ("background", ("sky",)),
        ("x", (), True),
    ],
)
def test_a_category_made_by_hand_is_checked_too(arguments):
    with pytest.raises(InputError):
        Category(*arguments)


@settings(max_examples=300)
@given(
    st.text(max_size=80)
    | st.text("ab ,;:\nB", max_size=40)
    | st.text("ab1 .，。．：、\u200c\u200d", max_size=40)
)
def test_any_text_is_parsed_or_refused_with_an_input_error(text):
    try:
        categories = parse_categories(text)
    except InputError:
        return
    assert parse_categories(format_categories(categories)) == categories
    phrases = [phrase for category in categories for phrase in category.phrases]
    assert len({phrase.casefold() for phrase in phrases}) == len(phrases)
    assert all(unicodedata.is_normalized("NFC", phrase) for phrase in phrases)
    assert not any(category.background for category in categories[:-1])


def test_long_text_without_spaces_takes_no_time():
    with pytest.raises(InputError, match="200000 characters"):
        parse_categories("x" * 200_000)


words = st.lists(
    st.text("abcdefghij\u00e9\u00df'-", min_size=1, max_size=12),
    min_size=1,
    max_size=12,
    unique_by=str.casefold,
)


@given(words, st.data())
def test_what_is_formatted_is_parsed_back(names, data):
    categories = []
    while names:
        own = names[: data.draw(st.integers(1, 3))]
        names = names[len(own) :]
        background = bool(categories) and not names and data.draw(st.booleans())
        categories.append(
            Category("background", tuple(own), True) if background else Category(own[0], tuple(own[1:]))
        )
    assert parse_categories(format_categories(categories)) == tuple(categories)
    assert parse_categories(categories) == tuple(categories)
