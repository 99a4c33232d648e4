from __future__ import annotations

import io
import json
import os
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ovseg.errors import InputError, ModelError, OutputError
from napari_ovseg.evaluation.problems import BadPicture
from napari_ovseg.file_names import (
    PERCENT,
    STEM_BYTES,
    as_text,
    distinct_stems,
    file_stem,
    fitting,
    path_of,
    resolved,
    same_file,
    seen_from,
)

BYTES_ARE_NAMES = pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux alone")
# any name that Linux can hold
ANY_NAME = st.binary(min_size=1, max_size=60).map(os.fsdecode)


@given(ANY_NAME)
def test_any_name_becomes_text_and_text_stays_as_it_is(name):
    text = as_text(name)
    text.encode()
    assert as_text(text) == text
    try:
        assert name.encode().decode() == text
    except UnicodeEncodeError:
        assert "%" in text


def test_half_a_character_of_windows_is_text_too():
    assert as_text("a\ud83dz") == "a%ED%A0%BDz"
    as_text("\ud83d\udce9\udc80").encode()


@BYTES_ARE_NAMES
def test_a_file_is_found_again_from_its_text_and_a_real_percent_wins(tmp_path):
    raw = tmp_path / os.fsdecode(b"caf\xe9") / os.fsdecode(b"gr\xfc\xdf 50%.png")
    raw.parent.mkdir()
    raw.touch()
    assert path_of(as_text(raw)) == raw
    assert path_of("caf%E9/gr%FC%DF 50%.png", tmp_path) == raw
    literal = tmp_path / "caf%E9/gr%FC%DF 50%.png"
    assert path_of("caf%E9/nothing.png", tmp_path) == tmp_path / "caf%E9/nothing.png"
    literal.parent.mkdir()
    assert path_of(str(literal)) == raw
    literal.touch()
    assert path_of(str(literal)) == literal


def test_a_made_up_text_of_many_escapes_costs_nothing(tmp_path):
    text = "/".join(["%E9"] * 2000)
    assert path_of(text, tmp_path) == tmp_path / text
    assert path_of("\0%E9", tmp_path) == tmp_path / "\0%E9"


def test_a_stream_with_our_handler_takes_any_name():
    for encoding, said in (("utf-8", "caf%E9 é 細"), ("ascii", r"caf%E9 \xe9 \u7d30"), ("cp1252", None)):
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors=PERCENT)
        stream.write("caf\udce9 é 細")
        stream.flush()
        written = stream.buffer.getvalue().decode(encoding)
        assert written == (said or r"caf%E9 é \u7d30")


def test_the_last_link_is_kept_and_folders_are_followed(tmp_path, monkeypatch):
    (tmp_path / "real/store").mkdir(parents=True)
    (tmp_path / "real/store/3f2a").touch()
    (tmp_path / "real/cells.png").symlink_to("store/3f2a")
    (tmp_path / "short").symlink_to("real/store")
    real = Path(os.path.realpath(tmp_path / "real"))
    assert resolved(tmp_path / "real/cells.png") == real / "cells.png"
    # as the system reads it, not as it is written
    assert resolved(tmp_path / "short/../cells.png") == real / "cells.png"
    monkeypatch.chdir(tmp_path / "real/store")
    assert resolved("../cells.png") == real / "cells.png"
    assert resolved(".") == real / "store"
    assert resolved("..") == real
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    assert resolved(loop).name == "loop"


def test_the_folder_of_the_user_is_known_where_the_shell_left_it(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert resolved("~/m") == Path(os.path.realpath(tmp_path)) / "m"
    (tmp_path / "~").mkdir()
    assert resolved("~/m") == Path(os.path.realpath(tmp_path)) / "~/m"


def test_paths_are_relative_to_the_file_that_names_them(tmp_path, monkeypatch):
    (tmp_path / "m").mkdir()
    assert seen_from(tmp_path / "m", tmp_path / "pics/a.png") == "../pics/a.png"
    monkeypatch.chdir(tmp_path / "m")
    assert seen_from(".", "../pics/a.png") == "../pics/a.png"
    assert seen_from(tmp_path, os.fsdecode(b"caf\xe9.png")) == "m/caf%E9.png"

    def other_drive(path, start):
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    monkeypatch.setattr(os.path, "relpath", other_drive)
    assert seen_from(tmp_path, tmp_path / "a.png") == (resolved(tmp_path) / "a.png").as_posix()


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("day 1.5", "day 1.5"),
        ("細胞", "細胞"),
        ("a:b?c", "a_b_c"),
        ("ends in a dot.", "ends in a dot"),
        ("...", "picture"),
        ("", "picture"),
        ("CON", "_CON"),
        ("nul.tar", "_nul.tar"),
        ("com¹", "_com¹"),
        ("console", "console"),
        (os.fsdecode(b"caf\xe9") if sys.platform == "linux" else "caf\udce9", "caf%E9"),
    ],
)
def test_stems_are_names_that_every_file_system_takes(name, stem):
    assert file_stem(name) == stem


@given(ANY_NAME | st.text(alphabet="細é́가🏽‍👩 .", max_size=120))
def test_a_stem_is_short_and_valid(name):
    stem = file_stem(name)
    assert 1 <= len(stem.encode()) <= STEM_BYTES
    assert stem == stem.strip(" .")
    assert not set(stem) & set('<>:"/\\|?*\0\n')


def test_a_long_name_is_cut_between_letters():
    for letter in ("細胞", "e\u0301", "👩🏽\u200d🔬", unicodedata.normalize("NFD", "각")):
        stem = file_stem(letter * 80)
        kept = stem.rpartition("-")[0]
        rest = (letter * 80)[len(kept) :]
        assert unicodedata.category(rest[0])[0] != "M"
        assert rest[0] not in "\u200d🏽\u1161\u11a8"
        assert not kept.endswith("\u200d")
        assert STEM_BYTES - 40 < len(stem.encode()) <= STEM_BYTES
    assert file_stem("細胞" * 40 + "1") != file_stem("細胞" * 40 + "2")


def test_a_name_that_fits_is_kept_and_another_is_told_from_its_text():
    assert fitting("x" * 255, 255) == "x" * 255
    assert len(fitting("x" * 256, 255)) == 255
    assert fitting("caf\udce9", 99) != fitting("caf%E9", 99) == "caf%E9"


def test_pictures_of_one_name_are_told_apart_by_what_differs(tmp_path):
    def stems(*paths):
        return distinct_stems([(Path(path).stem, tmp_path / path) for path in paths])

    assert stems("a.png", "b.png") == ["a", "b"]
    assert stems("a.png", "a.jpg", "b.png") == ["a_png", "a_jpg", "b"]
    assert stems("day1/a.png", "day2/a.png") == ["day1_a", "day2_a"]
    assert stems("a.png", "sub/a.png") == ["a", "sub_a"]
    assert stems("1/a.png", "1/a.jpg", "2/a.png") == ["1_a_png", "1_a_jpg", "2_a_png"]
    # a name that somebody else has already is given to nobody
    assert [stem[:2] for stem in stems("a.png", "a.jpg", "a_png.tif")] == ["a-", "a-", "a_"]
    assert distinct_stems([("a", None), ("b", None), ("a", None)]) == ["a_1", "b", "a_2"]
    assert distinct_stems([("categories", None)]) != ["categories"]


NAMES = st.sampled_from(
    ["a", "A", "é", "e\u0301", "ß", "ss", "a_png", "a_1", "b:c", "b?c", "細" * 70, "細" * 71, "CON"]
)
PATHS = st.builds(
    lambda folder, name, end: Path("/pics", folder, name.replace("/", "") + end),
    st.sampled_from(["", "1", "2", "1/x"]),
    NAMES,
    st.sampled_from([".png", ".jpg", ""]),
)


@settings(max_examples=200)
@given(st.lists(PATHS, unique=True, max_size=8), st.randoms(use_true_random=False))
def test_stems_are_distinct_on_every_file_system_and_don_t_depend_on_the_order(paths, random):
    pictures = [(path.stem, path) for path in paths]
    stems = dict(zip(pictures, distinct_stems(pictures), strict=True))
    assert len({same_file(stem) for stem in stems.values()}) == len(paths)
    assert all(len(stem.encode()) <= STEM_BYTES for stem in stems.values())
    json.dumps(list(stems.values()), ensure_ascii=False).encode()
    random.shuffle(pictures)
    assert dict(zip(pictures, distinct_stems(pictures), strict=True)) == stems


@pytest.mark.parametrize("kind", [InputError, OutputError, ModelError, BadPicture])
def test_an_error_about_any_file_can_be_printed(kind):
    assert str(kind("caf\udce9.png can't be read.")) == "caf%E9.png can't be read."
