from __future__ import annotations

import math
import threading

import open_clip
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ovseg.errors import InputError, ModelError
from napari_ovseg.models.clip.towers import tower_of
from napari_ovseg.models.clip.towers.readout import resized_positions
from napari_ovseg.models.clip.trunk import TrunkCache, TrunkStates, image_vectors, stacked, trunk_states


def native_views(network, count=2):
    size = network.visual.image_size
    side = size if isinstance(size, int) else size[0]
    return torch.randn(count, 3, side, side, dtype=torch.float64)


def test_the_two_halves_make_the_whole_tower(network):
    views = native_views(network)
    states = trunk_states(network, views)
    expected = network.encode_image(views, normalize=True)
    assert len(states.patches[0]) == states.grid[0] * states.grid[1]
    torch.testing.assert_close(image_vectors(network, states), expected, rtol=1e-9, atol=1e-12)


def test_keeping_attention_leaves_the_tokens_as_they_are(network):
    """Convolutions have none; what it holds is compared with loops in ``relevance/test_cam.py``."""
    views = native_views(network)
    plain, seen = trunk_states(network, views), trunk_states(network, views, attention=True)
    torch.testing.assert_close(seen.tokens, plain.tokens, rtol=1e-9, atol=1e-12)
    if not tower_of(network.visual).blocks:
        assert seen.attention is None
        return
    count = len(seen.patches[0])
    assert seen.attention.shape == (2, count, count)
    rows = seen.attention.sum(dim=-1)
    # what is missing to 1 goes to the tokens before the patches
    assert rows.amin() > 0.2
    assert rows.amax() <= 1 + 1e-9
    assert torch.allclose(rows, torch.ones_like(rows)) == (seen.prefix == 0)


def test_views_of_other_sizes_give_their_own_grid(network):
    patch = tower_of(network.visual).patch_size
    states = trunk_states(network, torch.randn(1, 3, 5 * patch, 7 * patch, dtype=torch.float64))
    assert states.grid == (5, 7)
    assert image_vectors(network, states).isfinite().all()


def test_other_sizes_equal_a_network_made_for_that_size(make_clip):
    """open_clip's own resizing of position embeddings, on loading, is the oracle."""
    native, larger = make_clip(), make_clip(seed=1, image_size=(48, 72))
    state = native.state_dict()
    open_clip.model.resize_pos_embed(state, larger)
    larger.load_state_dict(state)
    views = torch.randn(2, 3, 48, 72)
    result = image_vectors(native, trunk_states(native, views))
    torch.testing.assert_close(result, larger.encode_image(views, normalize=True), rtol=1e-4, atol=1e-5)


def _resized_slowly(values, count, factor, weight):
    """Along the first axis, one output at a time; beyond the border its last value is repeated."""
    result = []
    for index in range(count):
        place = (index + 0.5) / factor - 0.5
        near = range(math.floor(place) - 1, math.floor(place) + 3)
        result.append(sum(weight(abs(place - k)) * values[min(max(k, 0), len(values) - 1)] for k in near))
    return torch.stack(result)


def _linear(t):
    return max(0.0, 1 - t)


def _cubic(t):
    if t <= 1:
        return 1.25 * t**3 - 2.25 * t**2 + 1
    return -0.75 * (t**3 - 5 * t**2 + 8 * t - 4) if t < 2 else 0.0


@pytest.mark.parametrize(
    ("way", "more", "weight"), [("clip-es", 0, _linear), ("maskclip", 0, _cubic), ("sclip", 0.1, _cubic)]
)
@pytest.mark.parametrize("grid", [(8, 6), (3, 5), (4, 5)])
def test_positions_of_other_sizes_as_others_interpolate_them(grid, way, more, weight):
    positions = torch.randn(1 + 16, 3, dtype=torch.float64)
    tall = _resized_slowly(positions[1:].reshape(4, 4, 3), grid[0], (grid[0] + more) / 4, weight)
    wide = _resized_slowly(tall.transpose(0, 1), grid[1], (grid[1] + more) / 4, weight).transpose(0, 1)
    found = resized_positions(positions, (4, 4), grid, 1, way)
    torch.testing.assert_close(found, torch.cat([positions[:1], wide.flatten(0, 1)]))
    assert resized_positions(positions, (4, 4), (4, 4), 1, way) is positions


@pytest.mark.parametrize("name", ["test_vit", "test_vit3"])
def test_timm_towers_of_other_sizes_equal_timms_own_resizing(name):
    from open_clip.timm_model import TimmModel

    torch.manual_seed(0)
    pool, proj = ("map", "none") if name == "test_vit3" else ("token", "linear")
    clip = torch.nn.Module()
    clip.visual = TimmModel(name, embed_dim=24, pool=pool, proj=proj, image_size=160).eval()
    torch.nn.init.normal_(clip.visual.trunk.pos_embed)
    views = torch.randn(1, 3, 128, 96)
    with torch.no_grad():
        result = image_vectors(clip, trunk_states(clip, views))
        clip.visual.set_input_size((128, 96))
        expected = torch.nn.functional.normalize(clip.visual(views), dim=-1)
    torch.testing.assert_close(result, expected, rtol=1e-4, atol=1e-5)


def test_the_trunk_can_be_trained(make_clip):
    network = make_clip().requires_grad_(True).train()
    image_vectors(network, trunk_states(network, torch.randn(1, 3, 32, 32))).sum().backward()
    assert all(p.grad is not None for p in network.visual.parameters())


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 1, 32, 32), (1, 3, 32, 33), (1, 3, 4, 32)])
def test_views_of_a_wrong_shape_are_refused(tiny, shape):
    with pytest.raises(InputError):
        trunk_states(tiny, torch.zeros(shape))


def test_an_unknown_tower_is_refused():
    with pytest.raises(ModelError, match="Identity"):
        tower_of(torch.nn.Identity())


def states_of(count: int, tokens: int) -> TrunkStates:
    return TrunkStates(torch.zeros(count, tokens, 4), (1, tokens - 1))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(2, 9)), max_size=30))
def test_the_cache_never_holds_more_than_it_may(entries):
    cache = TrunkCache(max_bytes=256)
    for name, tokens in entries:
        cache.put(str(name), states_of(1, tokens))
        held = [s for n in range(7) if (s := cache.get(str(n))) is not None]
        assert cache.used_bytes == sum(s.tokens.nbytes for s in held) <= 256
        if tokens * 16 <= 256:
            assert cache.get(str(name)) is not None


def test_the_least_recently_used_goes_first():
    cache = TrunkCache(max_bytes=3 * 64)
    for name in "abc":
        cache.put(name, states_of(1, 4))
    cache.get("a")
    cache.put("d", states_of(1, 4))
    assert [cache.get(name) is not None for name in "abcd"] == [True, False, True, True]


def test_a_slice_of_a_batch_does_not_keep_the_batch():
    cache = TrunkCache(max_bytes=10**6)
    batch = torch.zeros(50, 4, 4)
    cache.put("one", TrunkStates(batch[:1], (1, 3)))
    assert cache.get("one").tokens.untyped_storage().nbytes() == 64


def test_keys_tell_content_shape_and_model_apart():
    view = torch.randn(3, 8, 16)
    keys = {
        TrunkCache.key("a", view),
        TrunkCache.key("b", view),
        TrunkCache.key("a", view.reshape(3, 16, 8)),
        TrunkCache.key("a", view + 1e-6),
    }
    assert len(keys) == 4
    assert TrunkCache.key("a", view) == TrunkCache.key("a", view.clone())


def test_threads_may_share_the_cache():
    cache = TrunkCache(max_bytes=640)

    def work(offset):
        for i in range(200):
            cache.put(str((i * 7 + offset) % 20), states_of(1, 2 + i % 5))
            cache.get(str(i % 20))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held = [s for n in range(20) if (s := cache.get(str(n))) is not None]
    assert cache.used_bytes == sum(s.tokens.nbytes for s in held) <= 640


def test_stacked_joins_views_in_order():
    parts = [TrunkStates(torch.full((1, 3, 2), float(k)), (1, 2)) for k in range(3)]
    assert stacked(parts).tokens[:, 0, 0].tolist() == [0, 1, 2]
