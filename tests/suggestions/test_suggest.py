"""Suggesting names, against a slow reading with the network itself, and by its promises."""

from __future__ import annotations

import math

import numpy as np
import open_clip
import pytest
import torch

from napari_ovseg import Category, load_model, segment, suggest
from napari_ovseg.demo.scenes import sample_scene
from napari_ovseg.errors import Cancelled, InputError
from napari_ovseg.images import to_rgb
from napari_ovseg.models.clip.card import ClipCard
from napari_ovseg.models.clip.model import ClipModel
from napari_ovseg.models.clip.registry import DEMO_FOLDER
from napari_ovseg.models.clip.relevance import relevance_maps
from napari_ovseg.models.clip.trunk import image_vectors, trunk_states
from napari_ovseg.models.presence import OTHER_WORDS
from napari_ovseg.picture_relevance import LOOKING
from napari_ovseg.suggestions import AGAIN, LOOKED_AT_AGAIN, NAMES
from napari_ovseg.suggestions.evidence import box_around
from napari_ovseg.views.augmentation import View, render
from napari_ovseg.views.source import PictureInMemory

VISION = {"image_size": 32, "layers": 2, "width": 32, "head_width": 8, "patch_size": 8}
TEXT = {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1}
NAMED = ["cat", "dog", "red ball", "tree"]
BUNDLED = pytest.mark.skipif(
    not (DEMO_FOLDER / "demo.safetensors").exists(), reason="the bundled model is not trained yet"
)


pytestmark = pytest.mark.usefixtures("own_text_cache")


def tiny(bias: float | None, method: str = "explain") -> ClipModel:
    torch.manual_seed(0)
    network = open_clip.CLIP(24, VISION, TEXT, init_logit_bias=bias).eval().requires_grad_(False)
    for parameter in network.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)
    open_clip.set_model_preprocess_cfg(network, {"mean": (0.5,) * 3, "std": (0.5,) * 3, "size": (32, 32)})
    tokenizer = open_clip.SimpleTokenizer(context_length=16)
    spec = ClipCard("tiny", "tiny", checkpoint="random", method=method)
    return ClipModel(spec, network, tokenizer, torch.device("cpu"), f"tiny {bias}")


@pytest.fixture
def picture():
    smooth = np.random.default_rng(0).random((5, 7, 3)).repeat(8, 0).repeat(8, 1)
    return (255 * smooth).astype(np.uint8)


def odds_of(cosines: list[float], model: ClipModel) -> list[float]:
    logits = [float(model.network.logit_scale.exp()) * cosine for cosine in cosines]
    if model.network.logit_bias is not None:
        return [logit + float(model.network.logit_bias) for logit in logits]
    shares = [math.exp(logit) / sum(math.exp(other) for other in logits) for logit in logits]
    shares = [min(max(share, 1e-6), 1 - 1e-6) for share in shares]
    return [math.log(share / (1 - share)) for share in shares]


def slowly(picture: np.ndarray, names: list[str], model: ClipModel) -> dict[str, float]:
    """The score of each name with the preset "fast", one at a time, with the network's own functions."""
    others = [] if model.network.logit_bias is not None else [w for w in OTHER_WORDS if w != "background"]
    texts = model.encode(names + [word for word in others if word not in names])

    def look(part: np.ndarray, size: tuple[int, int]) -> list[float]:
        (vector,) = image_vectors(model.network, trunk_states(model.network, model.preprocess(part, size)))
        return odds_of([float(vector @ text) for text in texts], model)

    rgb = to_rgb(picture)
    size = (24, 40)  # 40 x 56 pixels, as 3 x 5 patches of about 32 ** 2 pixels
    flipped = np.ascontiguousarray(rgb[:, ::-1])
    whole = np.mean([look(rgb, size), look(flipped, size)], axis=0)
    maps = [
        relevance_maps(model.network, model.preprocess(seen, size), texts, "maskclip")
        for seen in (rgb, flipped)
    ]
    fused = (maps[0] + maps[1].flip(-1)) / 2
    cells = [odds_of(cell.tolist(), model) for cell in fused.flatten(1).T]
    found = {}
    for k, name in enumerate(names):
        coarse = (whole[k] + whole[k] + 4 * max(cell[k] for cell in cells)) / 6
        box = box_around(fused[k], *rgb.shape[:2])
        tall, wide = (box[2] - box[0]) * 40, (box[3] - box[1]) * 56
        side = 32 / math.sqrt(tall * wide)
        shown = tuple(8 * max(1, round(length * side / 8)) for length in (tall, wide))
        near = look(render(PictureInMemory(rgb).read(box, side=max(rgb.shape)), View(box=box)), shown)[k]
        found[name] = 1 / (1 + math.exp(-(coarse + near) / 2))
    return found


@pytest.mark.parametrize("bias", [-3.0, None])
def test_scores_are_those_of_a_slow_reading(picture, bias):
    model = tiny(bias)
    found = suggest(picture, NAMED, model=model, preset="fast")
    expected = slowly(picture, NAMED, model)
    assert {one.name: one.score for one in found.ranked} == pytest.approx(expected, abs=1e-4)
    scores = [one.score for one in found.ranked]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= value <= 1 for one in found.ranked for value in (one.picture, one.windows, one.maps))


@pytest.mark.parametrize("bias", [-3.0, None])
def test_the_order_of_the_vocabulary_is_no_matter(picture, bias):
    model = tiny(bias)
    names = [f"thing {letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    first, second = (suggest(picture, order, model=model).ranked for order in (names, names[::-1]))
    scores = [{one.name: one.score for one in ranked} for ranked in (first, second)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-5)


def test_with_a_sigmoid_a_useless_name_changes_nothing(picture):
    model = tiny(-3.0)
    before = suggest(picture, NAMED, model=model).ranked
    after = suggest(picture, [*NAMED, "submarine"], model=model).ranked
    kept = [one for one in after if one.name != "submarine"]
    assert [one.name for one in kept] == [one.name for one in before]
    assert [one.score for one in kept] == pytest.approx([one.score for one in before], abs=1e-5)


def test_a_synonym_never_lowers_what_the_picture_says(picture):
    model = tiny(-3.0)
    alone = suggest(picture, ["cat", "dog"], model=model).ranked
    more = suggest(picture, ["cat: kitten, tom", "dog"], model=model).ranked
    one, other = (next(x for x in ranked if x.name == "cat") for ranked in (alone, more))
    assert other.picture >= one.picture - 1e-6
    assert other.category == Category("cat", ("kitten", "tom"))


def test_only_the_best_are_looked_at_again(picture):
    found = suggest(picture, [f"thing {k}" for k in range(30)], model=tiny(-3.0)).ranked
    assert sum(one.near is not None for one in found) == LOOKED_AT_AGAIN


def test_stages_are_told_and_a_stop_is_heard_at_once(picture):
    model = tiny(-3.0)
    told: list[tuple[str, int, int]] = []
    suggest(picture, NAMED, model=model, preset="fast", progress=lambda *step: told.append(step))
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == [NAMES, LOOKING, AGAIN]
    for stage in (NAMES, LOOKING, AGAIN):
        steps = [(done, total) for name, done, total in told if name == stage]
        assert steps == [(done, steps[0][1]) for done in range(steps[0][1] + 1)]
    for last in range(len(told)):
        seen: list[object] = []

        def stop(seen: list[object] = seen, last: int = last) -> bool:
            return len(seen) > last

        with pytest.raises(Cancelled):
            suggest(
                picture,
                NAMED,
                model=model,
                preset="fast",
                progress=lambda *step, seen=seen: seen.append(step),
                should_stop=stop if last < len(told) - 1 else lambda: True,
            )
        assert len(seen) <= last + 2


@pytest.mark.parametrize("method", ["explain", "cam"])
def test_a_run_looks_at_what_was_kept(picture, monkeypatch, method):
    from napari_ovseg.models.clip import model as module

    model, ran, real = tiny(-3.0, method), [], module.trunk_states
    suggest(picture, NAMED, model=model)
    monkeypatch.setattr(module, "trunk_states", lambda *a, **k: ran.append(1) or real(*a, **k))
    segment(picture, NAMED, model=model)
    assert not ran


@BUNDLED
def test_the_bundled_model_suggests_what_it_knows_and_says_what_it_does_not():
    model = load_model("demo", device="cpu")
    picture, _, names = sample_scene(3)
    found = suggest(picture, model=model, preset="fast")
    assert set(names) <= {one.name for one in found.ranked}
    assert not found.left_out
    assert not found.note
    typed = ["green rods: green sticks, striped green", "dog: hound", "white rings", "red cat"]
    found = suggest(picture, typed, model=model, preset="fast")
    # a synonym that it doesn't know is no reason to leave out a name that it knows
    assert {one.category.text for one in found.ranked} == {"green rods: striped green", "white rings"}
    assert [name.name for name in found.left_out] == ["dog", "red cat"]
    assert "dog, red cat" in found.note
    with pytest.raises(InputError, match=r'knows no name of this vocabulary.*"demo"'):
        suggest(picture, ["dog", "horse"], model=model)


@BUNDLED
def test_names_that_score_as_a_run_calls_absent_are_not_likely_and_it_is_said_where_none_is():
    model = load_model("demo", device="cpu")
    picture, _, names = sample_scene(3)
    found = suggest(picture, model=model, preset="fast")
    assert {one.name for one in found.likely} >= set(names)
    assert 0 < len(found.likely) < len(found.ranked)
    assert found.likely == tuple(one for one in found.ranked if one.score >= 0.2)
    unlikely = [one.name for one in found.ranked if one.score < 0.1]
    none = suggest(picture, unlikely, model=model, preset="fast")
    assert none.likely == ()
    assert "No name scores 0.2 or more" in none.note


@pytest.mark.parametrize(("bias", "least"), [(-1.0, 0.2), (None, 0.02)])
def test_the_least_score_is_that_of_a_run_with_the_model(picture, bias, least):
    assert suggest(picture, NAMED, model=tiny(bias), preset="fast").least == least


@BUNDLED
@pytest.mark.parametrize("shape", [(40, 400), (400, 40), (2, 50), (64, 64)])
def test_pictures_of_any_shape(shape):
    model = load_model("demo", device="cpu")
    picture = np.random.default_rng(0).random((*shape, 3)).astype(np.float32)
    found = suggest(picture, ["red circle", "brick"], model=model, preset="fast")
    assert all(math.isfinite(one.score) for one in found.ranked)
