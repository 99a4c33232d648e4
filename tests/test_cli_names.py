"""The real command in a fresh folder: names as people have them, on terminals as they are."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_ovseg import cli
from napari_ovseg.categories import parse_categories
from napari_ovseg.demo.scenes import sample_scene
from napari_ovseg.export import write_categories, write_labels
from napari_ovseg.models.clip import registry

NOT_UTF8 = os.fsdecode(b"caf\xe9.png")
LONG = "細胞" * 40 + ".png"
BUNDLED = (registry.DEMO_FOLDER / "demo.safetensors").exists()

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux alone")


def command(folder: Path, *arguments: object, **environment: str) -> subprocess.CompletedProcess[bytes]:
    code = "from napari_ovseg.cli import main; main()"
    call = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(call, cwd=folder, capture_output=True, env=os.environ | environment, check=False)


def run(monkeypatch, *arguments) -> int:
    monkeypatch.setattr(sys, "argv", ["napari-ovseg", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return stopped.value.code or 0


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        Image.fromarray(sample_scene(3)[0][:64, :64]).save(file, format="PNG")
    return path


def masks(folder: Path, images: dict[str, Path]) -> Path:
    """A folder as segment leaves it."""
    folder.mkdir(parents=True)
    labels = np.zeros((64, 64), np.uint8)
    labels[5:20, 5:20] = 1
    entries = []
    for stem, path in images.items():
        write_labels(folder / f"{stem}_masks.png", labels, 1)
        entries.append({"image": os.path.relpath(path, folder), "masks": f"{stem}_masks.png"})
    write_categories(folder / "categories.json", parse_categories("rod"), images=entries)
    return folder


@pytest.mark.skipif(not BUNDLED, reason="the bundled model is not here")
def test_segment_says_and_writes_names_of_any_kind(tmp_path):
    for name in (NOT_UTF8, LONG, "store/3f2a"):
        picture(tmp_path / "pics" / name)
    (tmp_path / "pics/cells.png").symlink_to("store/3f2a")
    (tmp_path / "pics/broken.png").write_bytes(b"nothing")
    options = ["--labels", "rod, debris", "--output", "../m", "--preset", "fast", "--model", "demo"]
    done = command(tmp_path / "pics", "segment", ".", *options, PYTHONIOENCODING="utf-8:strict", LC_ALL="C")
    said = done.stdout.decode() + done.stderr.decode()
    assert done.returncode == 1, said
    assert "Traceback" not in said
    assert "1 of 4 pictures could not be segmented" in said
    assert "caf%E9_overlay.png" in said
    content = json.loads((tmp_path / "m/categories.json").read_bytes().decode("utf-8"))
    assert {entry["image"] for entry in content["images"]} == {
        "../pics/caf%E9.png",
        f"../pics/{LONG}",
        "../pics/cells.png",
        "../pics/broken.png",
    }
    for path in os.listdir(os.fsencode(tmp_path / "m")):
        path.decode("utf-8")


def test_export_from_inside_a_third_folder_and_after_a_move_finds_the_pictures(tmp_path, monkeypatch, capsys):
    folder = masks(tmp_path / "p/m", {"a": picture(tmp_path / "p/pics/a.png")})
    before = capsys.readouterr()
    for number, (where, source, out) in enumerate(
        [("p/m", ".", "../out"), ("p/pics", "../m", "../../out2"), ("", "p/m", "third/out")]
    ):
        monkeypatch.chdir(tmp_path / where)
        assert run(monkeypatch, "export", source, "--format", "labelme", "--output", out) == 0
        written = json.loads(Path(out, "a.json").read_text(encoding="utf-8"))["imagePath"]
        assert (Path(out) / written).samefile(tmp_path / "p/pics/a.png"), number
        assert written.startswith("../")
    assert before.err == ""
    monkeypatch.chdir(tmp_path)
    shutil.move(tmp_path / "p", tmp_path / "q")
    assert run(monkeypatch, "export", "q/m", "--format", "yolo", "--output", "yolo") == 0
    assert (tmp_path / "yolo/images/train/a.png").is_file()
    assert folder.name == "m"


def test_one_damaged_source_does_not_end_an_export_and_is_told(tmp_path, monkeypatch, capsys):
    good = masks(tmp_path / "m", {name: picture(tmp_path / f"{name}.png") for name in ("a", "b")})
    (good / "b_masks.png").write_bytes(b"nothing")
    (tmp_path / "broken.npz").write_bytes(b"nothing")
    sources = [good, tmp_path / "broken.npz", tmp_path / "missing", tmp_path / ("x" * 300)]
    out = tmp_path / "out"
    assert run(monkeypatch, "export", *sources, "--format", "png", "--output", out) == 1
    said = capsys.readouterr()
    assert "for 1 picture " in said.out
    assert "4 of what was named could not be read" in said.err
    for name in ("b_masks.png", "broken.npz", "missing", "xxx"):
        assert name in said.err
    assert (out / "a_masks.png").is_file()
    assert run(monkeypatch, "export", *sources[1:], "--format", "png", "--output", tmp_path / "no") == 2
    assert not (tmp_path / "no").exists()


def test_masks_of_two_folders_are_exported_together(tmp_path, monkeypatch, capsys):
    days = [masks(tmp_path / day / "m", {"a": picture(tmp_path / day / "a.png")}) for day in ("d1", "d2")]
    out = tmp_path / "out"
    assert run(monkeypatch, "export", *days, "--format", "coco", "--output", out) == 0
    said = capsys.readouterr().out
    assert f"'d1_a' is {tmp_path / 'd1/a.png'}" in said
    images = json.loads((out / "instances.json").read_text(encoding="utf-8"))["images"]
    assert [image["file_name"] for image in images] == ["d1/a.png", "d2/a.png"]
