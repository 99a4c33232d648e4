"""The ledger by itself: what is an entry, and what is none."""

from __future__ import annotations

import hashlib

import pytest

from napari_ovseg.errors import OutputError
from napari_ovseg.many.ledger import Ledger, digest_of, digest_of_files


@pytest.fixture
def ledger(tmp_path) -> Ledger:
    return Ledger(tmp_path / "deep" / "ledger")


def test_an_entry_comes_back_whatever_the_picture_is_called(ledger):
    keys = ["a", "細胞" * 100, "caf\udce9", "[x]*?"]
    for number, key in enumerate(keys):
        assert ledger.load(key) is None
        ledger.save(key, {"number": number, "about": {"names": ["猫", "caf\udce9"]}})
    for number, key in enumerate(keys):
        assert ledger.load(key) == {"number": number, "about": {"names": ["猫", "caf%E9"]}}
    assert ledger.others(keys) == []
    assert ledger.others(keys[1:]) == ["a"]


@pytest.mark.parametrize(
    "content", [b"", b'{"number": 1', b"[1]", b"3", b"\xff\xfe", b"[" * 100_000, b'{"a": ' * 100_000]
)
def test_what_is_no_entry_is_none(ledger, content):
    ledger.save("a", {"number": 1})
    (ledger.folder / "a.json").write_bytes(content)
    assert ledger.load("a") is None


def test_what_was_begun_is_unfinished_until_it_ends(ledger):
    ledger.begin("a")
    assert ledger.names() == {"a"}
    assert ledger.others([]) == []
    ledger.save("a", {})
    assert ledger.load("a") is None
    ledger.end("a")
    assert ledger.load("a") == {}
    ledger.end("a")
    assert not ledger.is_begun("a")


def test_what_a_killed_write_has_left_is_cleared_up(ledger):
    ledger.save("[a]", {})
    for name in (".[a].json.0123abcd.part", ".a.json.0123abcd.part", ".[a].json.notes.part"):
        (ledger.folder / name).touch()
    ledger.clear_up("[a]")
    assert {path.name for path in ledger.folder.iterdir()} == {
        "[a].json",
        ".a.json.0123abcd.part",
        ".[a].json.notes.part",
    }


def test_what_is_forgotten_is_gone_and_no_more(ledger):
    for key in "abc":
        ledger.save(key, {})
    ledger.forget(ledger.others(["a", "x"]))
    assert ledger.names() == {"a"}
    Ledger(ledger.folder / "none").forget(["a"])


def test_a_folder_that_can_t_be_made_is_an_error_of_ours(ledger):
    ledger.folder.parent.mkdir()
    ledger.folder.write_text("a file")
    for write in (ledger.prepare, lambda: ledger.begin("a"), lambda: ledger.save("a", {})):
        with pytest.raises(OutputError, match="is a file"):
            write()
    assert ledger.load("a") is None
    assert ledger.names() == set()


def test_digests_tell_contents_apart(tmp_path):
    for name, content in (("a", b"ab"), ("b", b"c"), ("c", b"abc")):
        (tmp_path / name).write_bytes(content)
    both = digest_of_files([tmp_path / "a", tmp_path / "b"])
    assert both == hashlib.sha256(b"abc").hexdigest()[:16] == digest_of_files([tmp_path / "c"])
    assert both != digest_of_files([tmp_path / "b", tmp_path / "a"])
    with pytest.raises(FileNotFoundError):
        digest_of_files([tmp_path / "d"])
    assert len({digest_of("a", 1), digest_of("a1"), digest_of(("a",), 1), digest_of("a", None)}) == 4
