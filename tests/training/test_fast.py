"""``train fast`` from masks to a model, stopped and gone on with, and by its commands."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from commands import run_here
from napari_ovseg import adapt, load_model, segment, train_fast
from napari_ovseg.errors import Cancelled, InputError, ModelError, OutputError
from napari_ovseg.export import export
from napari_ovseg.labelled import LabelledPicture, NamedLabel
from napari_ovseg.models import registry
from napari_ovseg.models.fast.model import FastModel
from napari_ovseg.models.fast.windows import shown_size
from napari_ovseg.models.mask_model import MaskModel
from napari_ovseg.training import fast, resumable

STEPS = 5
LABELS = (NamedLabel(1, "red square", (255, 0, 0)), NamedLabel(2, "blue square", (0, 0, 255), ("box",)))
COLOURS = np.array([(90, 90, 90), (220, 30, 30), (30, 30, 220)], np.uint8)


class Killed(BaseException):
    pass


@pytest.fixture(autouse=True)
def often(monkeypatch):
    monkeypatch.setattr(resumable, "CHECKPOINT_EVERY", 2)


def drawing(seed: int, size=(64, 64)) -> np.ndarray:
    """Masks of two squares."""
    rng = np.random.default_rng(seed)
    labels = np.zeros(size, np.uint8)
    for id in (1, 2):
        top, left = (int(rng.integers(0, side - 24)) for side in size)
        labels[top : top + 20, left : left + 20] = id
    return labels


@pytest.fixture
def annotations(tmp_path: Path) -> Path:
    """Six pictures with masks, as they are exported; one of another shape."""
    folder = tmp_path / "pics"
    folder.mkdir()
    drawn = []
    for number in range(6):
        labels = drawing(number, (48, 96) if number == 3 else (64, 64))
        Image.fromarray(COLOURS[labels]).save(folder / f"{number}.png")
        drawn.append(LabelledPicture(f"{number}", labels, LABELS, folder / f"{number}.png"))
    export(drawn, tmp_path / "masks", "png")
    return tmp_path / "masks"


def trained(annotations, name="run", **choices):
    output = annotations.parent / name
    return output, train_fast(
        annotations, **({"teacher": "demo", "output": output, "steps": STEPS} | choices)
    )


def test_the_card_says_what_was_learnt_from_what(annotations, model):
    output, card = trained(annotations)
    assert json.loads((output / "model.json").read_text()) == card.model_dump(mode="json")
    assert (card.teacher, card.teacher_weights) == ("demo", model.checkpoint_id)
    assert card.names == ("red square", "blue square")
    # two of six are every fifth
    assert (card.pictures, card.held_back, card.steps) == (4, 2, STEPS)
    assert list(card.iou) == ["background", "red square", "blue square"]
    assert all(0 <= one <= 1 for one in card.iou.values())
    rows = (output / "log.csv").read_text().splitlines()[1:]
    assert card.loss == pytest.approx(np.mean([float(row.split(",")[1]) for row in rows]), abs=1e-6)
    files = sorted(path.name for path in output.iterdir() if path.name != ".lock")
    assert files == ["log.csv", "model.json", "weights.safetensors"]


@pytest.mark.parametrize("step", [1, 4, STEPS])
def test_killed_and_gone_on_with_the_weights_are_those_of_an_unbroken_run(annotations, monkeypatch, step):
    whole, card = trained(annotations, "whole")
    counted, loss = [], fast._loss

    def killing(*arguments):
        counted.append(1)
        if len(counted) == step:
            raise Killed
        return loss(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(fast, "_loss", killing)
        with pytest.raises(Killed):
            trained(annotations, "parts")
    with pytest.raises(ModelError, match="has not ended") as told:
        load_model(str(annotations.parent / "parts"))
    assert f"napari-ovseg train fast {annotations} --teacher demo" in str(told.value)
    parts, card_again = trained(annotations, "parts")
    for name in ("weights.safetensors", "log.csv"):
        assert (parts / name).read_bytes() == (whole / name).read_bytes()
    assert card_again == card


@pytest.mark.parametrize(("said", "at", "steps_done"), [("Learning", 1, 1), ("Measuring", 0, STEPS)])
def test_stopped_when_asked_it_goes_on_with_what_is_done(annotations, said, at, steps_done):
    whole, card = trained(annotations, "whole")
    told = []
    with pytest.raises(Cancelled, match="goes on where it was"):
        trained(
            annotations,
            progress=lambda *one: told.append(one),
            should_stop=lambda: any(stage == said and done == at for stage, done, _ in told),
        )
    # what is asked for next is not begun
    assert told[-1][:2] == (said, at)
    again, losses = [], []
    output, card_again = trained(
        annotations, progress=lambda *one: again.append(one), on_loss=lambda *one: losses.append(one)
    )
    assert card_again == card
    assert (output / "weights.safetensors").read_bytes() == (whole / "weights.safetensors").read_bytes()
    assert [step for step, _ in losses] == [*range(1, STEPS + 1)]
    # the first that is said is how much is there already
    assert next(done for stage, done, _ in again if stage == "Learning") == steps_done


def test_stopped_while_it_reads_nothing_is_written(annotations):
    asked = iter([False, False, True])
    with pytest.raises(Cancelled):
        trained(annotations, should_stop=lambda: next(asked))
    assert not (annotations.parent / "run").exists()


def test_two_at_once_into_one_folder_are_refused(annotations):
    refused = []

    def meanwhile(stage, done, total):
        if stage == "Learning" and done == 1:
            with pytest.raises(OutputError, match=r"Another training is writing to .*run: wait") as told:
                trained(annotations)
            refused.append(told)

    output, card = trained(annotations, progress=meanwhile)
    assert refused
    assert trained(annotations) == (output, card)


def test_a_folder_of_other_files_is_left_as_it_is(annotations):
    output = annotations.parent / "run"
    output.mkdir()
    (output / "notes.txt").touch()
    with pytest.raises(InputError, match="holds other files"):
        trained(annotations)
    assert [path.name for path in output.iterdir()] == ["notes.txt"]


def test_the_folder_of_another_training_is_refused_and_nobody_is_told_to_empty_it(annotations):
    output, _ = trained(annotations)
    before = {path.name: path.read_bytes() for path in output.iterdir()}
    with pytest.raises(ModelError, match=r'another kind of model \("napari-ovseg fast model"\)') as told:
        adapt(annotations.parent / "pics", teacher="demo", output=output, steps=1)
    assert "remove" not in str(told.value)
    assert {path.name: path.read_bytes() for path in output.iterdir()} == before


def test_it_learns_what_it_is_shown_and_masks_follow_in_one_pass(annotations, monkeypatch):
    monkeypatch.setattr(fast, "HIGHEST_RATE", 5e-3)
    output, card = trained(annotations, steps=80)
    assert min(card.iou.values()) > 0.7, card.iou
    found = load_model(str(output), device="cpu")
    assert isinstance(found, FastModel)
    assert isinstance(found, MaskModel)
    assert load_model(str(output), device="cpu") is found
    new = drawing(77)
    result = segment(COLOURS[new], ["red square", "blue square"], model=found)
    assert (result.masks == new).mean() > 0.95
    assert result.stages.keys() == {"pseudo-labels"}
    # asked for in another order, with a name that nobody drew
    other = segment(COLOURS[new], ["blue square", "green cell", "red square"], model=found)
    assert (other.masks[new == 1] == 3).mean() > 0.8
    assert (other.masks[new == 2] == 1).mean() > 0.8


def test_a_window_at_a_time_a_large_picture_is_answered_as_its_parts_are(annotations):
    output, _ = trained(annotations)
    found = load_model(str(output), device="cpu")
    picture = np.random.default_rng(0).random((128, 128, 3), np.float32)
    whole = found.scores(picture, [["red square"]])
    assert whole.shape == (2, 64, 64)
    torch.testing.assert_close(whole.sum(0), torch.ones(64, 64))
    corner = found.scores(picture[:64, :64], [["red square"]])
    # the middle of the first window, which no other window shows
    torch.testing.assert_close(whole[:, :20, :20], corner[:, :20, :20])


def test_its_card_is_in_the_lists(annotations):
    output, _ = trained(annotations)
    card = registry.listed(str(output))
    assert card is not None
    assert card.name == str(output)
    assert "Taught red square, blue square by 4 pictures of masks" in card.note


def test_few_pictures_are_all_learnt_from(annotations):
    (annotations.parent / "pics/0.png").unlink()
    (annotations.parent / "pics/1.png").unlink()
    _, card = trained(annotations)
    assert (card.pictures, card.held_back, card.iou) == (4, 0, {})
    assert len(card.skipped) == 2


def test_what_has_ended_is_not_done_again_and_other_arguments_are_refused(annotations, monkeypatch):
    output, card = trained(annotations)
    with monkeypatch.context() as patch:
        patch.setattr(fast, "_loss", None)
        assert trained(annotations)[1] == card
    with pytest.raises(InputError, match=f"begun with another number of steps, by .* --steps {STEPS}"):
        trained(annotations, steps=STEPS + 1)
    (annotations.parent / "pics/0.png").unlink()
    with pytest.raises(InputError, match="begun with other masks"):
        trained(annotations)
    weights = (output / "weights.safetensors").read_bytes()
    (output / "weights.safetensors").write_bytes(weights[:-1])
    with pytest.raises(ModelError, match="This makes it again: napari-ovseg train fast"):
        load_model(str(output))


def test_what_can_teach_nothing_is_refused(annotations, tmp_path):
    with pytest.raises(InputError, match="CLIP models whose image tower is a vision transformer"):
        trained(annotations, teacher="photos")
    with pytest.raises(InputError, match="0 steps"):
        trained(annotations, steps=0)
    for path in (annotations.parent / "pics").iterdir():
        path.unlink()
    with pytest.raises(InputError, match=r"can be learnt from\. There is no file .*0\.png"):
        trained(annotations)
    with pytest.raises(InputError, match="There is nothing at"):
        trained(tmp_path / "missing")
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("little_training")
def test_the_commands_make_it_and_take_it(annotations):
    here = annotations.parent
    asked = ["train", "fast", "masks", "--teacher", "demo", "--output", "run", "--steps", "3"]
    done = run_here(here, *asked)
    assert done.returncode == 0, done.stderr
    assert "red square, blue square: learnt from 4 pictures." in done.stdout
    assert "Measured on 2 that were held back" in done.stdout
    assert f"--model {here / 'run'}" in done.stdout
    chosen = ["--model", "run"]
    done = run_here(here, "segment", "pics/0.png", "--labels", "red square", "--output", "out", *chosen)
    assert done.returncode == 0, done.stderr
    assert np.asarray(Image.open(here / "out" / "0_masks.png")).shape == (64, 64)
    assert str(here) not in (here / "out" / "categories.json").read_text()
    # what the machine has made can be learnt from too
    asked = ["train", "fast", "out", "--teacher", "demo", "--output", "next", "--steps", "2"]
    done = run_here(here, *asked)
    assert done.returncode == 0, done.stderr


def test_equal_pictures_count_once(annotations, tmp_path):
    folder = tmp_path / "pics"
    (folder / "copy.png").write_bytes((folder / "0.png").read_bytes())
    drawn = [(f"{number}", drawing(number, (48, 96) if number == 3 else (64, 64))) for number in range(6)]
    pictures = [
        LabelledPicture(name, labels, LABELS, folder / f"{name}.png")
        for name, labels in [*drawn, ("copy", drawing(0))]
    ]
    export(pictures, tmp_path / "twice", "png")
    _, card = trained(tmp_path / "twice", "other")
    assert (card.pictures, card.held_back) == (4, 2)
    assert card.annotations_digest == trained(annotations)[1].annotations_digest


def test_a_strip_is_measured_as_it_is_segmented(annotations):
    output, _ = trained(annotations)
    found = load_model(str(output), device="cpu")
    strip = np.random.default_rng(0).random((40, 900, 3), np.float32)
    # what segment shows it, at the longer side that it asks for, and the picture itself
    rows, columns = shown_size((40, 900), found.window, found.teacher.patch_size)
    assert columns <= found.side
    assert shown_size((rows, columns), found.window, found.teacher.patch_size) == (rows, columns)
    assert found.scores(strip, [["red square"]]).shape == (2, rows // 2, columns // 2)
