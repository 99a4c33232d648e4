from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from napari_ovseg.errors import OutputError
from napari_ovseg.export import prepare_folder, write_atomically


def only(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EIO])
def test_a_failed_write_leaves_what_was_there(tmp_path, code):
    path = tmp_path / "masks.png"
    path.write_bytes(b"before")

    def fail(file):
        file.write(b"half of")
        raise OSError(code, os.strerror(code))

    advice = "no room.*free some" if code in (errno.ENOSPC, errno.EDQUOT) else "choose another folder"
    with pytest.raises(OutputError, match=advice) as caught:
        write_atomically(path, fail)
    assert str(path) in str(caught.value)
    assert only(tmp_path) == {"masks.png": b"before"}


def test_stopping_in_the_middle_leaves_nothing(tmp_path):
    def stop(file):
        file.write(b"half of")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "masks.png", stop)
    assert only(tmp_path) == {}


def test_no_room_at_the_last_moment(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="no room"):
        write_atomically(tmp_path / "a", lambda file: file.write(b"x"))
    assert only(tmp_path) == {}


def test_a_complete_file_replaces_the_old_one(tmp_path):
    (tmp_path / "a").write_bytes(b"before")
    write_atomically(tmp_path / "a", lambda file: file.write(b"after"))
    assert only(tmp_path) == {"a": b"after"}


def test_new_files_get_the_usual_permissions(tmp_path):
    (tmp_path / "usual").touch()
    write_atomically(tmp_path / "ours", lambda file: file.write(b"x"))
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_folders_are_made_and_files_in_their_place_are_named(tmp_path):
    assert prepare_folder(tmp_path / "a" / "b").is_dir()
    assert only(tmp_path / "a" / "b") == {}
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="is a file, not a folder"):
        prepare_folder(tmp_path / "file")
    with pytest.raises(OutputError, match="can't be written"):
        prepare_folder(tmp_path / "file" / "below")


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    def refuse(self, *args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(OutputError, match=r"permission denied.*change its permissions"):
        prepare_folder(tmp_path)
