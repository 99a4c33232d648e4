"""The real command, killed in the middle of a run: gone on with, all is as if nothing had happened."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forks import Forks
from napari_ovseg.demo.scenes import sample_scene
from napari_ovseg.models.clip.registry import DEMO_FOLDER

COUNT = 12

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="no signals there"),
    pytest.mark.skipif(not (DEMO_FOLDER / "demo.safetensors").exists(), reason="no bundled model"),
]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    """A folder of small pictures that differ; in most there is nothing, which is found out soonest."""
    folder = tmp_path_factory.mktemp("many") / "pics"
    folder.mkdir()
    for number in range(COUNT):
        pixels = np.random.default_rng(number).integers(0, 256, (64, 64, 3), np.uint8)
        if number % 4 == 0:
            pixels = sample_scene(number)[0][64:128, 64:128]
        Image.fromarray(pixels).save(folder / f"{number:02}.png")
    return folder


@pytest.fixture(scope="module")
def commands() -> Iterator[Forks]:
    with Forks(Path(__file__).with_name("forked_command.py")) as forks:
        yield forks


@pytest.fixture(scope="module")
def whole(pictures, commands) -> Path:
    """Where an unbroken run has done them."""
    start(commands, pictures, "whole")
    assert commands.ended() == 0, said(pictures, "whole")
    return pictures.parent / "whole"


def start(commands: Forks, pictures: Path, output: str, *options: str) -> int:
    """Start the command, which writes to a file beside the output; its process."""
    asked = ["segment", "pics", "--labels", "rod, debris", "--preset", "fast", "--model", "demo"]
    here, out = pictures.parent, f"{output}.txt"
    (here / out).write_bytes(b"")
    return commands.start(json.dumps([str(here), [*asked, "--output", output, *options], str(here / out)]))


def said(pictures: Path, output: str) -> str:
    return (pictures.parent / f"{output}.txt").read_text(encoding="utf-8")


def end_after(run: int, output: Path, count: int, by: signal.Signals) -> None:
    """End a run once the ledger has so many pictures."""
    until = time.monotonic() + 200
    while len(list(output.glob(".segmented/*.json"))) < count:
        # an error where it has ended by itself
        os.kill(run, 0)
        assert time.monotonic() < until
        time.sleep(0.01)
    os.kill(run, by)


def contents(folder: Path) -> dict[str, object]:
    """Every file byte for byte; of JSON all but how long each stage took."""
    found: dict[str, object] = {}
    for path in folder.rglob("*"):
        if path.suffix == ".json":
            text = json.dumps(json.loads(path.read_bytes(), object_hook=without_seconds))
            found[path.relative_to(folder).as_posix()] = text
        elif path.is_file():
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def without_seconds(one: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in one.items() if key != "seconds"}


@pytest.mark.timeout(600)
def test_killed_and_gone_on_with_it_is_the_same_as_unbroken(pictures, commands, whole):
    output = pictures.parent / "killed"
    end_after(start(commands, pictures, output.name), output, 4, signal.SIGKILL)
    assert commands.ended() == -signal.SIGKILL
    before = contents(output)
    done = [name for name in before if name.startswith(".segmented/") and name.endswith(".json")]
    assert 4 <= len(done) < COUNT
    assert "categories.json" not in before

    # by the system, which is as by Ctrl+C
    run = start(commands, pictures, output.name, "--resume")
    end_after(run, output, len(done) + 2, signal.SIGTERM)
    assert commands.ended() not in (0, -signal.SIGTERM)
    told = said(pictures, output.name)
    listed = [entry["masks"] for entry in json.loads((output / "categories.json").read_bytes())["images"]]
    assert len(done) + 2 <= len(listed) < COUNT
    assert f"{len(listed)} of {COUNT} pictures are done. The same command with --resume" in told
    assert "Traceback" not in told
    assert sorted(path.name for path in output.glob("*_masks.png")) == listed
    assert not list(output.rglob("*.part"))

    start(commands, pictures, output.name, "--resume")
    assert commands.ended() == 0, said(pictures, output.name)
    told = said(pictures, output.name)
    assert f"{len(listed)} of {COUNT} pictures were done before" in told
    assert told.count("_overlay.png\n") == COUNT - len(listed)
    assert contents(output) == contents(whole)
