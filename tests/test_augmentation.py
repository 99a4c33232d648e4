import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ovseg.augmentation import (
    PRESETS,
    Fusion,
    View,
    fused_grid,
    normalise,
    render,
    view_size,
    views_for,
    windows,
)
from napari_ovseg.errors import InputError


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


def test_render_mirrors_crops_and_changes_contrast():
    picture = np.random.default_rng(0).random((8, 12, 3)).astype(np.float32)
    part = render(picture, View(mirror=True, box=(0.5, 0.25, 1.0, 1.0)))
    np.testing.assert_array_equal(part, picture[4:, 3:][:, ::-1])
    flat = render(picture, View(contrast=0.5))
    assert flat.std() == pytest.approx(picture.std() / 2, rel=1e-4)
    assert flat.mean() == pytest.approx(picture.mean(), rel=1e-4)


@settings(max_examples=25, deadline=None)
@given(st.integers(30, 300), st.integers(30, 300), st.sampled_from(list(PRESETS)))
def test_fusing_views_of_a_smooth_scene_gives_the_scene_back(height, width, preset):
    """A linear ramp survives any warp; what each view would see of it is computed from coordinates alone."""
    views = views_for(preset, height, width)
    grids = [view_size(view, height, width, input_size=64, patch_size=4) for view in views]
    grids = [(rows // 4, columns // 4) for rows, columns in grids]
    fusion = Fusion(fused_grid(views, grids))
    for view, (rows, columns) in zip(views, grids, strict=True):
        top, left, bottom, right = view.box
        y = top + (torch.arange(rows) + 0.5) / rows * (bottom - top)
        x = left + (torch.arange(columns) + 0.5) / columns * (right - left)
        seen = torch.stack(torch.meshgrid(y, x, indexing="ij"))
        fusion.add(view, seen.flip(2) if view.mirror else seen)
    fused = fusion.result()
    rows, columns = fused.shape[1:]
    assert max(rows, columns) <= 128
    truth = torch.stack(
        torch.meshgrid(
            (torch.arange(rows) + 0.5) / rows, (torch.arange(columns) + 0.5) / columns, indexing="ij"
        )
    )
    # at the border a cell repeats its last value, so half a patch of the coarsest view may be missing
    coarsest = [
        max((v.box[s + 2] - v.box[s]) / g[s] for v, g in zip(views, grids, strict=True)) for s in (0, 1)
    ]
    error = (fused - truth).abs().amax((1, 2))
    assert error[0] < 0.51 * coarsest[0] + 1e-5
    assert error[1] < 0.51 * coarsest[1] + 1e-5
    inner = (fused - truth)[:, rows // 2, columns // 2].abs()
    assert inner[0] < 0.26 * coarsest[0] + 1e-5
    assert inner[1] < 0.26 * coarsest[1] + 1e-5


def test_an_empty_fusion_says_what_to_do():
    with pytest.raises(InputError, match="add one view"):
        Fusion((4, 4)).result()


@settings(deadline=None)
@given(
    st.integers(1, 4),
    st.integers(1, 9),
    st.integers(1, 9),
    st.sampled_from([0.0, 1.0, -3e4, 1e-20, 7e9]),
    st.booleans(),
)
def test_normalise_is_finite_and_spans_zero_to_one(count, rows, columns, offset, constant):
    noise = torch.zeros(count, rows, columns) if constant else torch.randn(count, rows, columns)
    out = normalise(offset + noise * (abs(offset) or 1.0))
    assert torch.isfinite(out).all()
    assert out.min() >= 0
    assert out.max() <= 1
    if constant:
        assert out.max() == 0
    elif rows * columns > 1:
        assert (out.amax((1, 2)) == 1).all()
