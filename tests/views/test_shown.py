"""A picture in a look, read in parts: the same pixels whichever part is read."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ovseg.views import shown
from napari_ovseg.views.looks import Look
from napari_ovseg.views.rendering import fit, render
from napari_ovseg.views.shown import Shown
from napari_ovseg.views.source import PictureInMemory, reduce, touched

LOOKS = [Look(True, True, gain=0.12), Look(False, True, gain=0.25), Look(True), Look()]


def picture(height=150, width=170):
    rng = np.random.default_rng(4)
    return rng.random((height, width, 3)).astype(np.float32)


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_whole_is_what_the_look_renders(look):
    pixels = picture()
    rendering = fit(PictureInMemory(pixels), look, level=3)
    read = Shown(PictureInMemory(pixels), rendering).read(side=170)
    np.testing.assert_array_equal(read, render(pixels, rendering))


@settings(deadline=None, max_examples=25)
@given(st.sampled_from(LOOKS), st.integers(0, 10_000), st.sampled_from([40, 85, 133, 170]))
def test_windows_of_what_is_too_large_to_keep_are_those_of_their_level(look, seed, side):
    (top, bottom), (left, right) = np.sort(np.random.default_rng(seed).random((2, 2)), axis=1)
    box, pixels = (top, left, bottom, right), picture()
    rendering = fit(PictureInMemory(pixels), look, level=8)
    level = render(PictureInMemory(pixels).read(side=side), rendering.at(side / 170))
    whole = level[touched(box, *level.shape[:2])]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shown, "_MOST_KEPT", 0)
        part = Shown(PictureInMemory(pixels), rendering).read(box, side=side)
    np.testing.assert_allclose(part, whole, atol=1e-6)


def test_levels_of_what_is_kept_are_shrunk_from_full_detail():
    pixels = picture()
    rendering = fit(PictureInMemory(pixels), LOOKS[0], level=3)
    read = Shown(PictureInMemory(pixels), rendering).read(side=85)
    np.testing.assert_array_equal(read, reduce(render(pixels, rendering), 85))


def test_it_is_rendered_once(monkeypatch):
    rendered = []
    monkeypatch.setattr(shown, "render", lambda part, how: rendered.append(part.shape) or part)
    source = Shown(PictureInMemory(picture()), fit(PictureInMemory(picture()), LOOKS[0], level=3))
    for box in ((0, 0, 0.5, 0.5), (0.5, 0.5, 1, 1)):
        source.read(box, side=85)
    assert rendered == [(150, 170, 3)]
