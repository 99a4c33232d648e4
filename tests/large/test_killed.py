"""Killed by the system at any moment and gone on with, a large picture ends byte for byte the same."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import zarr
from filelock import FileLock, Timeout

from forks import Forks
from napari_ovseg.errors import OutputError
from napari_ovseg.large.on_disk import MasksOnDisk
from napari_ovseg.models.clip.registry import DEMO_FOLDER

KILLS, TILES = 2, 9

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="no signals there"),
    pytest.mark.skipif(not (DEMO_FOLDER / "demo.safetensors").exists(), reason="no bundled model"),
]


@pytest.fixture
def runs() -> Iterator[Forks]:
    with Forks(Path(__file__).with_name("small_run.py")) as forks:
        yield forks


def tiles_of(target: Path) -> int:
    """How many tiles are in the ledger."""
    return len(list(target.with_name(target.name + ".unfinished").glob("tiles/*-*.json")))


def killed_after(runs: Forks, target: Path, tiles: int, seconds: float) -> None:
    """Let a run go on until so many tiles are done, and a little further, and kill it."""
    run, until = runs.start(str(target)), time.monotonic() + 200
    while tiles_of(target) < tiles:
        # an error where it has ended by itself
        os.kill(run, 0)
        assert time.monotonic() < until
        time.sleep(0.005)
    time.sleep(seconds)
    os.kill(run, signal.SIGKILL)
    assert runs.ended() == -signal.SIGKILL


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.timeout(900)
def test_killed_again_and_again_it_ends_the_same(tmp_path, runs):
    whole, target, chance = tmp_path / "whole.ome.zarr", tmp_path / "killed/whole.ome.zarr", random.Random(0)
    runs.start(str(whole))
    assert runs.ended() == 0
    target.parent.mkdir()
    done, interrupted = 0, 0
    for _ in range(KILLS):
        killed_after(runs, target, min(done + 1, TILES - 1), 0.2 * chance.random())
        # what is done is never done again
        assert tiles_of(target) >= done
        interrupted += tiles_of(target) > done
        done = tiles_of(target)
        assert not target.exists()
    assert interrupted
    runs.start(str(target))
    assert runs.ended() == 0
    assert files_in(target) == files_in(whole)
    assert os.listdir(target.parent) == [target.name]
    assert np.any(zarr.open_array(str(target / "labels/masks/0"), mode="r")[...])


def test_a_second_run_into_the_same_output_is_refused(tmp_path):
    target = tmp_path / "a.ome.zarr"
    one, other = MasksOnDisk(target, "one way"), MasksOnDisk(target, "one way")
    with one.begun((30, 40), 1, 16, resume=False, overwrite=False):
        for overwrite in (False, True):
            with (
                pytest.raises(OutputError, match="Another run is writing"),
                other.begun((30, 40), 1, 16, resume=True, overwrite=overwrite),
            ):
                raise AssertionError("let in")
        assert one.labels.shape == (30, 40)
    # it has ended before it was done: who goes on is let in
    with (
        other.begun((30, 40), 1, 16, resume=True, overwrite=False),
        pytest.raises(Timeout),
    ):
        FileLock(other.folder / ".lock", timeout=0).acquire()
    with pytest.raises(OutputError), other.begun((30, 40), 1, 16, resume=True, overwrite=False):
        raise OutputError("the disk is full")
    with one.begun((30, 40), 1, 16, resume=True, overwrite=False):
        pass
