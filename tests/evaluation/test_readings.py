"""Relevance scored as papers do, against a slow reading, and what it asks for."""

from __future__ import annotations

import numpy as np
import open_clip
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ovseg.clip.model import Model
from napari_ovseg.clip.registry import ModelSpec
from napari_ovseg.errors import InputError
from napari_ovseg.evaluation.datasets import open_dataset
from napari_ovseg.evaluation.readings import How, best_phrase, read, short_side
from napari_ovseg.evaluation.report import write_report
from napari_ovseg.evaluation.run import evaluate

from . import archives


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_OVSEG_CACHE", str(tmp_path / "cache"))
    torch.manual_seed(0)
    vision = {"image_size": 32, "layers": 2, "width": 32, "head_width": 8, "patch_size": 8}
    text = {"context_length": 32, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1}
    network = open_clip.CLIP(24, vision, text).eval().requires_grad_(False)
    open_clip.set_model_preprocess_cfg(network, {"mean": (0.5,) * 3, "std": (0.5,) * 3, "size": (32, 32)})
    tokenizer = open_clip.SimpleTokenizer(context_length=32)
    return Model(ModelSpec("tiny", "tiny", "random"), network, tokenizer, torch.device("cpu"), "tiny")


@settings(max_examples=20)
@given(st.integers(0, 2**16), st.integers(1, 5), st.sampled_from([0.0, 0.1, 0.6]))
def test_the_likeliest_phrase_wins_as_in_the_slow_reading(seed, count, least):
    rng = np.random.default_rng(seed)
    maps = torch.from_numpy(rng.uniform(-0.1, 0.3, (count, 3, 4)).astype(np.float32))
    owners = torch.from_numpy(rng.integers(0, 3, count))
    large = torch.nn.functional.interpolate(maps[None], (7, 9), mode="bilinear", align_corners=False)[0]
    ids = best_phrase(maps, owners, (7, 9), least)
    for row in range(7):
        for column in range(9):
            likely = np.exp(40 * large[:, row, column].double().numpy())
            likely /= likely.sum()
            of_id = {k: max(likely[owners.numpy() == k]) for k in owners.tolist()}
            best = max(of_id, key=of_id.get)
            assert ids[row, column] == (best if of_id[best] >= least else 0)


@pytest.mark.parametrize(
    ("size", "side", "patch", "shown"),
    [
        ((375, 500), 336, 16, (336, 448)),
        ((500, 333), 336, 16, (512, 336)),
        ((1024, 2048), 560, 16, (560, 1120)),
        ((100, 2000), 336, 16, (96, 2048)),
        ((336, 336), 336, 14, (336, 336)),
    ],
)
def test_pictures_are_shown_at_the_papers_size_in_whole_patches(size, side, patch, shown):
    assert short_side(size, side, patch) == shown


def test_every_phrase_competes_in_eighty_prompts_and_background_has_its_words(tmp_path, model, monkeypatch):
    archives.voc(tmp_path, {"a": (0, 15)})
    plain = open_dataset("voc21", tmp_path).names[1:]
    lines = [f"{name}, {name} in snow" if name == "person" else name for name in plain]
    file = archives.text(tmp_path / "phrases.txt", "sky, wall", *lines)
    dataset = open_dataset("voc21", tmp_path, naming=str(file))
    heard = {}
    encode = Model.encode_text

    def listening(self, phrases, *, templates=None):
        heard.update(phrases=phrases, templates=templates)
        return encode(self, phrases, templates=templates)

    monkeypatch.setattr(Model, "encode_text", listening)
    how = How(model, "known-labels", "papers", "naclip")
    found = evaluate(dataset, how, tmp_path / "out")
    assert heard["phrases"] == ["sky", "wall", "person", "person in snow"]
    assert len(heard["templates"]) == 80
    assert "a bad photo of a {}." in heard["templates"]
    assert set(found.pictures[0].masks.of) <= {0, 15}
    assert list(write_report(found)["stages"]) == ["relevance"]
    assert "relevance alone" in (tmp_path / "out/report.md").read_text()
    assert "seed" not in found.settings


def test_a_background_without_words_is_asked_for_by_that_name(tmp_path, model, monkeypatch):
    archives.voc(tmp_path, {"a": (0, 15)})
    phrases = []
    encode = Model.encode_text

    def listening(self, asked, *, templates=None):
        phrases.extend(asked)
        return encode(self, asked, templates=templates)

    monkeypatch.setattr(Model, "encode_text", listening)
    how = How(model, "known-labels", "papers", "sclip")
    evaluate(open_dataset("voc21", tmp_path), how, tmp_path / "21")
    assert phrases == ["background", "person"]
    phrases.clear()
    found = evaluate(open_dataset("voc20", tmp_path), how, tmp_path / "20")
    assert phrases == ["person"]
    assert found.pictures[0].masks.iou() == {14: 1.0}


@pytest.mark.parametrize("method", ["explain", "cam"])
def test_methods_without_cosines_are_refused(tmp_path, model, method):
    archives.voc(tmp_path, {"a": (0, 15)})
    how = How(model, "known-labels", "papers", method)
    with pytest.raises(InputError, match="no cosines"):
        evaluate(open_dataset("voc21", tmp_path), how, tmp_path / "out")


def test_other_templates_make_other_vectors_and_are_kept_apart(model):
    one = model.encode_text(["cat"])
    two = model.encode_text(["cat"], templates=("a drawing of a {}.",))
    assert not torch.allclose(one, two)
    assert torch.equal(model.encode_text(["cat"]), one)


def test_read_gives_classes_not_ids(tmp_path, model):
    archives.voc(tmp_path, {"a": (0, 15, 20)})
    dataset = open_dataset("voc20", tmp_path)
    from napari_ovseg.evaluation.protocols import asked
    from napari_ovseg.evaluation.truth import read_pair

    picture, truth = read_pair(dataset, dataset.pairs[0])
    names = asked(dataset, truth, "known-labels")
    painted, seconds = read(picture, dataset, names, How(model, "known-labels", "papers", "maskclip"))
    assert set(np.unique(painted["relevance"])) <= {14, 19}
    assert seconds["Relevance"] > 0
