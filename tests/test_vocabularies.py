from __future__ import annotations

import re

import pytest

from napari_ovseg.categories import parse_categories
from napari_ovseg.errors import InputError
from napari_ovseg.models.clip.registry import DEMO_FOLDER
from napari_ovseg.vocabularies import VOCABULARIES, read_vocabulary


@pytest.mark.parametrize("name", VOCABULARIES)
def test_those_of_the_package_are_many_names_each_once(name):
    names = read_vocabulary(name)
    assert len(names) > 50
    assert not any(category.background for category in names)


def test_the_bundled_model_knows_its_own():
    known = set((DEMO_FOLDER / "vocabulary.txt").read_text(encoding="utf-8").split())
    words = {
        word for name in read_vocabulary("demo") for phrase in name.phrases for word in phrase.lower().split()
    }
    assert words <= known


def test_a_file_reads_as_typed_names_do(tmp_path):
    lines = ["dog: puppy, hound", "", "  red ball ", "Käfer", "cat, cow"]
    file = tmp_path / "mine.txt"
    file.write_bytes("\r\n".join(lines).encode("utf-8-sig"))
    assert read_vocabulary(file) == parse_categories("dog: puppy, hound; red ball; Käfer; cat; cow")
    assert read_vocabulary(str(file)) == read_vocabulary(file)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty: write one name per line"),
        (b" \n\t\n", "is empty"),
        (b"dog\ncat\n" + b"very " * 30 + b"long\n", "Line 3 .*30|Line 3 .*31 words"),
        (b"dog\n" + b"x" * 300, "Line 2 .*300 characters"),
        (b"dog\n\ncat\nDog\n", "Line 4 .*'Dog' is in line 1 already"),
        (b"dog: puppy\npuppy\n", "Line 2 .*'puppy' is in line 1 already"),
        (b"dog:\n", "Line 1 .*no synonyms"),
        (b"dog\ncat\nbackground: grass\n", "Line 3 .*take the background out"),
        (b"Background\n", "Line 1 .*take the background out"),
        (b"dog, background: grass\n", "Line 1 .*take the background out"),
        (b"dog\nbackground: grass; cat\n", "Line 2 .*take the background out"),
        ("dog\nKäfer\n".encode("latin-1"), "no UTF-8 text, from line 2 on: save it"),
        ("dog\nKäfer\n".encode("utf-16"), "no UTF-8 text, from line 1 on"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_line(tmp_path, content, said):
    file = tmp_path / "mine.txt"
    file.write_bytes(content)
    with pytest.raises(InputError, match=said) as refused:
        read_vocabulary(file)
    assert re.escape(file.name) in re.escape(str(refused.value))


def test_a_missing_file_says_what_there_is(tmp_path):
    with pytest.raises(InputError, match=r"no vocabulary .*everyday, microscopy, driving, demo"):
        read_vocabulary(tmp_path / "nowhere.txt")
    with pytest.raises(InputError, match="can't be read"):
        read_vocabulary(tmp_path)
