"""What the folder for a model holds, as seen from what is asked for."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from napari_ovseg._napari.panel.training_kinds import (
    ADAPT,
    LOG,
    Plan,
    free_folder,
    losses_in,
)
from napari_ovseg.models.run_card import RunCard
from napari_ovseg.training import adaptation, resumable

from ..lesson import write_card


@pytest.fixture
def plan(tmp_path):
    (tmp_path / "cells").mkdir()
    return Plan(ADAPT, tmp_path / "cells", "demo", tmp_path / "cells-adapted", 3)


def standing(plan, **other):
    return ADAPT.standing(replace(plan, **other))


def test_names_of_files_and_the_steps_are_those_of_the_training():
    assert (LOG, RunCard.reusable, ADAPT.steps) == (resumable.LOG, adaptation.TARGETS, adaptation.STEPS)


def test_a_folder_that_holds_nothing_else_is_free(plan):
    assert standing(plan).can == "start"
    plan.output.mkdir()
    (plan.output / ".lock").touch()
    (plan.output / RunCard.reusable).mkdir()
    assert standing(plan).can == "start"
    (plan.output / "notes.txt").touch()
    found = standing(plan)
    assert (found.can, "other files: choose" in found.said) == ("", True)
    assert "a file: choose a folder" in standing(plan, output=plan.output / "notes.txt").said


def test_what_was_stopped_is_gone_on_with_by_the_same_choices_only(plan):
    write_card(plan.output, plan.folder, [0.5, 0.25])
    found = standing(plan)
    assert (found.can, found.begun) == ("go on", None)
    assert "after 2 of 3 steps" in found.said
    for other in ({"steps": 4}, {"teacher": "ViT-B-16/laion2b_s34b_b88k"}):
        found = standing(plan, **other)
        assert (found.can, found.begun) == ("", plan)
        assert "by demo in 3 steps" in found.said
    # whether moved pictures are the same, the training finds out
    found = standing(plan, folder=plan.folder.parent / "elsewhere")
    assert (found.can, found.begun) == ("go on", plan)
    assert "same pictures only" in found.said


def test_a_model_that_is_there_can_be_used_and_is_never_replaced(plan):
    write_card(plan.output, plan.folder, [0.5], pictures=2, loss=0.5, weights="w")
    assert standing(plan).can == "use"
    assert standing(plan, steps=4).can == ""
    assert standing(plan, folder=plan.folder.parent).can == ""


def test_a_damaged_card_is_said(plan):
    plan.output.mkdir()
    (plan.output / "model.json").write_text("{}")
    found = standing(plan)
    assert (found.can, "is damaged" in found.said) == ("", True)


def test_a_model_of_another_training_is_left_alone(plan):
    plan.output.mkdir()
    (plan.output / "model.json").write_text('{"format": "napari-ovseg fast model"}')
    found = standing(plan)
    assert (found.can, "another kind of model" in found.said, "remove" in found.said) == ("", True, False)


def test_the_suggested_folder_is_free_or_of_the_same_training(plan):
    assert free_folder(ADAPT, plan.folder, "demo", 3) == plan.output
    write_card(plan.output, plan.folder, [0.5])
    assert free_folder(ADAPT, plan.folder, "demo", 3) == plan.output
    assert free_folder(ADAPT, plan.folder, "demo", 4).name == "cells-adapted-2"


@pytest.mark.parametrize("log", ["", "step,loss\n1,x\n", "no table", None])
def test_a_log_that_is_none_has_no_losses(tmp_path, log):
    if log is not None:
        (tmp_path / LOG).write_text(log)
    assert losses_in(tmp_path) == []


def test_only_vision_transformers_of_the_list_teach():
    names = [choice.name for choice in ADAPT.teachers()]
    assert {"demo", "ViT-B-16-quickgelu/openai"} <= set(names)
    assert not {"photos", "RN50-quickgelu/openai", "convnext_base_w/laion2b_s13b_b82k_augreg"} & set(names)


def test_all_of_it_is_known_without_torch(plan):
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from napari_ovseg._napari.panel.training_kinds import ADAPT, Plan\n"
        f"ADAPT.teachers(); ADAPT.standing(Plan(ADAPT, Path('x'), 'demo', Path({str(plan.output)!r}), 3))\n"
        "assert 'torch' not in sys.modules\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("letter", ["n", "核"])
def test_a_folder_beside_one_of_the_longest_name_can_be_made(tmp_path, letter):
    pictures = tmp_path / (letter * (255 // len(letter.encode())))
    pictures.mkdir()
    output = free_folder(ADAPT, pictures, "demo", 3)
    output.mkdir()
    assert output.name.endswith("-adapted")
    (output / "notes.txt").touch()
    assert free_folder(ADAPT, pictures, "demo", 3).name.endswith("-adapted-2")


def test_where_no_folder_can_be_looked_at_one_is_named_all_the_same(tmp_path):
    assert free_folder(ADAPT, tmp_path / ("n" * 300) / "cells", "demo", 3).name == "cells-adapted-100"
