"""A sidecar that others write too, and disks that are full or read-only."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
from filelock import FileLock

from napari_ovseg.annotation import lock
from napari_ovseg.annotation.sidecar import Sidecar, load, save
from napari_ovseg.errors import ConflictError, IncompleteError, InputError, OutputError

from .annotations import assert_same, content, small


def test_a_state_that_somebody_else_saved_is_not_replaced(tmp_path):
    mine, theirs = Sidecar(tmp_path / "a.ovseg"), Sidecar(tmp_path / "a.ovseg")
    mine.save(small(1))
    with pytest.raises(ConflictError, match="other work"):
        theirs.save(small(2))
    theirs.load()
    theirs.save(small(2))
    before = content(mine.folder)
    with pytest.raises(ConflictError, match="not overwritten"):
        mine.save(small(3))
    assert content(mine.folder) == before
    mine.save(small(3), overwrite=True)
    assert load(mine.folder).labels[0].name == "state 3"
    with pytest.raises(ConflictError):
        theirs.save(small(4))


def test_changed_is_not_believed_of_a_state_that_was_not_seen(tmp_path):
    folder = tmp_path / "a.ovseg"
    save(small(1, slices=2), folder)
    with pytest.raises(IncompleteError):
        Sidecar(folder).save(small(2, slices=2), changed=set(), overwrite=True)
    assert_same(load(folder), small(1, slices=2))


def test_a_folder_that_was_deleted_is_made_again(tmp_path):
    mine = Sidecar(tmp_path / "a.ovseg")
    mine.save(small(1, slices=2))
    for path in mine.folder.iterdir():
        path.unlink()
    mine.folder.rmdir()
    with pytest.raises(IncompleteError):
        mine.save(small(2, slices=2), changed={(0,)})
    mine.save(small(2, slices=2))
    assert_same(load(mine.folder), small(2, slices=2))


def test_a_save_waits_for_another_and_gives_up_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "_SECONDS", 0.2)
    mine = Sidecar(tmp_path / "a.ovseg")
    mine.save(small())
    code = textwrap.dedent(
        """
        import sys, filelock
        lock = filelock.FileLock(sys.argv[1]); lock.acquire(); print("held", flush=True); sys.stdin.read()
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, mine.folder / ".lock"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        other.stdout.readline()
        with pytest.raises(OutputError, match="Another program"):
            mine.save(small(1))
        # A program that was killed holds nothing.
        other.kill()
        other.wait()
        mine.save(small(1))
    assert load(mine.folder).labels[0].name == "state 1"


def test_many_threads_never_mix_their_states(tmp_path):
    folder, refused, saved, said = tmp_path / "a.ovseg", [], [], []

    def work(number):
        mine = Sidecar(folder)
        for turn in range(12):
            try:
                if turn % 2:
                    mine.load()
                mine.save(small(number * 20 + turn, slices=3))
                saved.append(number)
            except ConflictError:
                refused.append(number)
            except InputError as error:
                said.append(str(error))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert saved
    assert refused
    assert all("holds no annotation" in sentence for sentence in said)
    found = load(folder)
    assert_same(found, small(int(found.labels[0].name.split()[1]), slices=3))


def test_a_load_beside_saves_gets_one_state(tmp_path):
    mine, stop = Sidecar(tmp_path / "a.ovseg"), threading.Event()
    mine.save(small(0, slices=3))

    def save_on():
        number = 0
        while not stop.is_set():
            number += 1
            mine.save(small(number, slices=3))

    thread = threading.Thread(target=save_on)
    thread.start()
    try:
        for _ in range(30):
            found = load(mine.folder)
            assert_same(found, small(int(found.labels[0].name.split()[1]), slices=3))
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("survives", range(7))
def test_no_room_leaves_the_last_state(tmp_path, monkeypatch, survives):
    mine = Sidecar(tmp_path / "a.ovseg")
    mine.save(small(1, slices=3))
    before, syncs, fsync = content(mine.folder), [], os.fsync

    def failing(handle):
        syncs.append(handle)
        if len(syncs) > survives and not os.path.isdir(f"/proc/self/fd/{handle}"):
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", failing)
    # Three slices, annotation.json, and the folder's names twice.
    if survives < 5:
        with pytest.raises(OutputError, match="no room"):
            mine.save(small(2, slices=3))
        assert content(mine.folder) == before
    monkeypatch.undo()
    mine.save(small(2, slices=3))
    assert_same(load(mine.folder), small(2, slices=3))
    assert len(content(mine.folder)) == 4


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_folder_that_cant_be_written(tmp_path):
    in_the_way = tmp_path / "a.ovseg"
    in_the_way.write_text("a file")
    with pytest.raises(OutputError, match="not a folder"):
        save(small(), in_the_way)
    assert in_the_way.read_text() == "a file"


def test_a_read_only_folder(tmp_path, monkeypatch):
    mine = Sidecar(tmp_path / "a.ovseg")
    mine.save(small(1))
    before = content(mine.folder)

    # As root no folder is read-only; this is what the system says to others.
    def refuse(*args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(FileLock, "acquire", refuse)
    with pytest.raises(OutputError, match="permission denied"):
        mine.save(small(2))
    assert content(mine.folder) == before
