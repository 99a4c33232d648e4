"""The real command, killed in the middle of a run: gone on with, all is as if nothing had happened."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

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
def whole(pictures) -> Path:
    """Where an unbroken run has done them."""
    done = start(pictures, "whole")
    said, _ = done.communicate(timeout=200)
    assert done.returncode == 0, said
    return pictures.parent / "whole"


def start(pictures: Path, output: str, *options: str) -> subprocess.Popen[str]:
    code = "from napari_ovseg.cli import main; main()"
    asked = ["segment", "pics", "--labels", "rod, debris", "--preset", "fast", "--model", "demo"]
    return subprocess.Popen(
        [sys.executable, "-c", code, *asked, "--output", output, *options],
        cwd=pictures.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def end_after(process: subprocess.Popen[str], output: Path, count: int, by: signal.Signals) -> str:
    """End a run once the ledger has so many pictures; return what it said."""
    until = time.monotonic() + 200
    while len(list(output.glob(".segmented/*.json"))) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)
    process.send_signal(by)
    return process.communicate(timeout=60)[0]


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
def test_killed_and_gone_on_with_it_is_the_same_as_unbroken(pictures, whole):
    output = pictures.parent / "killed"
    end_after(start(pictures, output.name), output, 4, signal.SIGKILL)
    before = contents(output)
    done = [name for name in before if name.startswith(".segmented/") and name.endswith(".json")]
    assert 4 <= len(done) < COUNT
    assert "categories.json" not in before

    # by the system, which is as by Ctrl+C
    process = start(pictures, output.name, "--resume")
    said = end_after(process, output, len(done) + 2, signal.SIGTERM)
    assert process.returncode not in (0, -signal.SIGTERM)
    listed = [entry["masks"] for entry in json.loads((output / "categories.json").read_bytes())["images"]]
    assert len(done) + 2 <= len(listed) < COUNT
    assert f"{len(listed)} of {COUNT} pictures are done. The same command with --resume" in said
    assert "Traceback" not in said
    assert sorted(path.name for path in output.glob("*_masks.png")) == listed
    assert not list(output.rglob("*.part"))

    process = start(pictures, output.name, "--resume")
    said, _ = process.communicate(timeout=200)
    assert process.returncode == 0, said
    assert f"{len(listed)} of {COUNT} pictures were done before" in said
    assert said.count("_overlay.png\n") == COUNT - len(listed)
    assert contents(output) == contents(whole)
