"""``train adapt`` from a folder of pictures to a model, stopped and gone on with, and by its commands."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from random_weights import write_weights

from commands import run_here
from napari_ovseg import adapt, load_model
from napari_ovseg.cli import train
from napari_ovseg.errors import Cancelled, InputError, ModelError, OutputError
from napari_ovseg.models import loading, registry
from napari_ovseg.models.clip.adapted_model import AdaptedModel
from napari_ovseg.models.registry import find_model
from napari_ovseg.models.run_card import digest_of_weights
from napari_ovseg.training import adaptation, resumable, targets

STEPS = 5


class Killed(BaseException):
    pass


@pytest.fixture(autouse=True)
def often(monkeypatch):
    monkeypatch.setattr(resumable, "CHECKPOINT_EVERY", 2)


def adapted(pictures, name="run", **choices):
    output = pictures.parent / name
    return output, adapt(pictures, **({"teacher": "demo", "output": output, "steps": STEPS} | choices))


def killed_in_step(monkeypatch, step):
    """Let training be killed in a step, once."""
    counted, loss = [], adaptation._loss

    def killing(*arguments):
        counted.append(1)
        if len(counted) == step:
            monkeypatch.setattr(adaptation, "_loss", loss)
            raise Killed
        return loss(*arguments)

    monkeypatch.setattr(adaptation, "_loss", killing)


def test_the_card_says_what_was_learnt_from_what(pictures, model):
    (pictures / "bad.png").write_bytes(b"no picture")
    output, card = adapted(pictures)
    assert json.loads((output / "model.json").read_text()) == card.model_dump(mode="json")
    assert (card.teacher, card.teacher_weights) == ("demo", model.checkpoint_id)
    assert (card.pictures, card.steps, card.side) == (4, STEPS, 64)
    (problem,) = card.skipped
    assert "bad.png can't be read" in problem
    rows = (output / "log.csv").read_text().splitlines()[1:]
    assert card.loss == pytest.approx(np.mean([float(row.split(",")[1]) for row in rows]), abs=1e-6)
    assert sorted(path.name for path in output.iterdir() if path.name != ".lock") == [
        "log.csv",
        "model.json",
        "targets",
        "weights.safetensors",
    ]


@pytest.mark.parametrize("step", [1, 2, 4, STEPS])
def test_killed_and_gone_on_with_the_weights_are_those_of_an_unbroken_run(pictures, monkeypatch, step):
    whole, card = adapted(pictures, "whole")
    killed_in_step(monkeypatch, step)
    with pytest.raises(Killed):
        adapted(pictures, "parts")
    with pytest.raises(ModelError, match="has not ended") as told:
        load_model(str(pictures.parent / "parts"))
    assert f"napari-ovseg train adapt {pictures} --teacher demo" in str(told.value)
    parts, card_again = adapted(pictures, "parts")
    for name in ("weights.safetensors", "log.csv"):
        assert (parts / name).read_bytes() == (whole / name).read_bytes()
    assert card_again == card


def test_killed_while_it_looks_at_pictures_it_goes_on_with_the_next(pictures, monkeypatch):
    looked, example_of = [], targets.example_of

    def killing(picture, model):
        looked.append(1)
        if len(looked) == 3:
            raise Killed
        return example_of(picture, model)

    monkeypatch.setattr(targets, "example_of", killing)
    with pytest.raises(Killed):
        adapted(pictures)
    assert len(list(pictures.parent.glob("run/targets/*.safetensors"))) == 2
    output, card = adapted(pictures)
    assert (len(looked), card.pictures) == (5, 4)
    assert output.joinpath("weights.safetensors").is_file()


@pytest.mark.parametrize("said", ["Reading the files", "Looking at the pictures", "Learning"])
def test_stopped_when_asked_it_goes_on_with_what_is_done(pictures, said):
    whole, card = adapted(pictures, "whole")
    told = []
    with pytest.raises(Cancelled, match="goes on where it was"):
        adapted(
            pictures,
            progress=lambda *one: told.append(one),
            should_stop=lambda: any(stage == said and done == 1 for stage, done, _ in told),
        )
    # what is asked for next is not begun
    assert told[-1][:2] == (said, 1)
    again, losses = [], []
    output, card_again = adapted(
        pictures, progress=lambda *one: again.append(one), on_loss=lambda *one: losses.append(one)
    )
    assert card_again == card
    assert (output / "weights.safetensors").read_bytes() == (whole / "weights.safetensors").read_bytes()
    assert [step for step, _ in losses] == [*range(1, STEPS + 1)]
    # the first that is said is how much is there already
    first = {stage: done for stage, done, _ in reversed(again)}
    assert first["Looking at the pictures"] == {"Reading the files": 0, "Learning": 4}.get(said, 1)
    assert first["Learning"] == (said == "Learning")


def test_two_at_once_into_one_folder_are_refused(pictures):
    refused = []

    def meanwhile(stage, done, total):
        if stage == "Learning" and done == 1:
            with pytest.raises(
                OutputError, match=r"Another training is writing to .*run: wait until"
            ) as told:
                adapted(pictures)
            refused.append(told)

    output, card = adapted(pictures, progress=meanwhile)
    assert refused
    assert adapted(pictures) == (output, card)


def test_what_has_ended_is_not_done_again_and_what_is_damaged_is(pictures, monkeypatch):
    output, card = adapted(pictures)
    weights = (output / "weights.safetensors").read_bytes()
    (pictures / "0.png").rename(pictures / "other.png")
    with monkeypatch.context() as patch:
        patch.setattr(adaptation, "_loss", None)
        assert adapted(pictures)[1] == card
    for damage in (lambda path: path.write_bytes(weights[:-1]), Path.unlink):
        damage(output / "weights.safetensors")
        with pytest.raises(ModelError, match="This makes it again: napari-ovseg train adapt"):
            load_model(str(output))
        assert adapted(pictures)[1] == card
        assert (output / "weights.safetensors").read_bytes() == weights


def test_other_arguments_are_refused(pictures, tiny_demo):
    output, _ = adapted(pictures)
    with pytest.raises(InputError, match=f"begun with another number of steps, by .* --steps {STEPS}"):
        adapted(pictures, steps=STEPS + 1)
    (pictures / "0.png").unlink()
    with pytest.raises(InputError, match="begun with other pictures"):
        adapted(pictures)
    write_weights(tiny_demo, 1)
    with pytest.raises(InputError, match="begun with other weights of its teacher"):
        adapted(pictures)
    with pytest.raises(ModelError, match=r'"demo" have changed since .* remove this folder'):
        load_model(str(output))


def test_an_output_with_other_files_is_refused(pictures):
    with pytest.raises(InputError, match="holds other files"):
        adapted(pictures, "pics")
    assert not (pictures / "model.json").exists()


@pytest.mark.parametrize("teacher", ["photos", "no such model"])
def test_what_cannot_be_adapted_is_refused(pictures, teacher):
    says = (
        "CLIP models whose image tower is a vision transformer" if teacher == "photos" else "no model named"
    )
    with pytest.raises(InputError, match=says):
        adapted(pictures, teacher=teacher)
    assert not (pictures.parent / "run").exists()


def test_a_tower_without_blocks_is_refused(pictures, model, monkeypatch):
    class WithoutBlocks:
        blocks = ()

    monkeypatch.setattr(adaptation, "tower_of", lambda visual: WithoutBlocks())
    with pytest.raises(InputError, match='image tower of "demo" can\'t be learnt from: this works for CLIP'):
        adapted(pictures)


def test_an_adapted_model_is_no_teacher(pictures):
    output, _ = adapted(pictures)
    with pytest.raises(InputError, match="was trained itself: name the model that it was trained from"):
        adapted(pictures, "next", teacher=str(output))


def test_an_output_may_have_the_name_of_a_model(pictures, monkeypatch):
    # the weights that stand for the bundled ones lie in "demo" beside the pictures
    elsewhere = pictures.parent / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    card = adapt(pictures, teacher="demo", output="demo", steps=2)
    assert adapt(pictures, teacher="demo", output="demo", steps=2) == card
    assert not isinstance(load_model("demo", device="cpu"), AdaptedModel)
    assert isinstance(load_model("./demo", device="cpu"), AdaptedModel)


def test_a_folder_without_a_card_does_not_hide_a_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ViT-B-32" / "laion2b_s34b_b79k").mkdir(parents=True)
    assert find_model("ViT-B-32/laion2b_s34b_b79k").name == "ViT-B-32/laion2b_s34b_b79k"
    (tmp_path / "mine").mkdir()
    with pytest.raises(InputError, match='There is no model in the folder "mine"'):
        find_model("mine")
    with pytest.raises(InputError, match="Run"):
        find_model(" ")


def test_weights_are_told_by_their_content_wherever_they_lie(pictures, model):
    output, card = adapted(pictures, "blobs")
    assert card.weights == digest_of_weights(output / "weights.safetensors") != "weights.safetensors"
    content = bytearray((output / "weights.safetensors").read_bytes())
    content[-1] ^= 1
    (output / "weights.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match="is damaged"):
        load_model(str(output), device="cpu")


def test_pictures_of_which_none_can_be_read_are_refused(tmp_path):
    (tmp_path / "pics").mkdir()
    (tmp_path / "pics" / "bad.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"No picture of .* can be learnt from\. .*bad\.png"):
        adapted(tmp_path / "pics")
    with pytest.raises(InputError, match="0 steps"):
        adapted(tmp_path / "pics", steps=0)


def test_it_says_where_things_are_and_its_teacher_what_is_there(pictures, model):
    output, card = adapted(pictures)
    found = load_model(str(output))
    assert isinstance(found, AdaptedModel)
    assert load_model(str(output)) is found
    assert found.input_size == found.card.view_side == card.side
    assert [one.name for one in found.card.methods] == ["maskclip"]
    assert not found.card.bundled
    assert "4 pictures of pics" in found.card.note
    assert registry.listed(f" {output} ") == found.card
    views = torch.randn(2, 3, 64, 48, generator=torch.Generator().manual_seed(2))
    old, new = model.trunk(views), found.trunk(views)
    torch.testing.assert_close(found.image_vectors(new), model.image_vectors(old), atol=1e-5, rtol=0)
    assert (found.features(new) - model.features(old)).abs().max() > 1e-3
    # the second time from the cache
    assert torch.equal(found.trunk(views).vectors, new.vectors)
    mine = dict(found.network.visual.named_parameters())
    frozen = dict(found.network.teacher.named_parameters())
    shared = {name for name, one in mine.items() if one is frozen[name]}
    assert shared
    assert all("resblocks.0" in name or "resblocks" not in name or "resblocks.2" in name for name in shared)


def test_cards_that_are_none_are_said(pictures, tmp_path):
    output, card = adapted(pictures)
    whole = json.loads((output / "model.json").read_text())
    for content in (
        "",
        "[]",
        json.dumps(whole | {"version": 2}),
        json.dumps(whole | {"more": 1}),
        json.dumps(whole | {"steps": 0}),
        json.dumps({key: value for key, value in whole.items() if key != "teacher"}),
    ):
        (output / "model.json").write_text(content)
        with pytest.raises(ModelError, match=r"model\.json\" is damaged, or of a newer napari-ovseg \("):
            registry.find_model(str(output))
        assert registry.listed(str(output)) is None
    (output / "model.json").unlink()
    with pytest.raises(InputError, match="holds other files"):
        adapted(pictures)
    for path in output.glob("*.*"):
        path.unlink()
    with pytest.raises(InputError, match=r"no model in the folder .* no model\.json"):
        load_model(str(output))
    with pytest.raises(InputError, match="There is no model named"):
        load_model(str(tmp_path / "missing"))
    # no file system has it
    assert registry.listed("n" * 5000) is None
    assert adapted(pictures)[1] == card


def test_the_command_has_the_same_default():
    defaults = [inspect.signature(one).parameters["steps"].default for one in (adapt, train.adapt)]
    assert defaults == [adaptation.STEPS] * 2


def test_a_folder_that_is_missing_is_said_before_a_teacher_is_fetched(tmp_path):
    done = run_here(tmp_path, "train", "adapt", "missing", "--teacher", "no such model", "--output", "run")
    assert done.returncode == 2
    assert "'missing'" in done.stderr
    assert "no such model" not in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("little_training")
def test_the_commands_make_it_and_take_it(pictures):
    (pictures / "bad.png").write_bytes(b"no picture")
    here = pictures.parent
    asked = ["train", "adapt", "pics", "--teacher", "demo", "--output", "run", "--steps", "3"]
    done = run_here(here, *asked)
    assert done.returncode == 1
    assert "demo is adapted to 4 pictures; the loss" in done.stdout
    assert f"--model {here / 'run'}" in done.stdout
    assert "bad.png can't be read" in done.stderr
    (pictures / "bad.png").unlink()
    chosen = ["--model", "run", "--preset", "fast"]
    done = run_here(here, "segment", "pics/0.png", "--labels", "red, blue", "--output", "out", *chosen)
    assert done.returncode == 0, done.stderr
    assert f"Model {here / 'run'} on cpu" in done.stderr
    record = json.loads((here / "out" / "categories.json").read_text())
    assert record["settings"]["model"] == "run"
    assert record["images"][0]["record"]["checkpoint"] == "weights.safetensors"
    assert np.asarray(Image.open(here / "out" / "0_masks.png")).shape == (40, 40)
    done = run_here(here, "suggest", "pics/0.png", *chosen)
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("little_training")
def test_a_report_names_the_model_and_not_where_it_lies(pictures):
    output, _ = adapted(pictures)
    here = pictures.parent
    for folder in ("images", "masks"):
        (here / "set" / folder).mkdir(parents=True)
        Image.fromarray(np.eye(40, dtype=np.uint8)).save(here / "set" / folder / "0.png")
    (here / "set" / "classes.txt").write_text("background\nred")
    done = run_here(here, "evaluate", "folder", "set", "--model", output, "--preset", "fast")
    assert done.returncode == 0, done.stderr
    (found,) = (here / "evaluation").iterdir()
    assert found.name == "folder-set-all-known-labels-plain-run-fast"
    for report in (*found.glob("*.json"), *found.glob("*.md")):
        assert str(here) not in report.read_text(), report.name


@pytest.mark.usefixtures("little_training")
def test_where_a_model_lies_is_not_passed_on(pictures):
    output, _ = adapted(pictures)
    chosen = ["--model", output, "--preset", "fast", "--output", "out"]
    done = run_here(pictures.parent, "segment", "pics/0.png", "--labels", "red", *chosen)
    assert done.returncode == 0, done.stderr
    assert str(pictures.parent) not in (pictures.parent / "out" / "categories.json").read_text()


def test_stopped_by_ctrl_c_the_command_says_how_to_go_on(pictures, monkeypatch):
    def stopped(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(adaptation, "_loss", stopped)
    asked = ["train", "adapt", "pics", "--teacher", "demo", "--output", "run", "--steps", "3"]
    done = run_here(pictures.parent, *asked)
    assert done.returncode != 0
    assert "Stopped. The same command goes on where it was." in done.stderr
    done = run_here(
        pictures.parent, "segment", "pics/0.png", "--labels", "red", "--output", "o", "--model", "run"
    )
    assert done.returncode == 2
    assert "has not ended. This goes on with it: napari-ovseg train adapt" in done.stderr


def test_a_loaded_model_is_not_taken_for_one_that_was_made_anew(pictures):
    output, _ = adapted(pictures)
    before = load_model(str(output))
    for path in output.glob("*.*"):
        path.unlink()
    adapted(pictures, steps=STEPS + 2)
    after = load_model(str(output))
    assert after.checkpoint_id != before.checkpoint_id
    loading.unload()


def test_a_card_of_another_program_is_left_with_what_is_beside_it(pictures, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "model.json").write_text('{"class_name": "Sequential", "config": {}}')
    (other / "thesis.docx").write_bytes(b"years of work")
    with pytest.raises(ModelError, match="name another folder") as told:
        adapted(pictures, "other")
    assert "remove" not in str(told.value)
    assert sorted(path.name for path in other.glob("[!.]*")) == ["model.json", "thesis.docx"]
