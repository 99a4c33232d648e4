"""Kill napari while a person paints and exports: ``.ci/with_display python benchmarks/never_lose.py``.

A real window with the panel and real mouse events on its canvas: each stroke fills the next of 4096 cells,
so that what is saved can be counted. Every other second all that is saved is exported. At a random moment
the process gets SIGKILL; the next one opens the picture again and resumes. After each kill the saved work
must hold every stroke up to one and none after it, exported files must be whole, and what is missing must
be younger than 5 seconds. With ``--trouble`` something else goes on besides: the picture is run again every
3 seconds, another picture is turned to and back, or the disk is full for 3 of every 9 seconds; what counts
then is the longest time without a break in which the disk worked. Needs Linux or macOS (fork).
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image

from napari_ovseg.annotation.last_save import is_sidecar
from napari_ovseg.annotation.sidecar import load
from tireless import CELL, PER_ROW, SIDE, TROUBLES, start_workers

MOST_SECONDS = 5.0


def main(
    kills: Annotated[int, typer.Option(help="How often to kill.")] = 100,
    seed: Annotated[int, typer.Option(help="Another seed kills at other moments.")] = 0,
    trouble: Annotated[str, typer.Option(help=f"What goes on besides: {', '.join(TROUBLES)}.")] = "none",
    nursery: Annotated[str, typer.Option(hidden=True)] = "",
) -> None:
    """Print what was missing after each kill, and the most."""
    if trouble not in TROUBLES:
        raise typer.BadParameter(f"choose one of {', '.join(TROUBLES)}")
    if nursery:
        start_workers(Path(nursery), trouble)
        return
    chance, missing = random.Random(seed), []
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "scene.png"
        for number, path in enumerate((picture, picture.with_name("other.png"))):
            noise = np.random.default_rng(number).integers(0, 255, (SIDE, SIDE, 3), np.uint8)
            Image.fromarray(noise).save(path)
        command = [sys.executable, __file__, "--nursery", folder, "--trouble", trouble]
        environment = {**os.environ, "XDG_DATA_HOME": folder, "XDG_CONFIG_HOME": folder}
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        ) as process:
            saved = 0
            for number in range(kills):
                # Most kills come while painting, some while the window opens or resumes.
                painting = chance.random() < 0.9
                seconds = chance.uniform(0, 12 if painting else 4)
                finished, disk, killed = _killed(process, painting, seconds)
                before, saved = saved, _strokes_saved(picture)
                assert saved >= before, f"{before - saved} strokes that were saved are gone"
                times = [when for stroke, when in finished if stroke >= saved]
                missing.append(_working_seconds(times[0], killed, disk) if times else 0.0)
                whole = _check_exports(Path(folder))
                print(
                    f"{number + 1}: {len(finished)} strokes in this window, {saved} saved in all, "
                    f"{len(times)} missing, the oldest of {missing[-1]:.1f} s before; {whole} whole exports",
                    flush=True,
                )
            assert process.stdin is not None
            process.stdin.close()
    print(
        f"{kills} kills: at most {max(missing):.1f} s were missing, {np.median(missing):.1f} s in the middle."
    )
    sys.exit(max(missing) > MOST_SECONDS)


def _killed(
    process: subprocess.Popen[str], painting: bool, seconds: float
) -> tuple[list[tuple[int, float]], list[float], float]:
    """Start a window and kill it; its strokes with times, when the disk filled or was freed, the kill."""
    stdin, stdout = process.stdin, process.stdout
    assert stdin is not None
    assert stdout is not None
    stdin.write("go\n")
    stdin.flush()
    child = int(stdout.readline().split()[1])
    if painting:
        line = stdout.readline()
        assert line == "ready\n", line
    killed = 0.0

    def kill() -> None:
        nonlocal killed
        killed = time.monotonic()
        os.kill(child, signal.SIGKILL)

    timer = threading.Timer(seconds, kill)
    timer.start()
    strokes: list[tuple[int, float]] = []
    disk: list[float] = []
    for line in stdout:
        if line == "dead\n":
            timer.join()
            return strokes, disk, killed
        if line.startswith("disk"):
            disk.append(float(line.split()[1]))
        elif line != "ready\n":
            stroke, when = line.split()
            strokes.append((int(stroke), float(when)))
    raise AssertionError("the nursery ended")


def _working_seconds(since: float, until: float, disk: list[float]) -> float:
    """Return the longest time without a break in which the disk worked and a stroke was not saved."""
    edges = [since, *(min(max(when, since), until) for when in disk), until]
    return max(end - start for start, end in zip(edges[::2], [*edges[1::2], until], strict=False))


def _strokes_saved(picture: Path) -> int:
    """How many cells hold a stroke; they must be the first ones, and all else as it was."""
    folder = picture.with_name(picture.name + ".ovseg")
    if not is_sidecar(folder):
        return 0
    (content,) = load(folder).slices.values()
    painted = content.human != 255
    assert (content.masks[painted] == content.human[painted]).all(), "human pixels and masks differ"
    cells = painted.reshape(PER_ROW, CELL, PER_ROW, CELL).any((1, 3)).ravel()
    count = int(cells.sum())
    assert cells[:count].all(), "a stroke is missing that is older than one that was saved"
    return count


def _check_exports(folder: Path) -> int:
    """Every file that has its final name must be whole."""
    files = [path for path in folder.glob("export-*/**/*") if path.is_file() and path.suffix != ".part"]
    for path in files:
        if path.suffix == ".json":
            json.loads(path.read_text())
        elif path.suffix == ".png":
            with Image.open(path) as image:
                assert np.asarray(image).shape[:2] == (SIDE, SIDE)
    return len(files)


if __name__ == "__main__":
    typer.run(main)
