"""Models that were trained are in the list for as long as they are there."""

from __future__ import annotations

import shutil

import pytest

from napari_ovseg._napari.panel.last_training import keep_plan, last_plan
from napari_ovseg._napari.panel.model_choice import licence_notice, model_choices
from napari_ovseg._napari.panel.trained_models import remember_trained, trained_models
from napari_ovseg._napari.panel.training_kinds import ADAPT, Plan
from napari_ovseg._napari.remembered import remembered
from napari_ovseg.models.fast.card import FastCard
from napari_ovseg.models.registry import listed

from ..lesson import write_card


@pytest.fixture
def trained(tmp_path):
    def trained(name="cells-adapted", **how):
        done = {"pictures": 2, "loss": 0.5, "weights": "w"}
        write_card(tmp_path / name, tmp_path / "cells", [0.5], **(done | how))
        return tmp_path / name

    return trained


def test_those_that_are_there_are_offered_the_last_one_first(trained):
    one, two = trained("one"), trained("two")
    for folder in (one, two, one):
        assert remember_trained(str(folder))
    assert trained_models() == [one, two]
    choice = model_choices()[-2]
    assert (choice.name, choice.title) == (str(one), f"one - trained, in {one.parent}")
    assert "demo, adapted to 2 pictures of cells" in choice.note
    shutil.rmtree(one)
    assert trained_models() == [two]


def test_a_fast_model_is_offered_like_any_other(tmp_path):
    folder = tmp_path / "nuclei-fast"
    folder.mkdir()
    said = {"annotations": str(tmp_path / "nuclei"), "annotations_digest": "d", "window": 256, "steps": 3}
    done = {"teacher": "demo", "teacher_weights": "t", "weights": "w", "names": ("nucleus",), "pictures": 4}
    (folder / "model.json").write_text(FastCard(**said, **done).model_dump_json())
    assert remember_trained(str(folder))
    choice = model_choices()[-1]
    assert (choice.name, choice.title) == (str(folder), f"nuclei-fast - trained, in {tmp_path}")
    assert "Taught nucleus by 4 pictures of nuclei" in choice.note


def test_other_names_and_what_is_not_finished_are_not_remembered(trained):
    for name in ("demo", "", "ViT-B-16/laion2b_s34b_b88k", str(trained(weights=None))):
        assert not remember_trained(name)
    assert trained_models() == []


def test_a_teacher_that_is_not_in_the_list_is_told_by_its_name(trained):
    free = str(trained("free", teacher="ViT-B-32/laion2b_s34b_b79k"))
    assert [one.name for one in listed(free).methods] == ["maskclip"]
    assert licence_notice(free) is None
    for teacher in ("MobileCLIP-B/datacompdr", "hf-hub:apple/somebody", "ViT-B-16/metaclip_400m"):
        bound = str(trained("bound", teacher=teacher))
        assert "does not allow commercial use" in licence_notice(bound)
    assert "adapted to 2 pictures" in listed(bound).note


def test_what_was_asked_for_last_is_kept(tmp_path):
    assert last_plan() is None
    plan = Plan(ADAPT, tmp_path / "cells", "demo", tmp_path / "out", 7)
    keep_plan(plan)
    assert last_plan() == plan
    remembered().setValue("training/steps", "many")
    assert last_plan() is None
