from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from napari_ovseg.atomic import _set_aside, recover_folder, write_folder_atomically
from napari_ovseg.errors import OutputError
from napari_ovseg.export import prepare_folder, write_atomically
from napari_ovseg.export.dataset import _refuse_others
from napari_ovseg.export.plan import Planned


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


def fill(folder, content):
    (folder / "0").mkdir(parents=True)
    (folder / "0" / "chunk").write_bytes(content)


_KILLED = """
import os, sys
from pathlib import Path
from napari_ovseg import atomic

path, exchange, moment = Path(sys.argv[1]), sys.argv[2] == "True", int(sys.argv[3])
if not exchange:
    atomic._exchange = lambda one, other: False
steps = []

def counted(act):
    def step(*arguments, **options):
        steps.append(act)
        if len(steps) == moment:
            os._exit(9)
        return act(*arguments, **options)
    return step

Path.replace, atomic._exchange, atomic.shutil.rmtree = map(
    counted, (Path.replace, atomic._exchange, atomic.shutil.rmtree)
)

def fill(folder):
    (folder / "0").mkdir(parents=True)
    (folder / "0" / "chunk").write_bytes(b"after")

atomic.write_folder_atomically(path, fill)
"""


@pytest.mark.parametrize("exchange", [True, False])
@pytest.mark.parametrize("moment", range(1, 8))
def test_a_folder_is_the_old_or_the_new_one_whenever_it_is_killed(tmp_path, exchange, moment):
    path = tmp_path / "masks.ome.zarr"
    fill(path, b"before")
    code = subprocess.run([sys.executable, "-c", _KILLED, path, str(exchange), str(moment)], check=False)
    assert code.returncode in (0, 9)
    if exchange and sys.platform == "linux":
        # whoever reads it knows nothing of recovering
        assert path.is_dir()
    recover_folder(path)
    assert (path / "0" / "chunk").read_bytes() in (b"before", b"after")
    write_folder_atomically(path, lambda folder: fill(folder, b"later"))
    assert (path / "0" / "chunk").read_bytes() == b"later"
    assert not [one.name for one in tmp_path.iterdir() if one.name.endswith(".old")]


def test_a_folder_whose_old_one_waits_to_be_recovered_counts_as_there(tmp_path):
    path = tmp_path / "a_masks.ome.zarr"
    fill(path, b"before")
    path.replace(_set_aside(path))
    with pytest.raises(OutputError, match="choose another name"):
        _refuse_others(path, tmp_path / "n.json", Planned("", print, is_folder=True), overwrite=True)
    assert (path / "0" / "chunk").read_bytes() == b"before"


def test_a_folder_that_fails_leaves_what_was_there(tmp_path):
    fill(tmp_path / "a", b"before")

    def fail(folder):
        fill(folder, b"half of")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OutputError, match="no room"):
        write_folder_atomically(tmp_path / "a", fail)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a" / "0" / "chunk").read_bytes() == b"before"


def test_files_of_a_folder_are_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    flushed, fsync = [], os.fsync

    def noted(handle):
        flushed.append((os.fstat(handle).st_ino, (tmp_path / "a").exists()))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    write_folder_atomically(tmp_path / "a", lambda folder: fill(folder, b"x"))
    assert ((tmp_path / "a" / "0" / "chunk").stat().st_ino, False) in flushed


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
