import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ovseg.context import Known
from napari_ovseg.distillation import distil_maps
from napari_ovseg.errors import Cancelled
from napari_ovseg.images import to_rgb
from napari_ovseg.pseudo_labels import paint
from napari_ovseg.segmentation import Run
from napari_ovseg.single_image import STEPS, TURNS, WORK_SIDE, train, work_side
from napari_ovseg.single_image.head import appearance
from napari_ovseg.views.source import PictureInMemory
from napari_ovseg.views.window import Window

SIZE = (37, 52)


def rough(*, absent=False):
    """A picture, maps of three categories, and deep features."""
    generator = torch.Generator().manual_seed(0)
    picture = np.random.default_rng(0).random((*SIZE, 3), np.float32)
    scores = torch.rand(3, 9, 13, generator=generator) ** 3
    if absent:
        scores[1] = 0
    return picture, scores / scores.sum(0), torch.randn(6, 8, 10, generator=generator)


@pytest.fixture(scope="module", params=[False, True], ids=["all there", "one absent"])
def learnt(request):
    picture, scores, deep = rough(absent=request.param)
    return appearance(picture), train(picture, scores, deep, seed=3)


@settings(max_examples=25)
@given(data=st.data())
def test_any_window_says_what_the_whole_says(learnt, data):
    shallow, found = learnt
    top, left = data.draw(st.integers(0, SIZE[0] - 1)), data.draw(st.integers(0, SIZE[1] - 1))
    rows, columns = data.draw(st.integers(1, SIZE[0] - top)), data.draw(st.integers(1, SIZE[1] - left))
    cut = (slice(None), slice(top, top + rows), slice(left, left + columns))
    answer = found.predict(shallow[cut], Window(top, left, rows, columns, SIZE))
    torch.testing.assert_close(answer, found.everywhere[cut], rtol=0, atol=1e-5)


def test_asked_about_the_whole_it_says_the_same_to_the_last_bit(learnt):
    shallow, found = learnt
    assert torch.equal(found.predict(shallow, Window.whole(SIZE)), found.everywhere)


def test_what_is_absent_gets_nothing_in_any_window():
    picture, scores, deep = rough(absent=True)
    found = train(picture, scores, deep)
    assert not found.everywhere[1].any()
    assert not found.predict(appearance(picture)[:, :5, :5], Window(0, 0, 5, 5, SIZE))[1].any()
    torch.testing.assert_close(found.everywhere.sum(0), torch.ones(SIZE))


def test_the_stronger_it_is_held_the_more_it_says_what_the_maps_say():
    picture, scores, deep = rough()
    maps = Window.whole(SIZE).of(scores).argmax(0)
    free, held = (train(picture, scores, deep, anchored=weight) for weight in (0.0, 20.0))
    agreed = [float((found.everywhere.argmax(0) == maps).float().mean()) for found in (free, held)]
    assert agreed[0] < 0.8
    assert agreed[1] > 0.95
    assert torch.equal(held.predict(appearance(picture), Window.whole(SIZE)), held.everywhere)
    answer = held.answer(appearance(picture), scores, deep)
    assert float((answer.argmax(0) == maps).float().mean()) > 0.95


def test_every_step_is_told_and_may_stop():
    picture, scores, deep = rough()
    done: list[int] = []
    train(picture, scores, deep, step_done=lambda: done.append(1))
    assert len(done) == TURNS * STEPS
    stop_at = len(done) - 2
    done.clear()
    with pytest.raises(Cancelled):
        train(
            picture,
            scores,
            deep,
            step_done=lambda: done.append(1),
            should_stop=lambda: len(done) >= stop_at,
        )
    assert len(done) == stop_at


def test_the_side_to_work_at_grows_with_fine_maps_only():
    assert work_side(torch.zeros(2, 30, 192)) == work_side(torch.zeros(2, 384, 3)) == WORK_SIDE
    assert work_side(torch.zeros(2, 768, 100)) == 2 * WORK_SIDE


def test_small_things_in_a_large_picture_keep_their_outlines():
    rows, columns = np.mgrid[:720, :720] % 24 - 12
    truth = np.hypot(rows, columns) < 4
    picture = 0.2 + 0.5 * truth + np.random.default_rng(0).normal(0, 0.02, truth.shape)
    maps = torch.from_numpy(truth.astype(np.float32))[None, None]
    fine = torch.nn.functional.interpolate(maps, (180, 180), mode="area")[0]
    known = Known(torch.ones(1), torch.ones(1, dtype=torch.bool), 1.0)
    source, run = PictureInMemory(to_rgb(picture)), Run(None, None)
    done = distil_maps(source, fine, None, known, run=run, on_pseudo_labels=None, side=360)
    found = paint(done.stages["edges"], source.size)[0] == 1
    # worked on at 256 pixels it is 0.76
    assert (found & truth).sum() / (found | truth).sum() > 0.8
