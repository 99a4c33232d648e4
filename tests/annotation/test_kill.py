"""Killed at any moment, what comes back is the last saved state, whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from napari_ovseg.annotation.last_save import is_sidecar
from napari_ovseg.annotation.sidecar import DOCUMENT, Sidecar, load

from .saver import state

SAVER = Path(__file__).with_name("saver.py")


def killed_after(process: subprocess.Popen, saves: int, share: float) -> int | None:
    """Let a saver save so often and a share of the next time, kill it, and return the last number saved."""
    process.stdin.write("go\n")
    process.stdin.flush()
    child, announced, seconds = None, None, 0.01
    started = time.perf_counter()
    while child is None or saves > 0:
        line = process.stdout.readline()
        if line.startswith("pid"):
            child = int(line.split()[1])
        else:
            announced, saves, seconds = int(line), saves - 1, time.perf_counter() - started
            started = time.perf_counter()
    time.sleep(share * seconds)
    os.kill(child, signal.SIGKILL)
    for line in process.stdout:
        if line == "dead\n":
            return announced
        announced = int(line)
    raise AssertionError("the saver died by itself")


def assert_whole(folder: Path, number: int) -> None:
    found, expected = load(folder), state(number)
    assert found.labels == expected.labels
    for position, content in expected.slices.items():
        np.testing.assert_array_equal(found.slices[position].masks, content.masks)
        np.testing.assert_array_equal(found.slices[position].human, content.human)
        assert found.slices[position].record == content.record


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_hundred_kills(tmp_path):
    folder, chance = tmp_path / "cells.tif.ovseg", random.Random(0)
    known, interrupted = -1, 0
    with subprocess.Popen(
        [sys.executable, SAVER, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        for _ in range(100):
            announced = killed_after(process, chance.randrange(4), chance.random())
            known = max(known, -1 if announced is None else announced)
            if is_sidecar(folder):
                number = load(folder).settings["number"]
                assert known <= number <= known + 1
                assert_whole(folder, number)
                named = {path.name for path in folder.iterdir()} - {".lock", DOCUMENT}
                interrupted += len(named) > 3
                known = number
            else:
                assert known == -1
        process.stdin.close()
    assert known >= 100
    assert interrupted > 10, "no kill came in the middle of a save"
    # The next save clears away what killed ones have left.
    sidecar = Sidecar(folder)
    sidecar.save(sidecar.load())
    assert len(list(folder.iterdir())) == 3 + len({".lock", DOCUMENT})
