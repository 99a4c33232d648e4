"""Which classes stand for a word: choosing them, the table, and what is said of a word without any."""

from __future__ import annotations

import numpy as np
import pytest

from napari_ovseg.categories import parse_categories
from napari_ovseg.models.photos.card import PHOTOS
from napari_ovseg.models.photos.kinds import Kinds, head_of
from napari_ovseg.models.photos.words import CLASSES, WordTable, table, word_key
from napari_ovseg.models.registry import unknown_note
from napari_ovseg.vocabularies import read_vocabulary


def small_table() -> WordTable:
    """Two words, of two classes and of one; the second is far from all."""
    return WordTable(
        {
            "words": np.frombuffer(b"dog\nnucleus", np.uint8),
            "names": np.frombuffer(b"beagle\ncollie\nacorn", np.uint8),
            "counts": np.array([2, 1], np.uint8),
            "classes": np.array([1, 0, 2], np.uint16),
            "weights": np.array([255, 51, 255], np.uint8),
            "known": np.array([True, False]),
            "vectors": np.eye(3, dtype=np.float16),
            "rivals": np.zeros(3, np.float16),
        }
    )


def test_a_word_is_found_with_its_classes_the_nearest_first():
    entry = small_table().find("Dogs")
    assert entry is not None
    assert entry.word == "dog"
    assert entry.class_names == ("collie", "beagle")
    np.testing.assert_allclose(entry.weights, [1, 0.2], rtol=1e-6)


def test_of_a_longer_phrase_the_part_at_its_end_counts():
    entry = small_table().find("small brown dog")
    assert entry is not None
    assert entry.word == "dog"
    assert small_table().find("dog whistle") is None


def test_a_word_that_is_far_from_every_class_is_not_known():
    assert small_table().find("nucleus") is None


def test_a_word_can_be_added_and_is_then_known_or_known_to_be_far():
    words = small_table()
    assert words.lacks("puffin")
    assert not words.lacks("nucleus")
    words.add("puffin", np.array([2]), np.ones(1, np.float32), True)
    entry = words.find("Puffin")
    assert entry is not None
    assert entry.class_names == ("acorn",)
    words.add("justice", np.array([2]), np.ones(1, np.float32), False)
    assert words.find("justice") is None
    assert not words.lacks("justice")


def test_a_word_that_the_table_lacks_is_answered_with_those_spelled_alike():
    assert small_table().spelled_like("dogg") == ("dog",)
    # a known word, and a far one, are no answer
    assert small_table().spelled_like("dog") == ()
    assert small_table().spelled_like("nucleu") == ()


def test_the_table_of_the_package_holds_classes_and_weights_as_promised():
    words = table()
    assert len(words.names) == CLASSES
    for word in words.words[::50]:
        entry = words._entry(words.rows[word_key(word)])
        assert 1 <= len(entry.classes) == len(set(entry.classes.tolist())) == len(entry.weights)
        assert entry.classes.max() < CLASSES
        assert entry.weights[0] == 1
        assert (np.diff(entry.weights) <= 0).all()
        assert entry.weights.min() > 0


@pytest.mark.parametrize(
    ("word", "among"),
    [("horse", "sorrel"), ("cat", "tabby"), ("dog", "beagle"), ("cow", "ox"), ("sheep", "ram"),
     ("sofa", "studio couch"), ("person", "suit"), ("television", "television"), ("motorbike", "moped")],
)  # fmt: skip
def test_everyday_words_have_classes_that_mean_them(word, among):
    entry = table().find(word)
    assert entry is not None
    assert among in entry.class_names


def test_every_word_of_the_everyday_vocabulary_is_in_the_table():
    phrases = [phrase for category in read_vocabulary("everyday") for phrase in category.phrases]
    found = {phrase: table()._read(phrase) for phrase in phrases}
    assert not [phrase for phrase, entry in found.items() if entry is None or entry.word != phrase.casefold()]


def test_each_class_is_found_by_its_own_name():
    words = table()
    found = [words.find(name) for name in words.names]
    assert not [
        name
        for number, (name, entry) in enumerate(zip(words.names, found, strict=True))
        if entry is None or number not in entry.classes
    ]


def test_each_word_of_the_table_is_found_as_itself():
    words = table()
    assert not [
        word
        for word in words.words
        if (entry := words._read(word)) is None or word_key(entry.word) != word_key(word)
    ]


@pytest.mark.parametrize(
    ("phrase", "word"),
    [
        ("dog on grass", "dog"), ("man in a hat", "man"), ("brown_dog_with_a_ball 2", "dog"),
        ("slice of pizza", "pizza"), ("person with clothes", "person with clothes"),
        ("dog 1", "dog"), ("dog_1", "dog"), ("dogs (small)", "dog"), ("dog (on grass)", "dog"),
        ("dog's", "dog"),
        ("children", "child"), ("mice", "mouse"), ("geese", "goose"), ("wolves", "wolf"), ("knives", "knife"),
        ("feet", "foot"), ("men", "man"), ("women", "woman"), ("people", "people"),
        ("Shih-Tzu", "shih-tzu"), ("shih tzu", "shih-tzu"), ("potter\u2019s wheel", "potter's wheel"),
    ],
)  # fmt: skip
def test_a_phrase_is_read_by_the_thing_it_names(phrase, word):
    entry = table().find(phrase)
    assert entry is not None
    assert entry.word == word


@pytest.mark.parametrize("phrase", ["x-ray", "qwrt on grass", "on", "1", ""])
def test_what_names_no_known_thing_is_not_found(phrase):
    assert table().lacks(phrase)


@pytest.mark.parametrize(
    "phrase",
    ["cell", "cells", "red blood cell", "nucleus", "fiber", "mitosis", "crystal", "yeast", "embryo", "stroma",
     "cell wall", "bone", "mole", "sky"],
)  # fmt: skip
def test_a_word_whose_near_classes_mean_something_else_is_warned_of(phrase):
    assert PHOTOS.unknown_words([phrase]) == (phrase,)


@pytest.mark.parametrize(
    "word", ["cell phone", "cow", "prison", "nurse", "tennis player", "wine glass", "bank"]
)
def test_a_word_with_a_class_that_means_it_is_not(word):
    assert PHOTOS.unknown_words([word]) == ()


def test_all_people_are_found_by_the_same_classes():
    person = table().find("person")
    assert person is not None
    for word in ("woman", "nurse", "pedestrian", "crowd"):
        entry = table().find(word)
        assert entry is not None
        # besides those that are a kind of it, as a ballplayer is of "person"
        assert entry.class_names[0] == person.class_names[0]


def test_a_word_with_no_near_class_is_warned_of():
    assert PHOTOS.unknown_words(parse_categories("dog, nuclei, integrity")) == ("nuclei", "integrity")
    note = unknown_note(PHOTOS, parse_categories("dog, glas bottel"))
    assert note is not None
    assert "never saw these words" in note
    assert "may be meant: glass bottle" in note
    assert unknown_note(PHOTOS, parse_categories("dog, cat")) is None


def test_which_classes_stand_for_a_category_is_said():
    (dog,) = parse_categories("dog")
    assert PHOTOS.stands_for(dog).endswith(" more")
    (part,) = parse_categories("brown dog")
    assert PHOTOS.stands_for(part) == f"read as dog: {PHOTOS.stands_for(dog)}"
    (plural,) = parse_categories("Dogs")
    assert PHOTOS.stands_for(plural) == PHOTOS.stands_for(dog)
    (far,) = parse_categories("nuclei")
    assert PHOTOS.stands_for(far) == "no class of ImageNet"


@pytest.mark.parametrize(
    ("definition", "head"),
    [
        ("a horse of a brownish orange to chestnut color", "horse"),
        ("any of several breeds of large working dog used to pull sledges", "dog"),
        ("a smooth-haired breed of hound with short legs", "hound"),
        ("small (and cheap) car, usually red", "car"),
    ],
)
def test_the_noun_that_a_definition_begins_with(definition, head):
    assert head_of(definition)[-1] == head


def test_a_kind_is_followed_up_to_what_nobody_defines_and_never_in_a_circle():
    kinds = Kinds(
        {"n1": ["sorrel"], "n5": ["horse"], "n900": ["horse"], "n7": ["animal"],
         "n8": ["ring"], "n9": ["loop"]},
        {"n1": "a horse of a color", "n5": "an animal with hooves", "n900": "a wooden frame",
         "n7": "what lives", "n8": "a loop", "n9": "a ring"},
    )  # fmt: skip
    # of two senses of horse, the one whose number is nearer
    assert kinds.chain("n1") == ["n1", "n5", "n7"]
    assert kinds.chain("n8") == ["n8", "n9"]
