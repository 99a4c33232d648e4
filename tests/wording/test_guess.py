"""The guess against its definition, and with the bundled model on real and generated pictures."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from napari_ovseg import load_model
from napari_ovseg.demo.scenes import scene
from napari_ovseg.images import to_rgb
from napari_ovseg.models.likeness import Likeness
from napari_ovseg.wording import PACKS, guess_pack

NUCLEI = Path(__file__).resolve().parents[3] / "shared" / "photos" / "nuclei"


def judge(cosines, *, scale=100.0, bias=None, unknown=()):
    """A model for which the image [1] has these cosines with the sentences of each pack."""
    by_sentence = {
        look: cosine
        for name, row in cosines.items()
        for look, cosine in zip(PACKS[name].looks, row, strict=False)
    }
    return SimpleNamespace(
        likeness=Likeness(scale, bias),
        card=SimpleNamespace(unknown_words=lambda phrases: [p for p in phrases if p in unknown]),
        encode=lambda phrases, templates: torch.tensor([[by_sentence.get(p, -1.0)] for p in phrases]),
    )


def test_the_best_sentence_speaks_and_the_packs_share():
    model = judge({"aerial": [0.1, 0.25], "driving": [0.24, 0.0]})
    guess = guess_pack(model, torch.ones(1, 1))
    assert guess.shares["aerial"] == pytest.approx(1 / (1 + math.exp(-1)), abs=1e-3)
    assert guess.pack is None, "a lead of 0.01 is not clear"
    clear = guess_pack(judge({"aerial": [0.25], "driving": [0.23]}), torch.ones(3, 1))
    assert clear.pack is PACKS["aerial"]


def test_what_a_sigmoid_finds_unlikely_is_not_taken():
    cosines = {"aerial": [0.25], "driving": [0.2]}
    assert guess_pack(judge(cosines, bias=-20.0), torch.ones(1, 1)).pack is PACKS["aerial"]
    assert guess_pack(judge(cosines, bias=-30.0), torch.ones(1, 1)).pack is None


def test_sentences_that_the_model_does_not_know_are_not_asked():
    unknown = {look for pack in PACKS.values() for look in pack.looks}
    assert guess_pack(judge({}, unknown=unknown), torch.ones(1, 1)).shares == {}
    model = judge({"aerial": [0.9], "driving": [0.2]}, unknown=set(PACKS["aerial"].looks))
    assert guess_pack(model, torch.ones(1, 1)).pack is PACKS["driving"]


def guessed(picture):
    model = load_model("demo", device="cpu")
    size = (model.input_size, model.input_size)
    vectors = model.image_vectors(model.trunk(model.preprocess(to_rgb(picture), size)))
    return getattr(guess_pack(model, vectors).pack, "name", "none")


def test_the_bundled_model_does_not_claim_to_know_generated_scenes():
    scenes = [scene(np.random.default_rng((7, i)), 192).picture for i in range(8)]
    assert [guessed(picture) for picture in scenes].count("none") >= 7


@pytest.mark.skipif(not NUCLEI.is_dir(), reason="the real nuclei are not here (../shared/photos/nuclei)")
@pytest.mark.parametrize(("kind", "pack"), [("fluorescence", "microscopy"), ("stained", "histology")])
def test_the_bundled_model_tells_stained_from_fluorescent(kind, pack):
    with (NUCLEI / "index.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == kind][::12][:6]
    files = [next((NUCLEI / "images").glob(f"{next(iter(row.values()))}.*")) for row in rows]
    found = [guessed(np.asarray(Image.open(file).convert("RGB"))) for file in files]
    assert found.count(pack) >= 5, found
