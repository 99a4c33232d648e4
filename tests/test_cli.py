"""The command line from the outside: what it writes, what it says, and what it leaves alone."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_ovseg import cli
from napari_ovseg.categories import labels_dtype, void_id
from napari_ovseg.errors import ModelError
from napari_ovseg.models.card import ModelCard
from napari_ovseg.models.clip import registry
from napari_ovseg.models.photos.card import PHOTOS, PhotosCard

rng = np.random.default_rng(0)
BUNDLED = (registry.DEMO_FOLDER / "demo.safetensors").exists()


def run(monkeypatch, *arguments) -> int:
    monkeypatch.setattr(sys, "argv", ["napari-ovseg", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return stopped.value.code or 0


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "one.png", tmp_path / "two.jpg"]
    for path in paths:
        Image.fromarray(rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)).save(path)
    return paths


@pytest.fixture
def model(monkeypatch):
    """Stand in for the model and the method: the left half is the first category, the last one is absent."""
    asked = SimpleNamespace(loaded=[], segmented=[], sizes=[])
    card = ModelCard("stand-in", checkpoint="none", licence="MIT")

    def load_model(name, *, checkpoint=None, device="auto", progress=None):
        asked.loaded.append((name, checkpoint, device))
        progress("Loading", 1, 1)
        return SimpleNamespace(card=card, checkpoint_id="one", device="cpu")

    def segment(image, settings, *, model, progress):
        asked.sizes.append(settings.size)
        asked.segmented.append((settings.preset, settings.method, settings.pack, settings.seed))
        *found, absent = settings.sought
        masks = np.zeros(image.shape[:2], labels_dtype(len(found) + 1))
        masks[:, : masks.shape[1] // 2] = 1
        pseudo = masks.copy()
        pseudo[0] = void_id(len(found) + 1)
        for stage in ("Looking", "Training"):
            progress(stage, 0, 2)
            progress(stage, 2, 2)
        record = {
            "absent": [absent.name],
            "warnings": ["mind the gap"],
            "seed": settings.seed,
            "pack": settings.pack,
        }
        presence = np.linspace(1, 0.1, len(found) + 1)
        return SimpleNamespace(
            categories=(*found, absent), masks=masks, pseudo_labels=pseudo, presence=presence, record=record
        )

    monkeypatch.setattr("napari_ovseg.models.loading.load_model", load_model)
    monkeypatch.setattr("napari_ovseg.pipeline.segment", segment)
    return asked


def test_segment_writes_three_files_per_picture_and_one_map_of_names(
    tmp_path, pictures, model, monkeypatch, capsys
):
    out = tmp_path / "new" / "out"
    options = ["--labels", "cat, dog; background: grass", "--output", out]
    options += ["--model", "demo", "--preset", "fast", "--seed", 7, "--device", "cpu"]
    options += ["--method", "cam", "--pack", "Natural-Scene"]
    assert run(monkeypatch, "segment", *pictures, *options) == 0
    assert sorted(path.name for path in out.iterdir()) == [
        ".segmented",
        "categories.json",
        *(f"one_{kind}.png" for kind in ("masks", "overlay", "pseudo")),
        *(f"two_{kind}.png" for kind in ("masks", "overlay", "pseudo")),
    ]
    masks = Image.open(out / "one_masks.png")
    assert masks.mode == "P"
    assert masks.size == (30, 20)
    assert set(np.unique(np.asarray(masks))) == {0, 1}
    assert set(np.unique(np.asarray(Image.open(out / "one_pseudo.png")))) == {0, 1, 255}
    content = json.loads((out / "categories.json").read_text(encoding="utf-8"))
    assert [category["name"] for category in content["categories"]] == ["background", "cat", "dog"]
    assert content["settings"] == {"model": "stand-in", "preset": "fast", "seed": 7, "device": "cpu"}
    assert [image["masks"] for image in content["images"]] == ["one_masks.png", "two_masks.png"]
    assert content["images"][0]["presence"] == {"cat": 1.0, "dog": 0.1}
    assert content["images"][0]["share"] == {"cat": 0.5, "dog": 0.0}
    assert model.loaded == [("demo", None, "cpu")]
    assert model.segmented == [("fast", "cam", "natural scene", 7)] * 2
    said = capsys.readouterr()
    assert said.out.count("probably not in it, so not painted: dog") == 2
    assert said.out.count("background pack: natural scene") == 2
    assert said.err.count("Warning: mind the gap") == 1


def test_sharper_names_are_offered_not_applied(tmp_path, pictures, model, monkeypatch, capsys):
    arguments = ["segment", pictures[0], "--labels", "person, grass, dog: puppy", "--output", tmp_path / "o"]
    assert run(monkeypatch, *arguments) == 0
    written = '--labels "person: person with clothes, people, human; grass; dog: puppy"'
    assert written in capsys.readouterr().err
    content = json.loads((tmp_path / "o" / "categories.json").read_text(encoding="utf-8"))
    assert content["categories"][1]["synonyms"] == []
    assert run(monkeypatch, *arguments[:3], "nothing, special", "--output", tmp_path / "p") == 0
    assert "Hint" not in capsys.readouterr().err


def test_a_pack_that_is_not_there_is_refused_before_a_model_is_loaded(
    tmp_path, pictures, model, monkeypatch, capsys
):
    arguments = ["segment", pictures[0], "--labels", "a, b", "--output", tmp_path / "o", "--pack", "kitchen"]
    assert run(monkeypatch, *arguments) == 2
    assert "guess, none, natural scene, microscopy" in capsys.readouterr().err
    assert model.loaded == []


def test_the_size_of_things_is_asked_for(tmp_path, pictures, model, monkeypatch, capsys):
    out = ["--output", tmp_path / "out"]
    assert run(monkeypatch, "segment", pictures[0], "--labels", "cat, dog", "--size", "cat 40", *out) == 0
    assert model.sizes == ["cat 40 px"]
    model.loaded.clear()
    for wrong, said in (("40 kg", 'no unit "kg"'), ("bird 4", "'bird', which is not among the names")):
        assert run(monkeypatch, "segment", pictures[0], "--labels", "cat, dog", "--size", wrong, *out) == 2
        assert said in " ".join(capsys.readouterr().err.split())
    assert model.loaded == []


def test_past_254_names_the_masks_have_16_bits(tmp_path, pictures, model, monkeypatch):
    names = ",".join(f"n{i}" for i in range(255))
    assert run(monkeypatch, "segment", pictures[0], "--labels", names, "--output", tmp_path / "o") == 0
    pseudo = np.asarray(Image.open(tmp_path / "o" / "one_pseudo.png"))
    assert pseudo.max() == 65535


def test_a_local_checkpoint_is_passed_on(tmp_path, pictures, model, monkeypatch):
    weights = tmp_path / "w.safetensors"
    weights.touch()
    options = ["--labels", "a, b", "--output", tmp_path / "o", "--checkpoint", weights]
    assert run(monkeypatch, "segment", pictures[0], *options) == 2
    assert run(monkeypatch, "segment", pictures[0], *options, "--model", "ViT-B-16") == 0
    assert model.loaded == [("ViT-B-16", weights, "auto")]


@pytest.mark.parametrize("cached", [True, False])
def test_the_default_model_is_the_real_one_once_it_is_there(
    tmp_path, pictures, model, monkeypatch, capsys, cached
):
    monkeypatch.setattr("napari_ovseg.models.clip.download.is_cached", lambda spec: cached)
    run(monkeypatch, "segment", pictures[0], "--labels", "a, b", "--output", tmp_path / "o")
    assert model.loaded[0][0] == (registry.DEFAULT if cached else "demo")
    notice = f"models download {registry.DEFAULT}"
    assert (notice in capsys.readouterr().err) is not cached


def test_a_licence_that_forbids_commercial_use_is_shown_first(tmp_path, pictures, model, monkeypatch, capsys):
    options = ["--labels", "a, b", "--output", tmp_path / "o", "--model", "MobileCLIP2-S0/dfndr2b"]
    run(monkeypatch, "segment", pictures[0], *options)
    assert "forbids commercial use" in capsys.readouterr().err


def test_a_bad_picture_is_named_and_the_others_are_done(tmp_path, pictures, model, monkeypatch, capsys):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    flat = tmp_path / "flat.png"
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(flat)
    out = tmp_path / "o"
    paths = [bad, pictures[0], flat, tmp_path / "missing.png"]
    assert run(monkeypatch, "segment", *paths, "--labels", "a, b", "--output", out) == 1
    said = capsys.readouterr().err
    assert "3 of 4 pictures could not be segmented" in said
    for path, reason in ((bad, "damaged"), (flat, "all one value"), (paths[3], "check the name")):
        assert any(str(path) in line and reason in line for line in said.splitlines())
    assert len(list(out.glob("[!.]*"))) == 4
    images = json.loads((out / "categories.json").read_text())["images"]
    assert ["problem" in image for image in images] == [True, False, True, True]


def test_a_stack_says_how_to_choose_a_slice(tmp_path, monkeypatch, capsys, model):
    stack = tmp_path / "stack.tif"
    tifffile.imwrite(stack, rng.integers(0, 999, (5, 20, 30), dtype=np.uint16), photometric="minisblack")
    assert run(monkeypatch, "segment", stack, "--labels", "a, b", "--output", tmp_path / "o") == 1
    assert "napari-ovseg open" in capsys.readouterr().err


def test_nothing_is_overwritten_unless_asked(tmp_path, pictures, model, monkeypatch, capsys):
    out = tmp_path / "o"
    out.mkdir()
    (out / "two_masks.png").write_bytes(b"hours of work")
    arguments = ["segment", *pictures, "--labels", "a, b", "--output", out]
    assert run(monkeypatch, *arguments) == 2
    assert "two_masks.png is there already: add --overwrite" in capsys.readouterr().err
    assert [path.read_bytes() for path in out.iterdir()] == [b"hours of work"]
    assert model.loaded == []
    assert run(monkeypatch, *arguments, "--overwrite") == 0
    assert len(list(out.glob("[!.]*"))) == 7


def test_a_picture_is_never_overwritten(tmp_path, pictures, model, monkeypatch, capsys):
    mine = tmp_path / "one_masks.png"
    mine.write_bytes(pictures[0].read_bytes())
    arguments = ["segment", pictures[0], mine, "--labels", "a, b", "--output", tmp_path, "--overwrite"]
    assert run(monkeypatch, *arguments) == 2
    assert "one of the pictures" in capsys.readouterr().err
    assert mine.read_bytes() == pictures[0].read_bytes()


def test_pictures_of_one_name_are_told_apart_and_it_is_said_which_is_whose(
    tmp_path, pictures, model, monkeypatch, capsys
):
    (tmp_path / "b").mkdir()
    other = tmp_path / "b" / "ONE.png"
    other.write_bytes(pictures[0].read_bytes())
    out = tmp_path / "o"
    arguments = ["segment", *pictures, other, pictures[0], "--labels", "a, b", "--output", out]
    assert run(monkeypatch, *arguments) == 0
    listed = json.loads((out / "categories.json").read_text(encoding="utf-8"))["images"]
    found = [(image["image"], image["masks"]) for image in listed]
    assert found == [
        ("../one.png", "one_masks.png"),
        ("../two.jpg", "two_masks.png"),
        ("../b/ONE.png", "b_ONE_masks.png"),
    ]
    assert f"b_ONE_overlay.png\n  from {other}\n" in capsys.readouterr().out


@pytest.mark.parametrize("labels", ["", "a, A", "a: ", "background: b"])
def test_bad_names_are_one_line(tmp_path, pictures, model, monkeypatch, capsys, labels):
    arguments = ["segment", pictures[0], "--labels", labels, "--output", tmp_path / "o"]
    assert run(monkeypatch, *arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith("Error: ")
    assert said.count("\n") == 1
    assert not (tmp_path / "o").exists()


def test_an_output_folder_that_is_a_file(tmp_path, pictures, model, monkeypatch, capsys):
    assert run(monkeypatch, "segment", pictures[0], "--labels", "a, b", "--output", pictures[1]) == 2
    assert "is a file, not a folder" in capsys.readouterr().err


def test_no_room_on_the_disk_ends_the_run_with_what_was_done(tmp_path, pictures, model, monkeypatch, capsys):
    save = Image.Image.save
    written = []

    def fill_up(self, file, **options):
        written.append(file)
        if len(written) == 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        save(self, file, **options)

    monkeypatch.setattr(Image.Image, "save", fill_up)
    out = tmp_path / "o"
    assert run(monkeypatch, "segment", *pictures, "--labels", "a, b", "--output", out) == 2
    assert "no room on the disk" in capsys.readouterr().err
    names = {path.name for path in out.glob("[!.]*")}
    assert names == {"categories.json", "one_masks.png", "one_overlay.png", "one_pseudo.png"}


def test_errors_of_the_model_are_one_line(tmp_path, pictures, monkeypatch, capsys):
    def broken(name, **options):
        raise ModelError("The weights\nare truncated: download them again.")

    monkeypatch.setattr("napari_ovseg.models.loading.load_model", broken)
    arguments = ["segment", pictures[0], "--labels", "a", "--output", tmp_path / "o", "--model", "demo"]
    assert run(monkeypatch, *arguments) == 2
    assert capsys.readouterr().err == "Error: The weights are truncated: download them again.\n"


def test_ctrl_c_leaves_no_half_written_file(tmp_path, pictures, model, monkeypatch, capsys):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("napari_ovseg.pipeline.segment", interrupted)
    arguments = ["segment", *pictures, "--labels", "a, b", "--output", tmp_path / "o"]
    assert run(monkeypatch, *arguments) in (1, 130)
    assert list((tmp_path / "o").iterdir()) == []
    assert "Traceback" not in capsys.readouterr().err


def test_a_run_goes_on_and_says_how_many_it_left_alone(tmp_path, pictures, model, monkeypatch, capsys):
    arguments = ["segment", *pictures, tmp_path / "bad.png", "--labels", "a, b", "--output", tmp_path / "o"]
    assert run(monkeypatch, *arguments) == 1
    assert "left alone" not in capsys.readouterr().out
    assert run(monkeypatch, *arguments, "--resume") == 1
    said = capsys.readouterr()
    assert said.out == "2 of 3 pictures were done before in the same way, and are left alone.\n"
    assert "1 of 3 pictures could not be segmented:" in said.err
    assert len(model.segmented) == 2
    assert run(monkeypatch, *arguments, "--resume", "--seed", 1) == 1
    assert "0 of 3 pictures were done before in the same way" in capsys.readouterr().out
    assert len(model.segmented) == 4


def test_who_was_stopped_hears_how_to_go_on(tmp_path, pictures, model, monkeypatch, capsys):
    arguments = ["segment", *pictures, "--labels", "a, b", "--output", tmp_path / "o"]
    (tmp_path / "o").mkdir()
    (tmp_path / "o/one_masks.png").touch()
    assert run(monkeypatch, *arguments) == 2
    assert "--resume" not in capsys.readouterr().err
    assert run(monkeypatch, *arguments, "--overwrite") == 0
    assert run(monkeypatch, *arguments) == 2
    assert "Hint: --resume goes on with the run that is there.\nError: " in capsys.readouterr().err


def test_open_without_a_display_says_so(monkeypatch, capsys):
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert run(monkeypatch, "open") == 2
    assert "no display" in capsys.readouterr().err


def test_help_comes_up_without_torch():
    code = "import sys; from napari_ovseg import cli; sys.argv = ['x', '--help']\ntry: cli.main()\n"
    code += "except SystemExit: print('torch' in sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stderr.strip() == "False"
    assert all(command in done.stdout for command in ("segment", "demo", "open", "models"))


@pytest.mark.skipif(not BUNDLED, reason="the bundled model is not trained yet")
def test_the_demo_without_the_model_for_photos_says_how_to_get_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(PhotosCard, "is_here", lambda self: False)
    assert run(monkeypatch, "demo", "--headless", "--output", tmp_path / "d") == 0
    said = capsys.readouterr().out
    assert str(tmp_path / "d") in said
    assert said.count('pip install "napari-ovseg[photos]"') == 1
    assert sorted(path.name for path in (tmp_path / "d").iterdir()) == ["particles", "shapes"]
    for folder, stem in (("particles", "particles"), ("shapes", "shapes")):
        masks = np.asarray(Image.open(tmp_path / "d" / folder / f"{stem}_masks.png"))
        assert 0.02 < (masks > 0).mean() < 0.9


@pytest.mark.skipif(not (BUNDLED and PHOTOS.is_here()), reason='needs "napari-ovseg[photos]"')
def test_the_demo_segments_a_photo_with_the_model_for_photos(tmp_path, monkeypatch, capsys):
    assert run(monkeypatch, "demo", "--headless", "--output", tmp_path / "d") == 0
    said = capsys.readouterr().out
    assert "pip install" not in said
    assert "coffee cup was taken for: coffee mug" in said
    masks = np.asarray(Image.open(tmp_path / "d" / "photo" / "photo_masks.png"))
    # the cup, on a table of which the left edge and the lower right corner are in the picture
    assert (masks[60:180, 190:310] == 1).mean() > 0.95
    assert (masks[:, :80] == 0).all()
    assert (masks[300:, 500:] == 0).all()
    content = json.loads((tmp_path / "d" / "photo" / "categories.json").read_text(encoding="utf-8"))
    assert content["settings"]["model"] == "photos"
