import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_ovseg.errors import InputError
from napari_ovseg.views.augmentation import (
    PRESETS,
    View,
    render,
    view_size,
    views_for,
    windows,
)


@given(st.integers(2, 3000), st.integers(2, 3000), st.sampled_from([1.0, 1.6, 2.4]))
def test_windows_cover_the_picture_and_stay_inside(height, width, zoom):
    boxes = windows(height, width, zoom)
    for side in (0, 1):
        spans = sorted({(box[side], box[side + 2]) for box in boxes})
        assert spans[0][0] == 0
        assert spans[-1][1] == pytest.approx(1)
        for (_, end), (start, _) in itertools.pairwise(spans):
            assert start < end
    assert len(boxes) <= 100


def test_a_panorama_is_seen_in_windows_of_sound_aspect():
    boxes = windows(100, 600, 1.0)
    assert len(boxes) > 2
    assert all((right - left) * 600 <= 1.81 * (bottom - top) * 100 for top, left, bottom, right in boxes)


@given(st.integers(20, 900), st.integers(20, 900), st.sampled_from([8, 14, 16]))
def test_views_are_whole_patches_of_about_the_models_area(height, width, patch):
    for view in views_for("balanced", height, width):
        rows, columns = view_size(view, height, width, input_size=224, patch_size=patch)
        assert rows % patch == columns % patch == 0
        assert 0.5 < rows * columns / 224**2 < 1.6


def test_presets_grow():
    counts = [len(views_for(name, 300, 400)) for name in ("fast", "balanced", "best")]
    assert counts == sorted(set(counts))
    assert counts[0] == 2
    assert set(PRESETS) == {"fast", "balanced", "best"}


def test_an_unknown_preset_is_named_and_mended():
    with pytest.raises(InputError, match="fast, balanced, best"):
        views_for("slow", 10, 10)


def test_render_mirrors_and_changes_contrast():
    part = np.random.default_rng(0).random((8, 12, 3)).astype(np.float32)
    np.testing.assert_array_equal(render(part, View(mirror=True)), part[:, ::-1])
    flat = render(part, View(contrast=0.5))
    assert flat.std() == pytest.approx(part.std() / 2, rel=1e-4)
    assert flat.mean() == pytest.approx(part.mean(), rel=1e-4)
