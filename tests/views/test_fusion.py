"""Maps of views averaged where they belong, against what coordinates alone say."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ovseg.errors import InputError
from napari_ovseg.views.augmentation import PRESETS, View, view_size, views_for
from napari_ovseg.views.fusion import Fusion, fused_grid


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


def test_a_view_counts_less_towards_its_border_on_every_side():
    """Two views that overlap, one of zeros and one of ones, along either axis."""
    one, other = View(box=(0, 0, 1, 0.6)), View(box=(0, 0.4, 1, 1))
    across = Fusion((20, 20))
    across.add(one, torch.zeros(1, 4, 4))
    across.add(other, torch.ones(1, 4, 4))
    row = across.result()[0, 10]
    assert (row.diff() >= -1e-6).all()
    torch.testing.assert_close(row, 1 - row.flip(0))
    down = Fusion((20, 20))
    down.add(View(box=(0, 0, 0.6, 1)), torch.zeros(1, 4, 4))
    down.add(View(box=(0.4, 0, 1, 1)), torch.ones(1, 4, 4))
    torch.testing.assert_close(down.result()[0], across.result()[0].T)
