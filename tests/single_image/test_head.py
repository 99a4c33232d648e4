import numpy as np
import pytest
import torch
from scipy.stats import entropy

from napari_ovseg.errors import Cancelled
from napari_ovseg.single_image.head import _Adam, anchor, appearance, predict, told_apart, train
from napari_ovseg.views.window import Window


def scene(size=48):
    """Two bright discs on dark ground, and maps of one cell in four pixels, blurred."""
    rows, columns = np.mgrid[0:size, 0:size]
    truth = np.hypot(rows - 15, columns - 14) < 8
    truth |= np.hypot(rows - 33, columns - 34) < 9
    rng = np.random.default_rng(0)
    picture = np.where(truth[..., None], [0.8, 0.3, 0.6], [0.2, 0.25, 0.2]) + rng.normal(
        0, 0.03, (size, size, 3)
    )
    thing = torch.from_numpy(truth.astype(np.float32))[None, None]
    rough = torch.nn.functional.avg_pool2d(torch.nn.functional.avg_pool2d(thing, 4), 3, 1, 1)[0, 0]
    return picture.clip(0, 1).astype(np.float32), torch.stack([1 - rough, rough]), truth


def distil(shallow, scores, deep, **how):
    """Train a head, and ask it about all of the picture."""
    whole = Window.whole((shallow.shape[1], shallow.shape[2]))
    return predict(train(shallow, scores, deep, **how), shallow, deep, whole)


def overlap(one, other):
    return (one & other).sum() / (one | other).sum()


def test_the_head_draws_sharper_outlines_than_its_maps():
    picture, scores, truth = scene()
    maps = torch.nn.functional.interpolate(scores[None], (48, 48), mode="bilinear")[0]
    found = distil(appearance(picture), scores, None)
    assert found.shape == (2, 48, 48)
    torch.testing.assert_close(found.sum(0), torch.ones(48, 48), atol=1e-4, rtol=0)
    assert overlap(found[1].numpy() > 0.5, truth) > overlap(maps[1].numpy() > 0.5, truth) + 0.08


def test_a_second_turn_sharpens_what_the_first_one_learnt():
    picture, scores, truth = scene()
    found = distil(appearance(picture), distil(appearance(picture), scores, None), None)
    assert overlap(found[1].numpy() > 0.5, truth) > 0.9


def test_deep_features_tell_apart_what_colour_cannot():
    picture = np.random.default_rng(1).random((32, 32, 3)).astype(np.float32)
    deep = torch.randn(6, 8, 8, generator=torch.Generator().manual_seed(0))
    stripes = (torch.arange(8) % 2).float().expand(8, 8)
    deep[0] = 3 * (2 * stripes - 1)
    rough = 0.2 + 0.6 * stripes
    found = distil(appearance(picture), torch.stack([1 - rough, rough]), deep)
    centres = found[1, 2::4, 2::4]
    assert ((centres > 0.5) == (stripes > 0.5)).float().mean() > 0.9


def test_same_seed_same_result_and_the_global_random_state_is_left_alone():
    picture, scores, _ = scene(24)
    torch.manual_seed(7)
    before = torch.get_rng_state()
    one, other, third = (distil(appearance(picture), scores, None, seed=seed, steps=5) for seed in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(one, other)
    assert not torch.equal(one, third)


def test_stops_within_one_step():
    picture, scores, _ = scene(16)
    done: list[int] = []
    with pytest.raises(Cancelled):
        distil(
            appearance(picture),
            scores,
            None,
            step_done=lambda: done.append(1),
            should_stop=lambda: len(done) >= 3,
        )
    assert len(done) == 3


def test_a_category_without_any_relevance_is_not_invented():
    picture, scores, _ = scene(24)
    found = distil(appearance(picture), torch.cat([scores, torch.zeros(1, 6, 6)])[:, :6, :6], None)
    assert found[2].max() < found[:2].amax(0).min()


@pytest.mark.parametrize("size", [(2, 2), (2, 40), (33, 5)])
def test_small_and_constant_pictures_stay_finite(size):
    for picture in (
        np.zeros((*size, 3), np.float32),
        np.random.default_rng(0).random((*size, 3), np.float32),
    ):
        assert torch.isfinite(appearance(picture)).all()
        found = distil(appearance(picture), torch.full((3, 1, 1), 1 / 3), torch.zeros(4, 1, 1), steps=3)
        assert found.shape == (3, *size)
        assert torch.isfinite(found).all()


def test_the_optimiser_is_adam():
    """Independent oracle: torch's own, in float64."""
    ours = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64, requires_grad=True)
    theirs = ours.detach().clone().requires_grad_(True)
    mine, reference = _Adam([ours]), torch.optim.Adam([theirs], lr=0.01, betas=(0.9, 0.99))
    for _ in range(20):
        mine.step(torch.autograd.grad((ours**4 + ours.sin()).sum(), [ours]))
        reference.zero_grad()
        (theirs**4 + theirs.sin()).sum().backward()
        reference.step()
    torch.testing.assert_close(ours, theirs, atol=1e-9, rtol=0)


def test_where_the_head_knows_nothing_the_maps_decide():
    learnt = torch.full((2, 8, 8), 0.5)
    maps = torch.stack([torch.full((2, 2), 0.7), torch.full((2, 2), 0.3)])
    found = anchor(learnt, maps, Window.whole(tuple(learnt.shape[1:])), 1.0)
    torch.testing.assert_close(found[0], torch.full((8, 8), 0.7))
    torch.testing.assert_close(
        anchor(maps, learnt[:, :2, :2], Window.whole(tuple(maps.shape[1:])), 1.0), maps
    )


def test_how_many_categories_maps_tell_apart():
    """Independent oracle: scipy's entropies, of all cells together less that of each."""
    quarters = torch.eye(4).repeat_interleave(9, 1).unflatten(1, (6, 6))
    assert told_apart(quarters) == pytest.approx(4, rel=0.01)
    assert told_apart(torch.full((4, 6, 6), 0.25)) == pytest.approx(1)
    maps = torch.randn(3, 7, 5, generator=torch.Generator().manual_seed(0)).softmax(0)
    cells = maps.flatten(1).double().numpy()
    assert told_apart(maps) == pytest.approx(np.exp(entropy(cells.mean(1)) - entropy(cells).mean()), rel=1e-4)


def test_maps_that_know_much_are_overruled_less_than_vague_ones():
    sure = torch.full((4, 8, 8), 0.02)
    sure.scatter_(0, (torch.arange(8) // 2).expand(1, 8, 8), 0.94)
    vague = 0.9 * torch.full((4, 8, 8), 0.25) + 0.1 * sure
    other = sure.roll(2, 2)  # the head says the category next to it
    assert (anchor(other, vague, Window.whole(tuple(other.shape[1:]))).argmax(0) == other.argmax(0)).all()
    assert (anchor(other, sure, Window.whole(tuple(other.shape[1:]))).argmax(0) == sure.argmax(0)).all()


def test_asking_stops_between_two_lots_of_pixels(monkeypatch):
    picture, scores, _ = scene(24)
    shallow, asked = appearance(picture), []
    head = train(shallow, scores, None, steps=1)
    monkeypatch.setattr("napari_ovseg.single_image.head.AT_ONCE", 100)

    def check():
        asked.append(1)
        if len(asked) == 4:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        predict(head, shallow, None, Window.whole((24, 24)), check=check)
    assert len(asked) == 4
