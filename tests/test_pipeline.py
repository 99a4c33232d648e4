"""The two entries of the method, by their contracts and on pictures whose truth is known."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ovseg import Category, load_model, refine, segment, segment_maps
from napari_ovseg.demo.scenes import sample_scene
from napari_ovseg.errors import Cancelled, InputError
from napari_ovseg.models.clip.relevance import METHODS
from tiny import square, tiny_model

pytestmark = pytest.mark.usefixtures("own_text_cache")


@pytest.fixture
def model(little_training):
    """Of random weights: nobody asks how good its masks are."""
    return tiny_model()


@pytest.fixture
def picture():
    return np.random.default_rng(0).integers(0, 255, (40, 56, 3), np.uint8)


@pytest.mark.usefixtures("everything_there", "little_training")
@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_masks_and_is_recorded(picture, method):
    model = tiny_model(layers=3)
    found = segment(picture, "cat, Grass; background: sky", model=model, preset="fast", method=method)
    assert found.record["method"] == method
    assert found.masks.shape == picture.shape[:2]
    again = segment(picture, "cat, Grass; background: sky", model=model, preset="fast", method=method)
    assert (again.masks == found.masks).all()


@pytest.mark.usefixtures("everything_there")
def test_a_method_the_model_lacks_says_what_to_use(model, picture):
    with pytest.raises(InputError, match="explain or maskclip"):
        segment(picture, "cat", model=model, preset="fast", method="scclip")
    with pytest.raises(InputError, match="use one of explain, cam"):
        segment(picture, "cat", model=model, preset="fast", method="magic")


@pytest.mark.usefixtures("everything_there")
def test_segment_keeps_the_contract(model, picture):
    early = []
    found = segment(
        picture, "cat; dog: puppy; background: grass, sky", model=model, preset="fast",
        on_pseudo_labels=lambda labels, confidence: early.append((labels, confidence)),
    )  # fmt: skip
    assert [category.name for category in found.categories] == ["cat", "dog"]
    assert found.background is not None
    assert found.background.phrases == ("grass", "sky")
    assert found.masks.shape == found.pseudo_labels.shape == found.confidence.shape == (40, 56)
    assert found.masks.dtype == found.pseudo_labels.dtype == np.uint8
    assert set(np.unique(found.masks)) <= {0, 1, 2}
    assert set(np.unique(found.pseudo_labels)) <= {0, 1, 2, 255}
    assert found.relevance.dtype == found.confidence.dtype == found.presence.dtype == np.float32
    assert found.relevance.min() == 0
    assert found.relevance.max() == 1
    assert 0 <= found.confidence.min() <= found.confidence.max() <= 1
    assert len(early) == 1
    np.testing.assert_array_equal(early[0][0], found.pseudo_labels)
    record = json.loads(json.dumps(found.record))
    assert record["preset"] == "fast"
    assert record["views"] == 2
    assert record["method"] == "explain"
    assert list(record["seconds"]) == [
        "Looking at the picture", "Pseudo-labels", "Training on this picture", "Edges",
    ]  # fmt: skip
    assert list(found.stages) == ["relevance", "pseudo-labels", "distilled", "edges"]


@pytest.mark.usefixtures("everything_there")
def test_segment_is_segment_maps_on_the_models_maps(model, picture):
    """One path: same seed, same masks; another seed may differ only by its draws."""
    one, other = (segment(picture, "cat, dog", model=model, preset="fast", seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.masks, other.masks)
    np.testing.assert_array_equal(one.confidence, other.confidence)


@pytest.mark.usefixtures("everything_there")
def test_progress_counts_up_in_every_stage(model, picture):
    seen: dict[str, list[tuple[int, int]]] = {}
    segment(
        picture, "cat", model=model, preset="balanced",
        progress=lambda stage, done, total: seen.setdefault(stage, []).append((done, total)),
    )  # fmt: skip
    assert list(seen) == ["Looking at the picture", "Pseudo-labels", "Training on this picture", "Edges"]
    for reports in seen.values():
        done, totals = zip(*reports, strict=True)
        assert list(done) == sorted(done)
        assert len(set(totals)) == 1
        assert done[0] == 0
        assert done[-1] == totals[0]


@pytest.mark.usefixtures("everything_there")
@pytest.mark.parametrize("allowed", [0, 1, 4, 9])
def test_stopping_is_heeded_within_one_step(model, picture, allowed):
    asked = []

    def should_stop():
        asked.append(1)
        return len(asked) > allowed

    with pytest.raises(Cancelled):
        segment(picture, "cat", model=model, preset="fast", should_stop=should_stop)
    assert len(asked) == allowed + 1


def test_a_category_that_is_absent_is_not_painted():
    picture, rough, truth = square()
    maps = torch.cat([rough, rough.flip(1)])
    found = segment_maps(picture, maps, categories="square, ghost", presence=[0.9, 0.1])
    assert found.record["absent"] == ["ghost"]
    assert 2 not in found.masks
    assert 2 not in found.pseudo_labels
    assert (found.masks[truth] == 1).mean() > 0.9


def test_when_all_is_absent_all_is_background():
    picture, rough, _ = square()
    found = segment_maps(picture, rough, categories="ghost", presence=[0.0])
    assert found.masks.max() == 0
    assert found.pseudo_labels.max() == 0
    assert found.record["absent"] == ["ghost"]


@pytest.mark.usefixtures("little_training")
@settings(max_examples=10)
@given(st.integers(1, 5), st.integers(0, 2**16), st.floats(0.01, 1), st.booleans())
def test_without_background_every_pixel_is_of_something_that_is_there(count, seed, sure, flat):
    rng = np.random.default_rng(seed)
    picture = rng.integers(0, 255, (24, 30, 3), np.uint8)
    maps = np.zeros((count, 5, 6)) if flat else rng.normal(size=(count, 5, 6))
    presence = (rng.random(count) * sure).astype(np.float32)
    found = segment_maps(picture, maps, presence=presence, background=False)
    there = np.flatnonzero((presence >= 0.2) | ((presence < 0.2).all() & (presence == presence.max()))) + 1
    assert set(np.unique(found.masks)) <= set(there.tolist())
    for soft in found.stages.values():
        assert soft[0].max() == 0
        assert torch.allclose(soft.sum(0), torch.ones(()), atol=1e-4)
    again = refine(picture, found, found.masks)
    assert 0 not in again.masks


def test_without_background_the_best_map_wins_where_all_are_weak():
    picture, rough, truth = square()
    found = segment_maps(picture, torch.cat([rough, 1 - rough]), background=False)
    assert (found.masks[truth] == 1).mean() > 0.9
    assert (found.masks[~truth] == 2).mean() > 0.9


def test_background_words_need_a_background():
    picture, rough, _ = square()
    with pytest.raises(InputError, match="leave them out"):
        segment_maps(picture, rough.repeat(2, 1, 1), categories="a; background: b", background=False)


@pytest.mark.parametrize("known", [False, True])
def test_names_that_are_known_to_be_there_are_not_judged_absent(model, picture, monkeypatch, known):
    monkeypatch.setattr("napari_ovseg.sight.presence_of", lambda *asked: torch.zeros(len(asked[-1])))
    found = segment(picture, "cat, dog", model=model, preset="fast", known=known)
    assert found.record["absent"] == ([] if known else ["cat", "dog"])
    assert found.record["known"] is known
    assert bool(found.masks.any()) is known
    assert found.presence.max() == 0


def test_masks_follow_the_picture_not_the_cells():
    picture, rough, truth = square()
    found = segment_maps(picture, rough)
    mask = found.masks == 1
    assert (mask & truth).sum() / (mask | truth).sum() > 0.9
    assert found.categories == (Category("category 1"),)


def test_the_background_words_take_what_they_explain_better():
    picture, rough, truth = square()
    found = segment_maps(
        picture, torch.cat([0.5 * rough + rough.roll(4, 1), rough]), categories="thing; background: square"
    )
    assert (found.masks[truth] == 0).mean() > 0.9


def test_large_pictures_get_masks_of_full_size():
    picture, rough, truth = square()
    found = segment_maps(np.kron(picture, np.ones((40, 30, 1), np.uint8)), rough)
    big = np.kron(truth, np.ones((40, 30), bool))
    mask = found.masks == 1
    assert mask.shape == big.shape
    assert (mask & big).sum() / (mask | big).sum() > 0.9


@pytest.mark.usefixtures("little_training")
@settings(max_examples=15, deadline=None)
@given(
    st.tuples(st.integers(2, 40), st.integers(2, 40)),
    st.tuples(st.integers(1, 3), st.integers(1, 7), st.integers(1, 7)),
    st.sampled_from(["noise", "constant", "huge", "tiny"]),
    st.sampled_from(["none", "constant", "noise"]),
)
def test_any_shapes_and_values_give_sound_masks(size, shape, values, features):
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 255, (*size, 3), np.uint8)
    picture[0, 0], picture[-1, -1] = 0, 255
    scale = {"noise": 1.0, "constant": 0.0, "huge": 1e30, "tiny": 1e-30}[values]
    maps = (scale * rng.normal(size=shape)).astype(np.float32)
    deep = {"none": None, "constant": np.ones((4, 3, 5)), "noise": rng.normal(size=(4, 3, 5))}[features]
    found = segment_maps(picture, maps, deep)
    assert found.masks.shape == size
    assert found.masks.max() <= shape[0]
    assert np.isfinite(found.confidence).all()
    assert np.isfinite(found.relevance).all()
    if values == "constant":
        assert found.masks.max() == 0


@pytest.mark.parametrize(
    ("maps", "more", "message"),
    [
        (np.zeros((2, 3)), {}, "count, rows, columns"),
        (np.zeros((0, 3, 3)), {}, "count, rows, columns"),
        (np.full((1, 3, 3), np.nan), {}, "NaN"),
        (np.zeros((2, 3, 3)), {"categories": "cat"}, "2 maps for 1 categories"),
        (np.zeros((1, 3, 3)), {"presence": [0.5, 0.5]}, "presence"),
        (np.zeros((1, 3, 3)), {"features": np.zeros((3, 3))}, "features"),
    ],
)
def test_what_does_not_fit_is_said(maps, more, message):
    picture, _, _ = square()
    with pytest.raises(InputError, match=message):
        segment_maps(picture, maps, **more)


def test_one_pixel_and_unknown_presets_are_refused(model, picture):
    with pytest.raises(InputError):
        segment(picture[:1, :1], "cat", model=model)
    with pytest.raises(InputError, match="preset"):
        segment(picture, "cat", model=model, preset="perfect")


@pytest.mark.parametrize("scene", [0, 7])
def test_the_number_of_threads_changes_no_pixel(scene):
    """Sums in another order round otherwise; nothing after the model may magnify that."""
    picture, _, names = sample_scene(scene)
    bundled, threads, masks = load_model("demo", device="cpu"), torch.get_num_threads(), []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            bundled.cache.clear()
            masks.append(segment(picture, names, model=bundled, preset="fast").masks)
    finally:
        torch.set_num_threads(threads)
    np.testing.assert_array_equal(*masks)


@pytest.mark.parametrize("stage", ["Pseudo-labels", "Edges"])
def test_filters_count_their_rounds_and_stop_after_any(stage):
    maps, picture = torch.rand(3, 8, 8), np.random.default_rng(0).random((40, 40, 3), np.float32)
    told = []
    segment_maps(picture, maps, progress=lambda *step: told.append(step))
    counted = [done for name, done, _ in told if name == stage]
    assert counted == list(range(told[[name for name, *_ in told].index(stage)][2] + 1))
    assert len(counted) > 10

    def stop_in_the_middle():
        return seen.count(stage) >= len(counted) // 2

    seen = []
    with pytest.raises(Cancelled):
        segment_maps(
            picture, maps, progress=lambda *step: seen.append(step[0]), should_stop=stop_in_the_middle
        )
    assert seen.count(stage) == len(counted) // 2
