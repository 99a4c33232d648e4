from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from napari_ovseg import load_model
from napari_ovseg.categories import Category
from napari_ovseg.errors import InputError
from napari_ovseg.models.clip import model as model_module
from napari_ovseg.models.clip import relevance
from napari_ovseg.models.clip import trunk as trunk_module
from napari_ovseg.models.clip.trunk import TrunkCache
from napari_ovseg.models.presence import presence_of
from napari_ovseg.models.registry import unknown_note


@pytest.fixture
def model(demo_folder):
    return load_model("demo", device="cpu")


@pytest.fixture
def views():
    torch.manual_seed(0)
    return torch.randn(5, 3, 32, 32)


def counted(monkeypatch) -> list[int]:
    """Count the views that really run."""
    sizes: list[int] = []
    real = model_module.trunk_states

    def run(network, views, **settings):
        sizes.append(len(views))
        return real(network, views, **settings)

    monkeypatch.setattr(model_module, "trunk_states", run)
    return sizes


def test_image_vectors_are_those_of_encode_image(model, views):
    expected = model.network.encode_image(views, normalize=True)
    torch.testing.assert_close(model.image_vectors(model.trunk(views)), expected, rtol=1e-5, atol=1e-5)


def test_the_same_views_run_once(model, views, monkeypatch):
    ran = counted(monkeypatch)
    first = model.trunk(views[:3])
    again = model.trunk(views[[2, 3, 0, 3]])
    assert ran == [3, 1]
    assert torch.equal(again.tokens[0], first.tokens[2])
    assert torch.equal(again.tokens[2], first.tokens[0])
    assert torch.equal(again.tokens[1], again.tokens[3])


def test_a_cache_too_small_for_anything_still_works(model, views, monkeypatch):
    model.cache = TrunkCache(max_bytes=1)
    expected = model.network.encode_image(views, normalize=True)
    torch.testing.assert_close(model.image_vectors(model.trunk(views)), expected, rtol=1e-5, atol=1e-5)
    assert model.cache.used_bytes == 0


def test_features_hold_two_halves_of_equal_weight(model):
    states = model.trunk(torch.randn(2, 3, 24, 40))
    features = model.features(states)
    assert features.shape == (2, 32 + 24, 3, 5)
    place, meaning = features[:, :32], features[:, 32:]
    torch.testing.assert_close(place, F.layer_norm(states.patches, (32,)).mT.unflatten(-1, (3, 5)))
    torch.testing.assert_close((meaning**2).mean(dim=1), torch.ones(2, 3, 5))
    texts = model.encode(["red circle", "nuclei"])
    from napari_ovseg.models.clip.relevance import relevance_from_states

    cosines = torch.einsum("vdhw,cd->vchw", meaning / 24**0.5, texts)
    torch.testing.assert_close(relevance_from_states(model.network, states, texts, "maskclip"), cosines)


def test_preprocess_normalises_and_resizes(model):
    picture = np.random.default_rng(0).random((32, 32, 3)).astype(np.float32)
    same = model.preprocess(picture, (32, 32))
    mean, std = (np.array(model.network.visual.preprocess_cfg[k]) for k in ("mean", "std"))
    np.testing.assert_allclose(same[0].permute(1, 2, 0), (picture - mean) / std, rtol=1e-5, atol=1e-6)
    flat = model.preprocess(np.full((50, 20, 3), 0.25), (24, 40))
    assert flat.shape == (1, 3, 24, 40)
    np.testing.assert_allclose(flat[0, :, 3, 3], (0.25 - mean) / std, rtol=1e-5)


def test_resizing_never_leaves_the_range_of_a_picture(model):
    edge = np.zeros((9, 9, 3), np.float32)
    edge[:, 5:] = 1
    pixels = model.preprocess(edge, (48, 48))
    low, high = (model.preprocess(np.full((8, 8, 3), v), (8, 8)).amin() for v in (0.0, 1.0))
    assert pixels.min() >= low - 1e-6
    assert pixels[:, 0].max() <= model.preprocess(np.ones((8, 8, 3)), (8, 8))[:, 0].max() + 1e-6
    assert high > low


def test_unknown_words_are_named_once_in_typed_order(model):
    categories = [
        Category("red circle"),
        Category("Zebra", ("striped horse", "red zebra")),
        "nuclei",
    ]
    assert model.card.unknown_words(categories) == ("zebra", "striped", "horse")
    note = unknown_note(model.card, categories)
    assert "zebra, striped, horse. For photos choose photos (" in note
    assert note.endswith(" or ViT-B-16-quickgelu/openai (599 MB).")
    anything = replace(model.card, known_words=None)
    assert anything.unknown_words(categories) == ()
    assert unknown_note(anything, categories) is None


def test_presence_uses_the_bias_where_there_is_one(model, views):
    vectors = model.image_vectors(model.trunk(views[:2]))
    scale, bias = model.network.logit_scale.exp(), model.network.logit_bias
    texts = model.encode(["red", "circle", "nuclei"])
    pairs = torch.sigmoid(scale * vectors @ texts.T + bias).amax(dim=0)
    result = presence_of(model, vectors, [["red", "circle"], ["nuclei"]])
    torch.testing.assert_close(result, torch.stack([pairs[:2].max(), pairs[2]]))
    assert presence_of(model, vectors, []).shape == (0,)


def test_presence_without_a_bias_drops_typed_words_from_the_others(model, views, monkeypatch):
    model.network.logit_bias = None
    asked = []
    real = model.encode
    monkeypatch.setattr(model, "encode", lambda phrases: asked.append(list(phrases)) or real(phrases))
    vectors = model.image_vectors(model.trunk(views[:1]))
    result = presence_of(model, vectors, [["Sky"], ["nuclei"]])
    assert ((result > 0) & (result < 1)).all()
    assert "sky" not in asked[-1]
    assert "wall" in asked[-1]


def out_of_memory_above(limit: int, monkeypatch, *, until: str = "cpu"):
    """A GPU with room for ``limit`` views; moving the network to the CPU ends the shortage."""
    sizes: list[int] = []
    real = model_module.trunk_states

    def run(network, views, **settings):
        sizes.append(len(views))
        if len(views) > limit:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return real(network, views, **settings)

    monkeypatch.setattr(model_module, "trunk_states", run)
    return sizes


def test_out_of_memory_halves_the_batch_and_says_so(model, views, monkeypatch):
    expected = model.network.encode_image(views, normalize=True)
    sizes = out_of_memory_above(1, monkeypatch)
    with pytest.warns(UserWarning, match="out of memory"):
        states = model.trunk(views)
    assert sizes == [5, 2, 1, 1, 1, 1, 1]
    assert any("1 views at a time" in note for note in model.notes)
    torch.testing.assert_close(model.image_vectors(states), expected, rtol=1e-5, atol=1e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.trunk(views + 1)


def test_no_room_for_one_view_moves_to_the_cpu(model, views, monkeypatch):
    expected = model.network.encode_image(views[:1], normalize=True)
    real = model_module.trunk_states

    def run(network, batch, **settings):
        if model.device.type != "cpu":
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return real(network, batch, **settings)

    monkeypatch.setattr(model_module, "trunk_states", run)
    monkeypatch.setattr(model, "device", FakeGpu())
    with pytest.warns(UserWarning, match="running on the CPU"):
        states = model.trunk(views[:1])
    assert model.device == torch.device("cpu")
    assert "running on the CPU" in model.notes[-1]
    torch.testing.assert_close(model.image_vectors(states), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "error",
    [
        torch.cuda.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"),
    ],
)
@pytest.mark.parametrize("step", ["relevance", "features", "image vectors", "text", "caching"])
def test_every_step_on_the_gpu_falls_back_to_the_cpu(model, views, monkeypatch, tmp_path, step, error):
    """One view, so that no smaller batch is left to try."""
    view = views[:1]
    places = {
        "relevance": (relevance, "readout"),
        "features": (trunk_module, "last_attention"),
        "image vectors": (trunk_module, "readout"),
        "text": (model.network, "encode_text"),
        "caching": (TrunkCache, "put"),
    }

    def results() -> list[torch.Tensor]:
        texts = model.encode(["red circle", "nuclei"])
        states = model.trunk(view)
        maps = model.after_trunk(states, lambda s: relevance.relevance_from_states(model.network, s, texts))
        return [maps, model.features(states), model.image_vectors(states), texts]

    expected, real = results(), getattr(*places[step])
    model.cache.clear()
    # texts encoded already would be read from disk
    monkeypatch.setenv("NAPARI_OVSEG_CACHE", str(tmp_path / "empty"))

    def short(*args, **options):
        if model.device.type != "cpu":
            raise error
        return real(*args, **options)

    monkeypatch.setattr(*places[step], short)
    monkeypatch.setattr(model, "device", FakeGpu())
    with pytest.warns(UserWarning, match="too little memory for this run: running on the CPU"):
        found = results()
    assert model.device == torch.device("cpu")
    assert len(model.notes) == 1
    torch.testing.assert_close(found, expected)


def test_steps_after_the_trunk_halve_the_batch_too(model, views, monkeypatch):
    states = model.trunk(views)
    expected = trunk_module.image_vectors(model.network, states)
    real, sizes = trunk_module.image_vectors, []

    def short(network, part):
        sizes.append(len(part.tokens))
        if sizes[-1] > 2:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return real(network, part)

    monkeypatch.setattr(model_module, "image_vectors", short)
    with pytest.warns(UserWarning, match="2 views at a time"):
        found = model.image_vectors(states)
    assert sizes == [5, 2, 2, 1]
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


class FakeGpu(str):
    """A device that tensors accept and that calls itself a GPU."""

    type = "cuda"

    def __new__(cls):
        return super().__new__(cls, "cpu")


def test_no_room_for_the_weights_stays_on_the_cpu(model, monkeypatch):
    def to(device):
        if device != torch.device("cpu"):
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(model.network, "to", to)
    with pytest.warns(UserWarning, match="too little memory for this model: running on the CPU"):
        model.move_to(FakeGpu())
    assert model.device == torch.device("cpu")
    assert "running on the CPU" in model.notes[-1]


def test_other_errors_are_not_mistaken_for_a_lack_of_memory(model, views, monkeypatch):
    def fail(network, batch, **settings):
        raise RuntimeError("something else")

    monkeypatch.setattr(model_module, "trunk_states", fail)
    with pytest.raises(RuntimeError, match="something else"):
        model.trunk(views)


def test_no_views_is_an_input_error(model):
    with pytest.raises(InputError, match="empty"):
        model.trunk(torch.zeros(0, 3, 32, 32))


def test_attention_is_kept_and_split_as_the_tokens_are(model, views):
    plain, seen = model.trunk(views), model.trunk(views, attention=True)
    assert plain.attention is None
    torch.testing.assert_close(seen.tokens, plain.tokens)
    again = model.trunk(views[[1]], attention=True)
    assert torch.equal(seen.attention[1:2], again.attention)
    assert seen.nbytes == plain.nbytes + seen.attention.nbytes
    assert not seen.levels


def test_levels_are_cached_apart_and_split_as_the_tokens_are(model, views):
    plain, levels = model.trunk(views), model.trunk(views, levels=True)
    assert plain.levels == ()
    torch.testing.assert_close(levels.levels[-1], levels.tokens)
    torch.testing.assert_close(levels.tokens, plain.tokens)
    depth = len(model.network.visual.transformer.resblocks)
    assert len(levels.levels) == depth
    again = model.trunk(views[[1]], levels=True)
    for level, kept in zip(levels.levels, again.levels, strict=True):
        assert torch.equal(level[1:2], kept)
    assert levels.nbytes == depth * plain.nbytes
