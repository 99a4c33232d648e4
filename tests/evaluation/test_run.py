"""Whole runs on tiny archives with the bundled model: the figures, going on, and bad input."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_ovseg.evaluation.datasets import open_dataset
from napari_ovseg.evaluation.problems import BadDataset
from napari_ovseg.evaluation.readings import STAGES
from napari_ovseg.evaluation.report import as_markdown, summary, write_report
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


def test_known_labels_are_those_of_each_picture_and_all_are_painted(archive, tmp_path, how, asked):
    found = evaluate(open_dataset("voc21", archive), how, tmp_path / "out")
    assert [names for names, _ in asked] == [["aeroplane"], ["bicycle"], ["aeroplane", "tv monitor"]]
    assert all(settings.known and settings.background for _, settings in asked)
    for result in found.pictures:
        masks, truth = (
            found.results.masks(result.key),
            np.asarray(Image.open(archive / f"SegmentationClass/{result.key}.png")),
        )
        for number, (right, painted, there) in result.masks.of.items():
            seen = truth != 255
            assert right == ((masks == number) & (truth == number)).sum()
            assert painted == ((masks == number) & seen).sum()
            assert there == (truth == number).sum()


def test_one_pack_can_be_taken_for_all_pictures_and_the_report_says_so(archive, tmp_path, model, asked):
    how = way(model, preset="fast", pack="natural scene")
    found = evaluate(open_dataset("voc21", archive), how, tmp_path / "out")
    assert [settings.pack for _, settings in asked] == ["natural scene"] * 3
    assert "background pack natural scene" in as_markdown(write_report(found))


def test_a_vocabulary_is_the_same_for_every_picture_and_judged(archive, tmp_path, model, asked):
    dataset = open_dataset("voc21", archive, naming="curated")
    found = evaluate(dataset, way(model, "vocabulary", preset="fast"), tmp_path / "out", limit=2)
    assert len(found.pictures) == len(asked) == 2
    for names, settings in asked:
        assert len(names) == 21
        assert names[-1] == "background"
        assert not settings.known
    assert found.pictures[0].asked[0] == "aeroplane"


@pytest.mark.parametrize("protocol", ["known-labels", "vocabulary"])
def test_without_background_every_pixel_gets_a_class(archive, tmp_path, model, protocol):
    dataset = open_dataset("voc20", archive)
    found = evaluate(dataset, way(model, protocol, preset="fast"), tmp_path / "out")
    for result in found.pictures:
        masks = found.results.masks(result.key)
        assert masks.min() >= 1
        for stage in STAGES:
            painted = sum(counted[1] for counted in result.stages[stage].of.values())
            assert painted == sum(counted[2] for counted in result.stages[stage].of.values())


def test_pictures_with_nothing_to_name_count_as_background(tmp_path, how, asked):
    archive = archives.voc(tmp_path, {"empty": (0,), "void": (255,)})
    found = evaluate(open_dataset("voc21", archive), how, tmp_path / "out")
    assert not asked
    assert found.pictures[0].masks.iou() == {0: 1.0}
    assert found.pictures[1].masks.mean_iou() is None
    assert summary(found)["mean mIoU of pictures"] == 1.0


def test_bad_input_is_listed_and_ends_nothing(archive, tmp_path, how):
    (archive / "SegmentationClass/a.png").unlink()
    archives.mask(archive / "SegmentationClass/b.png", 77)
    dataset = open_dataset("voc21", archive)
    found = evaluate(dataset, how, tmp_path / "out")
    assert [result.key for result in found.pictures] == ["c"]
    assert list(found.bad) == ["a", "b"]
    numbers = write_report(found)
    assert numbers["skipped"]["b"].endswith("mend the mask.")
    tables = (tmp_path / "out/report.md").read_text()
    assert "1 of 3 pictures, 2 skipped." in tables
    assert str(archive / "SegmentationClass/b.png") in tables
    archives.mask(archive / "SegmentationClass/c.png", 77)
    with pytest.raises(BadDataset, match=r"None of the 3 .* The first: There is no mask .*a\.png"):
        evaluate(open_dataset("voc21", archive), how, tmp_path / "out")


def test_a_file_that_the_system_refuses_is_named(archive, tmp_path, how, monkeypatch):
    refused, read = archive / "JPEGImages/b.jpg", Path.read_bytes

    def reading(self):
        if self == refused:
            raise PermissionError(13, "Permission denied")
        return read(self)

    monkeypatch.setattr(Path, "read_bytes", reading)
    dataset = open_dataset("voc21", archive)
    bad = evaluate(dataset, how, tmp_path / "out").bad
    assert list(bad) == ["b"]
    assert "b.jpg can't be read (Permission denied)" in bad["b"]


def test_the_report_holds_every_figure_once_pooled_and_once_by_picture(archive, tmp_path, how):
    found = evaluate(open_dataset("voc21", archive), how, tmp_path / "out")
    numbers = write_report(found)
    assert json.loads((tmp_path / "out/report.json").read_text()) == numbers
    right, painted, there = (
        np.sum([[r.masks.of.get(k, [0] * 3)[column] for k in range(21)] for r in found.pictures], axis=0)
        for column in range(3)
    )
    either = painted + there - right
    iou = right[either > 0] / either[either > 0]
    assert numbers["pooled mIoU"] == pytest.approx(iou.mean())
    assert numbers["pixel accuracy"] == pytest.approx(right.sum() / there.sum())
    own = [np.mean(list(result.masks.iou().values())) for result in found.pictures]
    assert numbers["mean mIoU of pictures"] == pytest.approx(np.mean(own))
    assert numbers["stages"]["edges"] == {
        "pooled": numbers["pooled mIoU"],
        "pictures": numbers["mean mIoU of pictures"],
    }
    assert sum(numbers["seconds"].values()) > 0
    assert as_markdown(numbers).count("\n| ") == 1 + 1 + 1 + 4 + 1 + 21 + 1 + len(numbers["seconds"])
    sheet = Image.open(tmp_path / "out/contact_sheet.png")
    assert sheet.height > 3 * 240


def test_a_bar_in_a_name_stays_in_its_cell(tmp_path, how):
    archives.picture(tmp_path / "images/one.jpg")
    archives.mask(tmp_path / "masks/one.png", 0, 1)
    archives.text(tmp_path / "classes.txt", "background", "left|right")
    numbers = write_report(evaluate(open_dataset("folder", tmp_path), how, tmp_path / "out"))
    (line,) = (line for line in as_markdown(numbers).splitlines() if line.startswith("| left"))
    assert line.startswith(r"| left\|right | ")


def test_things_with_a_mask_each_are_one_class(tmp_path, how):
    archives.picture(tmp_path / "stage1_train/0a7d/images/0a7d.png")
    for number in range(2):
        archives.mask(tmp_path / f"stage1_train/0a7d/masks/{number}.png", *np.roll([255, 0, 0], number))
    found = evaluate(open_dataset("nuclei", tmp_path), how, tmp_path / "out")
    pixels = np.prod(archives.SIZE)
    assert found.pictures[0].masks.of[1][2] == pytest.approx(2 / 3 * pixels, abs=30)
    shutil.rmtree(tmp_path / "stage1_train/0a7d/masks")
    with pytest.raises(BadDataset, match="no mask for"):
        evaluate(open_dataset("nuclei", tmp_path), how, tmp_path / "out")


def test_many_classes_fit(tmp_path, model):
    archives.picture(tmp_path / "images/one.jpg")
    archives.mask(tmp_path / "masks/one.png", 0, 1)
    archives.text(tmp_path / "classes.txt", *(f"thing {k}" for k in range(300)))
    how = way(model, "vocabulary", preset="fast")
    found = evaluate(open_dataset("folder", tmp_path), how, tmp_path / "out")
    assert found.results.masks("one").max() <= 300
    assert len(found.pictures[0].asked) == 300


def test_words_are_warned_of_only_when_the_model_was_asked_for_them(archive, tmp_path, model, monkeypatch):
    """Also where every picture has a result already, so that no run asks."""
    learnt = []

    def learn(_model, categories):
        learnt.extend(one.name for one in categories)

    def note(_card, categories):
        return ", ".join(one.name for one in categories if one.name not in learnt)

    monkeypatch.setattr("napari_ovseg.evaluation.run.ask_for", learn)
    monkeypatch.setattr("napari_ovseg.evaluation.run.unknown_note", note)
    for _ in range(2):
        learnt.clear()
        found = evaluate(open_dataset("voc21", archive), way(model, preset="fast"), tmp_path / "out", limit=1)
        assert "aeroplane" in learnt
        assert found.warnings == model.notes
