"""Relevance scored as papers do, against a slow reading, and what it asks for."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import open_clip
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ovseg.errors import InputError
from napari_ovseg.evaluation import papers
from napari_ovseg.evaluation.datasets import open_dataset
from napari_ovseg.evaluation.paper_settings import Setting, setting_of
from napari_ovseg.evaluation.papers import best_phrase, short_side, strongest_phrase, window_cosines
from napari_ovseg.evaluation.readings import read
from napari_ovseg.evaluation.report import write_report
from napari_ovseg.evaluation.run import evaluate
from napari_ovseg.images import read_image, to_rgb
from napari_ovseg.models.clip.card import ClipCard
from napari_ovseg.models.clip.model import ClipModel
from napari_ovseg.models.clip.relevance import relevance_maps
from napari_ovseg.wording import PACKS

from . import archives
from .ways import way


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_OVSEG_CACHE", str(tmp_path / "cache"))
    torch.manual_seed(0)
    vision = {"image_size": 32, "layers": 2, "width": 32, "head_width": 8, "patch_size": 8}
    text = {"context_length": 32, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1}
    network = open_clip.CLIP(24, vision, text).eval().requires_grad_(False)
    open_clip.set_model_preprocess_cfg(network, {"mean": (0.5,) * 3, "std": (0.5,) * 3, "size": (32, 32)})
    tokenizer = open_clip.SimpleTokenizer(context_length=32)
    return ClipModel(
        ClipCard("tiny", "tiny", checkpoint="random"), network, tokenizer, torch.device("cpu"), "tiny"
    )


@settings(max_examples=20)
@given(
    st.integers(0, 2**16),
    st.integers(1, 5),
    st.sampled_from([0.0, 0.1, 0.6]),
    st.sampled_from([0.0, 0.3]),
    st.sampled_from([40.0, 65.0]),
)
def test_the_likeliest_phrase_wins_as_in_the_slow_reading(seed, count, least, least_area, scale):
    rng = np.random.default_rng(seed)
    maps = torch.from_numpy(rng.uniform(-0.1, 0.3, (count, 3, 4)).astype(np.float32))
    owners = torch.from_numpy(rng.integers(0, 3, count))
    large = torch.nn.functional.interpolate(maps[None], (7, 9), mode="bilinear", align_corners=False)[0]
    ids = best_phrase(maps, owners, (7, 9), Setting(scale=scale, least=least, least_area=least_area))
    chances = np.zeros((7, 9, 3))
    for row in range(7):
        for column in range(9):
            likely = np.exp(scale * large[:, row, column].double().numpy())
            likely /= likely.sum()
            for owner, chance in zip(owners.tolist(), likely, strict=True):
                chances[row, column, owner] = max(chances[row, column, owner], chance)
    won = chances.argmax(2)
    if least_area:
        for owner in (1, 2):
            if (won == owner).sum() <= least_area * (won > 0).sum():
                chances[..., owner] = 0
    assert (ids == np.where(chances.max(2) < least, 0, chances.argmax(2))).all()


@pytest.mark.parametrize(
    ("size", "side", "patch", "shown"),
    [
        ((375, 500), 336, 16, (336, 448)),
        ((500, 333), 336, 16, (505, 336)),
        ((1024, 2048), 560, 16, (560, 1120)),
        ((100, 2000), 336, 16, (102, 2048)),
        ((5, 2000), 336, 16, (16, 2048)),
    ],
)
def test_pictures_are_shown_at_the_papers_size(size, side, patch, shown):
    assert short_side(size, side, patch) == shown


@pytest.mark.parametrize(
    ("size", "shown", "lefts"), [((30, 50), (40, 67), (0, 16, 32, 43)), ((10, 700), (29, 2048), None)]
)
def test_windows_are_averaged_on_pixels(size, shown, lefts, model):
    """As SCLIP slides: each window's cosines are stretched over its pixels, wherever it begins."""
    setting = Setting(short_side=40, window=24, stride=16)
    rgb = np.random.default_rng(0).random((*size, 3), np.float32)
    vectors = model.encode(["cat", "dog"])
    found = window_cosines(rgb, vectors, model, "sclip", setting)
    assert found.shape == (2, *shown)
    if lefts is None:
        return
    large = torch.from_numpy(rgb).permute(2, 0, 1)[None]
    large = torch.nn.functional.interpolate(large, shown, mode="bilinear", align_corners=False)
    view = (large - 0.5) / 0.5
    sums, counts = torch.zeros(2, *shown), torch.zeros(shown)
    for top in (0, 16):
        for left in lefts:
            crop = view[..., top : top + 24, left : left + 24]
            maps = relevance_maps(model.network, crop, vectors, "sclip", positions="sclip")
            stretched = torch.nn.functional.interpolate(maps[None], (24, 24), mode="bilinear")[0]
            for row in range(24):
                for column in range(24):
                    sums[:, top + row, left + column] += stretched[:, row, column]
                    counts[top + row, left + column] += 1
    assert counts.min() > 0
    torch.testing.assert_close(found, sums / counts, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("method", "name", "setting"),
    [
        ("sclip", "voc21", Setting(336, 224, 112, 65, 0.1, 0.1)),
        ("sclip", "coco-stuff", Setting(448, 224, 112, 40)),
        ("naclip", "context60", Setting(336, 224, 112, 40, 0.1)),
        ("scclip", "coco-stuff", Setting(336, 224, 112, 40)),
        ("scclip", "coco-object", Setting(336, 224, 112, 55, 0.35)),
        ("clearclip", "voc20", Setting(448, 448, 224, 50)),
        ("clearclip", "voc21", Setting(448, 448, 224, 50, 0.5)),
        ("clearclip", "cityscapes", Setting(448, 224, 224, 50)),
        ("maskclip", "cityscapes", Setting(560, 224, 112, 40)),
        ("sclip", "nuclei", Setting(336, 224, 112, 40, 0.1)),
    ],
)
def test_each_method_has_the_values_of_its_authors(method, name, setting):
    dataset = SimpleNamespace(name=name, has_background=name not in ("voc20", "coco-stuff", "cityscapes"))
    assert setting_of(method, dataset) == setting


def test_every_phrase_competes_in_eighty_prompts_and_background_has_its_words(tmp_path, model, heard):
    archives.voc(tmp_path, {"a": (0, 15)})
    plain = open_dataset("voc21", tmp_path).names[1:]
    lines = [f"{name}, {name} in snow" if name == "person" else name for name in plain]
    file = archives.text(tmp_path / "phrases.txt", "sky, wall", *lines)
    dataset = open_dataset("voc21", tmp_path, naming=str(file))
    how = way(model, "known-labels", "papers", method="naclip")
    found = evaluate(dataset, how, tmp_path / "out")
    phrases, templates = heard[-1]
    assert phrases == ["sky", "wall", "person", "person in snow"]
    assert len(templates) == 80
    assert "a bad photo of a {}." in templates
    assert set(found.pictures[0].masks.of) <= {0, 15}
    assert list(write_report(found)["stages"]) == ["relevance"]
    assert "relevance alone" in (tmp_path / "out/report.md").read_text()
    assert "seed" not in found.settings


def test_a_background_without_words_is_asked_for_by_that_name(tmp_path, model, heard):
    archives.voc(tmp_path, {"a": (0, 15)})
    how = way(model, "known-labels", "papers", method="sclip")
    evaluate(open_dataset("voc21", tmp_path), how, tmp_path / "21")
    assert [phrases for phrases, _ in heard] == [["background", "person"]]
    heard.clear()
    found = evaluate(open_dataset("voc20", tmp_path), how, tmp_path / "20")
    assert [phrases for phrases, _ in heard] == [["person"]]
    assert found.pictures[0].masks.iou() == {14: 1.0}


def test_a_method_that_no_paper_scores_so_is_refused(tmp_path, model):
    archives.voc(tmp_path, {"a": (0, 15)})
    how = way(model, "known-labels", "papers", method="explain")
    with pytest.raises(InputError, match="No paper scores explain so"):
        evaluate(open_dataset("voc21", tmp_path), how, tmp_path / "out")


@settings(max_examples=20)
@given(st.integers(0, 2**16), st.integers(1, 5), st.sampled_from([None, 1.0, 2.0]))
def test_the_strongest_phrase_wins_unless_background_is_stronger(seed, count, power):
    rng = np.random.default_rng(seed)
    maps = torch.from_numpy(rng.random((count, 3, 4)).astype(np.float32))
    owners = torch.from_numpy(rng.integers(1, 4, count))
    large = torch.nn.functional.interpolate(maps[None], (7, 9), mode="bilinear", align_corners=False)[0]
    ids = strongest_phrase(maps, owners, (7, 9), power)
    for row in range(7):
        for column in range(9):
            here = large[:, row, column].tolist()
            scores = here if power is None else [(1 - max(here)) ** power, *here]
            expected = owners.tolist() if power is None else [0, *owners.tolist()]
            assert ids[row, column] == expected[scores.index(max(scores))]


def test_clip_es_looks_once_at_the_size_of_the_picture_against_its_words(tmp_path, model):
    archives.voc(tmp_path, {"a": (0, 15, 20), "empty": (0,)})
    dataset = open_dataset("voc21", tmp_path)
    found = evaluate(dataset, way(model, "known-labels", "papers", method="cam"), tmp_path / "out")
    picture = to_rgb(read_image(dataset.pairs[0].picture))
    prompts = ("a clean origami {}.",)
    words = model.encode(PACKS["natural scene"].words, templates=prompts)
    assert len(words) == 25
    # 24 x 32 pixels are whole patches of 8: the view is the picture
    maps = relevance_maps(
        model.network,
        model.preprocess(picture, (24, 32)),
        model.encode(["person", "tv monitor"], templates=prompts),
        "cam",
        background=words,
        positions="clip-es",
    )
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    stretched = (maps - low) / (high - low + 1e-7)
    large = torch.nn.functional.interpolate(stretched[None], (24, 32), mode="bilinear")[0]
    assert list(found.pictures[0].stages) == ["background power 1", "background power 2"]
    for power, counted in zip((1, 2), found.pictures[0].stages.values(), strict=True):
        scores = torch.cat([(1 - large.amax(0, keepdim=True)) ** power, large])
        painted = torch.tensor([0, 15, 20])[scores.argmax(0)]
        for number in (0, 15, 20):
            assert counted.of.get(number, [0, 0, 0])[1] == (painted == number).sum()
    assert found.pictures[1].stages.keys() == found.pictures[0].stages.keys()
    assert list(write_report(found)["stages"]) == ["background power 1", "background power 2"]


def test_clip_es_shows_whole_patches_and_takes_words_that_are_given(tmp_path, model, monkeypatch):
    archives.voc(tmp_path, {"a": (0, 15)})
    archives.picture(tmp_path / "VOCdevkit/VOC2012/JPEGImages/a.jpg", size=(25, 30))
    archives.mask(tmp_path / "VOCdevkit/VOC2012/SegmentationClass/a.png", 0, 15, size=(25, 30))
    plain = open_dataset("voc21", tmp_path).names[1:]
    file = archives.text(tmp_path / "phrases.txt", "sky, wall", *plain)
    seen = []

    def watched(network, view, texts, method, **options):
        seen.append((tuple(view.shape[2:]), len(texts), len(options["background"])))
        return relevance_maps(network, view, texts, method, **options)

    monkeypatch.setattr(papers, "relevance_maps", watched)
    how = way(model, "known-labels", "papers", method="cam")
    evaluate(open_dataset("voc21", tmp_path, naming=str(file)), how, tmp_path / "21")
    found = evaluate(open_dataset("voc20", tmp_path), how, tmp_path / "20")
    assert seen == [((32, 32), 1, 2), ((32, 32), 1, 25)]
    assert list(found.pictures[0].stages) == ["relevance"]
    assert found.pictures[0].masks.iou() == {14: 1.0}


def test_the_phrase_of_clip_es_that_has_commas_is_said_with_them(tmp_path, model, heard):
    archives.voc(tmp_path, {"a": (0, 15)})
    dataset = open_dataset("voc21", tmp_path, naming="clip-es")
    evaluate(dataset, way(model, "known-labels", "papers", method="cam"), tmp_path / "out")
    assert heard[0][0][0] == "person with clothes,people,human"


def test_other_templates_make_other_vectors_and_are_kept_apart(model):
    one = model.encode(["cat"])
    two = model.encode(["cat"], templates=("a drawing of a {}.",))
    assert not torch.allclose(one, two)
    assert torch.equal(model.encode(["cat"]), one)


def test_read_gives_classes_not_ids(tmp_path, model):
    archives.voc(tmp_path, {"a": (0, 15, 20)})
    dataset = open_dataset("voc20", tmp_path)
    from napari_ovseg.evaluation.protocols import asked
    from napari_ovseg.evaluation.truth import read_pair

    picture, truth = read_pair(dataset, dataset.pairs[0])
    names = asked(dataset, truth, "known-labels")
    painted, seconds = read(picture, dataset, names, way(model, "known-labels", "papers", method="maskclip"))
    assert set(np.unique(painted["relevance"])) <= {14, 19}
    assert seconds["Relevance"] > 0
