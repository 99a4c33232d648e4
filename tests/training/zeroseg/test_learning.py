"""``train zeroseg`` from a folder of pictures to masks, stopped and gone on with, and by its commands."""

from __future__ import annotations

import inspect
import json
from typing import ClassVar

import numpy as np
import pytest
import torch
from PIL import Image
from random_weights import write_weights

from commands import run_here
from napari_ovseg import load_model, segment, suggest, zeroseg
from napari_ovseg.cli import train
from napari_ovseg.errors import InputError, ModelError
from napari_ovseg.models import registry
from napari_ovseg.models.map_model import MapModel
from napari_ovseg.models.mask_model import MaskModel
from napari_ovseg.training.zeroseg import learning
from napari_ovseg.training.zeroseg.watch import HEAD

STEPS = 5


class Killed(BaseException):
    pass


def trained(pictures, name="run", **choices):
    output = pictures.parent / name
    return output, zeroseg(pictures, **({"teacher": "demo", "output": output, "steps": STEPS} | choices))


def killed_in_step(monkeypatch, step):
    """Let training be killed in a step, once."""
    counted, loss = [], learning._loss

    def killing(*arguments):
        counted.append(1)
        if len(counted) == step:
            monkeypatch.setattr(learning, "_loss", loss)
            raise Killed
        return loss(*arguments)

    monkeypatch.setattr(learning, "_loss", killing)


def test_the_folder_is_a_model_that_gives_masks(pictures, model):
    (pictures / "bad.png").write_bytes(b"no picture")
    output, card = trained(pictures)
    assert json.loads((output / "model.json").read_text()) == card.model_dump(mode="json")
    assert (card.teacher, card.teacher_weights) == ("demo", model.checkpoint_id)
    assert (card.preset, card.pictures, card.steps) == ("tiny", 4, STEPS)
    (problem,) = card.skipped
    assert "bad.png can't be read" in problem
    inside = ["groups.csv", "log.csv", "model.json", "weights.safetensors"]
    assert sorted(path.name for path in output.glob("[!.]*")) == inside
    found = load_model(str(output))
    assert isinstance(found, MaskModel)
    assert not isinstance(found, MapModel)
    assert registry.listed(str(output)) == found.card
    assert "Learnt 4 pictures of pics from demo" in found.card.note
    pixels = np.asarray(Image.open(pictures / "2.png"))
    scores = found.scores((pixels / 255).astype(np.float32), [["red"], ["blue", "navy"]])
    assert scores.shape == (3, 6, 12)
    assert (scores >= 0).all()
    again = segment(pixels, "red; blue: navy", model=found, known=True)
    assert again.masks.shape == (30, 60)
    assert again.record["model"] == found.card.name
    with pytest.raises(InputError, match="can't suggest names"):
        suggest(pixels, ["red"], model=found)


def test_a_pixel_takes_the_name_of_its_group_and_background_below_the_level(pictures):
    output, _ = trained(pictures)
    found = load_model(str(output))
    picture = np.asarray(Image.open(pictures / "0.png"), np.float32) / 255
    phrases = [["red"], ["blue", "navy"]]
    scores = found.scores(picture, phrases)
    shown = torch.nn.functional.interpolate(
        torch.from_numpy(picture).permute(2, 0, 1)[None], (48, 48), mode="bicubic", antialias=True
    ).clamp(0, 1)
    with torch.no_grad():
        vectors, groups = found.network(shown)
    likeness, level = found.teacher.likeness, float(found.network.level)
    words = {word: found.teacher.encode([word])[0].double() for words in phrases for word in words}
    for number, group in enumerate(groups[0].tolist()):
        vector = vectors[0, group].double()
        vector = vector / vector.norm()
        sure = []
        for names in phrases:
            best = max(likeness.scale * float(vector @ words[name]) + likeness.bias for name in names)
            sure.append(1 / (1 + np.exp(-(best - level))))
        expected = [1 - max(sure), *sure]
        np.testing.assert_allclose(scores[:, number // 6, number % 6], expected, atol=1e-4)


@pytest.mark.parametrize("step", [1, 2, 4, STEPS])
def test_killed_and_gone_on_with_the_weights_are_those_of_an_unbroken_run(pictures, monkeypatch, step):
    whole, card = trained(pictures, "whole")
    killed_in_step(monkeypatch, step)
    with pytest.raises(Killed):
        trained(pictures, "parts")
    with pytest.raises(ModelError, match="has not ended") as told:
        load_model(str(pictures.parent / "parts"))
    assert f"napari-ovseg train zeroseg {pictures} --teacher demo" in str(told.value)
    parts, card_again = trained(pictures, "parts")
    for name in ("weights.safetensors", "log.csv", "groups.csv"):
        assert (parts / name).read_bytes() == (whole / name).read_bytes(), name
    assert card_again == card


def test_killed_at_the_last_checkpoint_no_row_is_written_twice(pictures, monkeypatch):
    whole, _ = trained(pictures, "whole")
    with monkeypatch.context() as patch:
        patch.setattr(learning.Training, "_keep", lambda *_: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            trained(pictures, "parts")
    parts, _ = trained(pictures, "parts")
    rows = (parts / "groups.csv").read_text()
    assert rows == (whole / "groups.csv").read_text()
    head, *rows = rows.splitlines()
    assert head == HEAD
    assert [row.split(",")[0] for row in rows] == ["2", "4", "5"]
    assert all(1 <= float(row.split(",")[1]) <= float(row.split(",")[2]) <= 4 for row in rows)


def test_what_has_ended_is_not_done_again_and_what_is_damaged_is(pictures, monkeypatch):
    output, card = trained(pictures)
    weights = (output / "weights.safetensors").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(learning, "_loss", None)
        assert trained(pictures)[1] == card
    (output / "weights.safetensors").write_bytes(weights[:-1])
    with pytest.raises(ModelError, match="This makes it again: napari-ovseg train zeroseg"):
        load_model(str(output))
    assert trained(pictures)[1] == card
    assert (output / "weights.safetensors").read_bytes() == weights


def test_other_arguments_are_refused(pictures, tiny_demo):
    output, _ = trained(pictures)
    with pytest.raises(InputError, match=f"begun with another number of steps, by .* --steps {STEPS}"):
        trained(pictures, steps=STEPS + 1)
    with pytest.raises(InputError, match="begun with another preset"):
        trained(pictures, preset="paper")
    (pictures / "0.png").unlink()
    with pytest.raises(InputError, match="begun with other pictures"):
        trained(pictures)
    write_weights(tiny_demo, 1)
    with pytest.raises(InputError, match="begun with other weights of its teacher"):
        trained(pictures)
    with pytest.raises(ModelError, match=r'"demo" have changed since .* remove this folder'):
        load_model(str(output))


class Masks:
    card = registry.ModelCard("masks")
    device = torch.device("cpu")
    checkpoint_id = "1"
    side = 60
    notes: ClassVar[list[str]] = []

    def scores(self, picture, phrases):
        raise NotImplementedError


def test_what_gives_no_vectors_is_no_teacher(pictures, monkeypatch):
    output, _ = trained(pictures)
    with pytest.raises(InputError, match="was trained itself: name the model that it was trained from"):
        trained(pictures, "next", teacher=str(output))
    monkeypatch.setattr(learning, "load_model", lambda *_, **__: Masks())
    with pytest.raises(InputError, match="gives masks and no vectors of pictures"):
        trained(pictures, "next")
    assert not (pictures.parent / "next").exists()


def test_what_cannot_be_learnt_from_is_refused(tmp_path, pictures):
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="no picture in"):
        trained(tmp_path / "none")
    (tmp_path / "none" / "bad.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"No picture of .* can be learnt from\. .*bad\.png"):
        trained(tmp_path / "none")
    with pytest.raises(InputError, match="0 steps"):
        trained(pictures, steps=0)
    with pytest.raises(InputError, match='no preset "huge": use tiny or paper'):
        trained(pictures, preset="huge")
    with pytest.raises(InputError, match="holds other files"):
        trained(pictures, "pics")


def test_the_command_has_the_same_defaults():
    for name, value in {"steps": learning.STEPS, "preset": "tiny"}.items():
        for one in (zeroseg, train.zeroseg):
            assert inspect.signature(one).parameters[name].default == value


def test_the_commands_make_it_and_take_it(pictures, monkeypatch):
    (pictures / "bad.png").write_bytes(b"no picture")
    here = pictures.parent
    asked = ["train", "zeroseg", "pics", "--teacher", "demo", "--output", "run", "--steps", "3"]
    killed_in_step(monkeypatch, 3)
    monkeypatch.setattr(f"{__name__}.Killed", KeyboardInterrupt)
    done = run_here(here, *asked)
    assert done.returncode != 0
    assert "Stopped. The same command goes on where it was." in done.stderr
    done = run_here(here, *asked, "--preset", "tiny")
    assert done.returncode == 1
    assert "4 pictures were learnt from; the loss" in done.stdout
    assert f"--model {here / 'run'}" in done.stdout
    assert "bad.png can't be read" in done.stderr
    done = run_here(
        here, "segment", "pics/0.png", "--labels", "red, blue", "--output", "out", "--model", "run"
    )
    assert done.returncode == 0, done.stderr
    assert np.asarray(Image.open(here / "out" / "0_masks.png")).shape == (40, 40)
    assert str(here) not in (here / "out" / "categories.json").read_text()
