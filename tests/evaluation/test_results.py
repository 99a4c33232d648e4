"""Runs that go on where they stopped, on tiny archives: what is kept, what is done again, what is refused."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace

import pytest

from napari_ovseg.errors import InputError
from napari_ovseg.evaluation import paper_settings, papers
from napari_ovseg.evaluation import run as running
from napari_ovseg.evaluation.datasets import open_dataset
from napari_ovseg.evaluation.report import summary
from napari_ovseg.evaluation.results import Results
from napari_ovseg.evaluation.run import evaluate
from napari_ovseg.models.clip.registry import DEMO_FOLDER

from . import archives
from .ways import way

pytestmark = [
    pytest.mark.usefixtures("little_training"),
    pytest.mark.skipif(
        not (DEMO_FOLDER / "demo.safetensors").exists(), reason="the bundled model is not there"
    ),
]


def saved(folder):
    return {path.name: path.stat().st_mtime_ns for path in (folder / "pictures").iterdir()}


def test_it_goes_on_where_it_stopped_and_finds_the_same(archive, tmp_path, how, asked, monkeypatch):
    dataset = open_dataset("voc21", archive)
    whole = summary(evaluate(dataset, how, tmp_path / "whole"))
    asked.clear()

    def stop(stage, done, total):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(dataset, how, tmp_path / "out", progress=stop)
    before = saved(tmp_path / "out")
    assert len(before) == len(asked) == 2
    # a file that was cut off is no result
    first = tmp_path / "out/pictures/a.json"
    first.write_text(first.read_text()[:50])
    resumed = evaluate(dataset, how, tmp_path / "out")
    assert len(asked) == 4
    assert saved(tmp_path / "out")["b.json"] == before["b.json"]
    figures = summary(resumed)
    assert figures.pop("seconds").keys() == whole.pop("seconds").keys()
    assert figures == whole


def test_pictures_of_any_name_are_kept_and_gone_on_with(tmp_path, how, asked):
    names = ["細胞" * 40, os.fsdecode(b"caf\xe9") if sys.platform == "linux" else "café"]
    for name in names:
        archives.picture(tmp_path / "d/images" / f"{name}.jpg")
        archives.mask(tmp_path / "d/masks" / f"{name}.png", 1, 2)
    archives.text(tmp_path / "d/classes.txt", "background", "cat", "dog")
    dataset = open_dataset("folder", tmp_path / "d")
    figures = summary(evaluate(dataset, how, tmp_path / "out"))
    for file in (tmp_path / "out").rglob("*"):
        file.name.encode()
        if file.suffix == ".json":
            json.dumps(json.loads(file.read_bytes()), ensure_ascii=False).encode()
    count = len(asked)
    assert summary(evaluate(dataset, how, tmp_path / "out")) == figures
    assert len(asked) == count == 2


def test_a_mask_that_was_mended_is_scored_again(archive, tmp_path, how, asked):
    dataset = open_dataset("voc21", archive)
    evaluate(dataset, how, tmp_path / "out")
    archives.mask(archive / "SegmentationClass/b.png", 3, 2)
    evaluate(dataset, how, tmp_path / "out")
    assert [names for names, _ in asked[3:]] == [["bicycle", "bird"]]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 1}, "seed was 0, is 1"),
        ({"pack": "aerial"}, "pack was guess, is aerial"),
        ({"preset": "balanced"}, "preset was fast, is balanced"),
        ({"protocol": "vocabulary"}, "protocol was known-labels, is vocabulary"),
        ({"method": "clearclip"}, "method was maskclip, is clearclip"),
    ],
)
def test_other_settings_are_not_mixed_in(archive, tmp_path, model, change, said):
    dataset = open_dataset("voc21", archive)
    evaluate(dataset, way(model, preset="fast"), tmp_path / "out", limit=1)
    before = saved(tmp_path / "out")
    with pytest.raises(InputError, match=f"{said}.*--output"):
        evaluate(dataset, way(model, **{"preset": "fast", **change}), tmp_path / "out")
    assert saved(tmp_path / "out") == before


def test_other_names_or_pictures_are_not_mixed_in(archive, tmp_path, how):
    evaluate(open_dataset("voc21", archive), how, tmp_path / "out", limit=1)
    with pytest.raises(InputError, match="naming was plain, is curated"):
        evaluate(open_dataset("voc21", archive, naming="curated"), how, tmp_path / "out")
    archives.text(archive / "ImageSets/Segmentation/val.txt", "b", "c")
    with pytest.raises(InputError, match=r"aren't in this dataset \(1, such as a\): .*--output"):
        evaluate(open_dataset("voc21", archive), how, tmp_path / "out")


def test_pictures_that_were_added_are_done_besides(archive, tmp_path, how, asked):
    stems = archive / "ImageSets/Segmentation/val.txt"
    archives.text(stems, "a", "b")
    evaluate(open_dataset("voc21", archive), how, tmp_path / "out")
    archives.text(stems, "a", "b", "c")
    asked.clear()
    found = evaluate(open_dataset("voc21", archive), how, tmp_path / "out")
    assert [result.key for result in found.pictures] == ["a", "b", "c"]
    assert len(asked) == 1


def test_other_phrases_in_the_same_folder_are_refused_in_words(archive, tmp_path, how):
    file = tmp_path / "mine.txt"
    plain = open_dataset("voc21", archive).names[1:]
    archives.text(file, "sky", *plain)
    evaluate(open_dataset("voc21", archive, naming=str(file)), how, tmp_path / "out", limit=1)
    archives.text(file, "sky, wall", *plain)
    with pytest.raises(InputError, match=r"\(other names\): give these again"):
        evaluate(open_dataset("voc21", archive, naming=str(file)), how, tmp_path / "out", limit=1)


def test_the_settings_say_all_that_a_result_depends_on(archive, model):
    settings = running.settings_of(open_dataset("voc21", archive), way(model))
    assert settings["method"] == "maskclip"
    assert settings.keys() >= {"dataset", "split", "protocol", "naming", "names", "model", "seed", "version"}


@pytest.mark.parametrize("change", [{"window": 448}, {"short_side": 448}, {"scale": 50.0}, {"least": 0.3}])
def test_a_folder_of_other_papers_values_is_not_gone_on_with(archive, tmp_path, model, monkeypatch, change):
    """Nobody sets these, but a later version of this package may have corrected them."""
    dataset, how = open_dataset("voc21", archive), way(model, "known-labels", "papers", method="naclip")
    evaluate(dataset, how, tmp_path / "out", limit=1)
    before = saved(tmp_path / "out")
    naclip = paper_settings.SETTINGS["naclip"]
    ((key, value),) = change.items()
    was = getattr(naclip["voc21"], key)
    monkeypatch.setitem(naclip, "voc21", replace(naclip["voc21"], **change))
    with pytest.raises(InputError, match=f"{key.replace('_', ' ')} was {was}, is {value}.*--output"):
        evaluate(dataset, how, tmp_path / "out")
    assert saved(tmp_path / "out") == before


@pytest.mark.parametrize(
    ("method", "name", "value", "said"),
    [
        ("naclip", "POSITIONS", {"naclip": "open_clip"}, "positions was sclip, is open_clip"),
        ("naclip", "LONG_SIDE", 1024, "long side was 2048, is 1024"),
        ("cam", "POSITIONS", {"cam": "open_clip"}, "positions was clip-es, is open_clip"),
        ("cam", "CLIP_ES_POWERS", (2.0,), r"powers was \[1.0, 2.0\], is \[2.0\]"),
        ("cam", "CLIP_ES_WORDS", ("sky",), "other words"),
    ],
)
def test_nor_is_one_of_other_positions_sizes_or_words(
    archive, tmp_path, model, monkeypatch, method, name, value, said
):
    dataset, how = open_dataset("voc21", archive), way(model, "known-labels", "papers", method=method)
    Results(tmp_path / "out", running.settings_of(dataset, how), ["a"])
    monkeypatch.setattr(papers, name, value)
    with pytest.raises(InputError, match=rf"\({said}\)"):
        evaluate(dataset, how, tmp_path / "out")


def test_a_folder_that_recorded_less_is_not_gone_on_with(archive, tmp_path, model):
    dataset, how = open_dataset("voc21", archive), way(model, "known-labels", "papers", method="naclip")
    less = {key: value for key, value in running.settings_of(dataset, how).items() if key != "stride"}
    Results(tmp_path / "out", less, ["a"])
    with pytest.raises(InputError, match=r"\(stride was not recorded, is 112\)"):
        evaluate(dataset, how, tmp_path / "out")


def test_what_no_paper_scores_is_refused_before_a_folder_is_made(archive, tmp_path, model):
    with pytest.raises(InputError, match="No paper scores explain so"):
        evaluate(
            open_dataset("voc21", archive),
            way(model, "known-labels", "papers", method="explain"),
            tmp_path / "out",
        )
    assert not (tmp_path / "out").exists()
