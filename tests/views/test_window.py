import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from napari_ovseg.views.window import Window


@given(data=st.data())
def test_a_window_is_cut_out_of_what_interpolation_gives_for_the_whole(data):
    """Independent oracle: torch's own interpolation of the whole picture, cut."""
    size = data.draw(st.tuples(st.integers(1, 70), st.integers(1, 70)))
    cells = data.draw(st.tuples(st.integers(1, 30), st.integers(1, 30)))
    top, left = data.draw(st.integers(0, size[0] - 1)), data.draw(st.integers(0, size[1] - 1))
    rows, columns = data.draw(st.integers(1, size[0] - top)), data.draw(st.integers(1, size[1] - left))
    maps = torch.rand(2, *cells, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    whole = F.interpolate(maps[None], size, mode="bilinear", align_corners=False)[0]
    found = Window(top, left, rows, columns, size).of(maps)
    torch.testing.assert_close(found, whole[:, top : top + rows, left : left + columns], rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_whole_is_what_interpolation_gives_to_the_last_bit(dtype):
    maps = torch.rand(3, 7, 5, generator=torch.Generator().manual_seed(1), dtype=dtype)
    whole = F.interpolate(maps[None], (40, 33), mode="bilinear", align_corners=False)[0]
    assert torch.equal(Window.whole((40, 33)).of(maps), whole)
    assert Window(3, 2, 5, 6, (40, 33)).of(maps).dtype == dtype
