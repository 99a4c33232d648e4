"""``napari-ovseg evaluate`` from the outside: exit codes and what it says."""

from __future__ import annotations

import json
import sys

import pytest

from napari_ovseg import cli
from napari_ovseg.models.clip.registry import DEMO_FOLDER

from . import archives

pytestmark = pytest.mark.skipif(
    not (DEMO_FOLDER / "demo.safetensors").exists(), reason="the bundled model is not there"
)


def run(monkeypatch, *arguments) -> int:
    monkeypatch.setattr(sys, "argv", ["napari-ovseg", "evaluate", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return stopped.value.code or 0


@pytest.fixture
def archive(tmp_path):
    return archives.voc(tmp_path / "archive", {"a": (0, 1), "b": (0, 2)})


def test_figures_and_files_are_named(archive, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    options = ["voc21", archive, "--model", "demo", "--preset", "fast", "--limit", 1]
    assert run(monkeypatch, *options) == 0
    said = capsys.readouterr()
    for figure in ("pooled mIoU", "mean mIoU of pictures", "pixel accuracy", "boundary IoU"):
        assert figure in said.out
    assert "1 of 2 pictures" in said.out
    assert "never saw these words" in said.err
    folder = tmp_path / "evaluation/voc21-val-known-labels-plain-demo-fast"
    for name in ("report.json", "report.md", "contact_sheet.png", "settings.json"):
        assert (folder / name).is_file()
    assert str(folder.relative_to(tmp_path) / "report.md") in said.out
    # other names go elsewhere by themselves
    assert run(monkeypatch, *options, "--names", "curated", "--protocol", "vocabulary") == 0
    other = tmp_path / "evaluation/voc21-val-vocabulary-curated-demo-fast/report.json"
    assert json.loads(other.read_text())["settings"]["naming"] == "curated"
    assert run(monkeypatch, *options, "--pack", "natural-scene") == 0
    packed = tmp_path / "evaluation/voc21-val-known-labels-plain-demo-natural-scene-fast/report.json"
    assert json.loads(packed.read_text())["settings"]["pack"] == "natural scene"


def test_a_size_is_one_of_the_settings(archive, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    options = ["voc21", archive, "--model", "demo", "--preset", "fast", "--limit", 1]
    assert run(monkeypatch, *options, "--size", "cat 40, dog 60") == 0
    (folder,) = (tmp_path / "evaluation").iterdir()
    assert folder.name == "voc21-val-known-labels-plain-demo-size-cat-40-px-dog-60-px-fast"
    assert json.loads((folder / "report.json").read_text())["settings"]["size"] == "cat 40 px, dog 60 px"
    for wrong, said in (("nuclei 4", "'nuclei', which is not among"), ("3 um", "how large a pixel is")):
        assert run(monkeypatch, *options, "--size", wrong) == 2
        assert said in " ".join(capsys.readouterr().err.split())


def test_a_pack_that_is_not_there_is_refused(archive, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, "voc21", archive, "--model", "demo", "--pack", "kitchen") == 2
    assert "guess, none, natural scene, microscopy" in capsys.readouterr().err
    assert not (tmp_path / "evaluation").exists()


@pytest.mark.parametrize("broken", ["split", "mask", "size", "class", "picture"])
def test_bad_input_ends_with_code_1_and_a_path(archive, tmp_path, monkeypatch, capsys, broken):
    path = {
        "split": archive / "ImageSets/Segmentation/val.txt",
        "picture": archive / "JPEGImages/a.jpg",
    }.get(broken, archive / "SegmentationClass/a.png")
    if broken in ("split", "mask"):
        path.unlink()
    elif broken == "picture":
        path.write_bytes(b"no picture")
    else:
        archives.mask(
            path, 0, 99 if broken == "class" else 1, size=(9, 9) if broken == "size" else archives.SIZE
        )
    options = ["voc21", archive, "--model", "demo", "--preset", "fast", "--output", tmp_path / "out"]
    assert run(monkeypatch, *options) == 1
    said = capsys.readouterr()
    assert str(path) in said.err
    assert ("--skip-bad" in said.err) is (broken != "split")
    assert ("1 of 2 pictures" in said.out) is (broken != "split")
    assert run(monkeypatch, *options, "--skip-bad") == (1 if broken == "split" else 0)
    if broken != "split":
        said = capsys.readouterr()
        assert "1 of 2 pictures" in said.out
        assert "1 were skipped" in said.err
        assert str(path) in json.loads((tmp_path / "out/report.json").read_text())["skipped"]["a"]


def test_datasets_of_ones_own_go_into_folders_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("monday", "tuesday"):
        archives.picture(tmp_path / name / "images/one.jpg")
        archives.mask(tmp_path / name / "masks/one.png", 0, 1)
        archives.text(tmp_path / name / "classes.txt", "background", "circle")
        options = ["folder", tmp_path / name, "--model", "demo", "--preset", "fast", "--seed", 1]
        assert run(monkeypatch, *options) == 0
        assert (
            tmp_path / f"evaluation/folder-{name}-all-known-labels-plain-demo-fast-seed-1/report.md"
        ).is_file()


def test_a_run_that_is_stopped_says_how_to_go_on(archive, tmp_path, monkeypatch, capsys):
    def stopped(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("napari_ovseg.evaluation.run.evaluate", stopped)
    assert run(monkeypatch, "voc21", archive, "--model", "demo", "--output", tmp_path / "out") == 130
    assert "Stopped. The same command goes on where it was." in capsys.readouterr().err


def test_a_dataset_of_which_nothing_is_left_ends_with_code_1(archive, tmp_path, monkeypatch, capsys):
    for path in (archive / "JPEGImages").iterdir():
        path.write_bytes(b"")
    options = ["voc21", archive, "--model", "demo", "--output", tmp_path / "out", "--skip-bad"]
    assert run(monkeypatch, *options) == 1
    assert "None of the 2 pictures" in capsys.readouterr().err


def test_other_settings_in_the_same_folder_are_a_mistake_of_the_command(
    archive, tmp_path, monkeypatch, capsys
):
    options = [
        "voc21",
        archive,
        "--model",
        "demo",
        "--preset",
        "fast",
        "--limit",
        1,
        "--output",
        tmp_path / "o",
    ]
    assert run(monkeypatch, *options) == 0
    assert run(monkeypatch, *options, "--seed", 3) == 2
    assert "seed was 0, is 3" in capsys.readouterr().err
